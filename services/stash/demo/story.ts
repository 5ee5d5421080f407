/**
 * How the demo tells what happens: lines for a person, with the time, or JSON for a program.
 * @module
 */
import type { CommandContext } from "../../../runtime/process/operator.ts";
import { systemClock } from "../../../utilities/clock.ts";

/** Tells a story line by line. */
export class Story {
  readonly #context: Pick<CommandContext, "json" | "print">;
  readonly #startMs: number = systemClock.monotonicMs();

  /**
   * The time of its lines counts from here.
   *
   * @param context Where to, and in which form.
   */
  constructor(context: Pick<CommandContext, "json" | "print">) {
    this.#context = context;
  }

  /** Milliseconds since the story began. */
  get ms(): number {
    return Math.round(systemClock.monotonicMs() - this.#startMs);
  }

  /** Tells that something happened: as `text` with the time, or as `{"event", …fields}`. */
  tell(event: string, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { json, print } = this.#context;
    print(
      json ? JSON.stringify({ event, ...fields }) : `${(this.ms / 1_000).toFixed(2).padStart(6)} s  ${text}`,
    );
  }
}
