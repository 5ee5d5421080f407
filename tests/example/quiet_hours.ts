import {
  type Behavior,
  continueWith,
  drop,
  meshRequest,
  type RuntimeApi,
  type Service,
  type StreamStage,
} from "@nara/nara/runtime";
import * as z from "zod";

/** When a nara wants to be left alone: hours of the day in UTC, from 0 to 23. */
export interface QuietHours {
  /** The first hour that is quiet. */
  readonly from: number;
  /** The first hour that is not. */
  readonly until: number;
}

/**
 * Lets nothing through while it is quiet.
 *
 * - Place: receive pipeline, in the filter slot.
 * - Drops: `x:quiet_hours`.
 * @throws {RangeError} If an hour is none.
 */
export function quietHours({ from, until }: QuietHours): StreamStage {
  for (const hour of [from, until]) {
    if (Number.isInteger(hour) && hour >= 0 && hour <= 23) continue;
    throw new RangeError(`Cannot be quiet at ${hour}: expected a whole hour from 0 to 23`);
  }
  const isQuiet = (hour: number) =>
    from <= until ? hour >= from && hour < until : hour >= from || hour < until;
  return {
    order: "stream",
    name: "quiet_hours",
    describe: () => `quiet from ${from} to ${until} h UTC`,
    process: function quietHours(message, { clock }) {
      const hour = Number(clock.nowNs() / 3_600_000_000_000n % 24n);
      return isQuiet(hour) ? drop("x:quiet_hours") : continueWith(message);
    },
  };
}

const KnockV1 = z.strictObject({ loudness: z.int().min(1).max(10) });
type Knock = z.infer<typeof KnockV1>;

/** Somebody is at the door. At night nobody answers. */
export const knock: Behavior<Knock, { readonly 1: Knock }> = meshRequest("door:knock", "Knocks at the door")
  .withVersion(1, KnockV1)
  .withRateLimit({ max: 3, windowMs: 60_000 })
  .withFilter(quietHours({ from: 22, until: 7 }));

/** Hears knocks. */
export class DoorService implements Service {
  readonly name = "door";
  readonly net = [];
  /** How loud each knock was. */
  readonly heard: number[] = [];

  registerBehaviors(rt: RuntimeApi): void {
    rt.register(knock, { 1: ({ payload }) => void this.heard.push(payload.loudness) });
  }
}
