/**
 * R63: a message counts once: whenever, however and by whichever way it comes again, nothing happens a second time.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { DEFAULT_FRESHNESS } from "../../runtime/behavior.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import type { Sample } from "../helpers/all_kinds.ts";
import {
  alice,
  bytesOf,
  ENTRY_POINTS,
  frameFrom,
  gopher,
  newRemains,
  Target,
  tries,
  wireOf,
} from "../helpers/hostile.ts";
import { lacking } from "../helpers/permissions.ts";
import { messageOf } from "../helpers/stage_context.ts";

const REPLAYS = tries(10_000);
/** Every reason for which a replay may be dropped. */
const REASONS = new Set([
  "below_horizon",
  "duplicate_id",
  "in_progress",
  "invalid_signature",
  "not_for_me",
  "stale",
  "unauthorized",
  "undecodable",
  "wrong_id",
]);

/** A message that was recorded on its way. */
interface Recorded {
  readonly kind: string;
  readonly frame: Uint8Array;
}

/** One message of every kind, from a peer of ours and from one of Go's, as it was handed in. */
async function record(target: Target): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  for (const sample of target.samples) {
    for (const [from, form] of [[alice, "ours"], [gopher, "go"]] as const) {
      const frame = await target.frameOf(sample, { from, form });
      const { receipt, dropped } = await target.attempt(frame);
      const isRefused = receipt && "reason" in receipt && receipt.reason === "unauthorized";
      if (isRefused) continue;
      assertEquals(dropped, [], sample.spec.kind);
      recorded.push({ kind: sample.spec.kind, frame });
    }
  }
  assert(recorded.length >= target.samples.length);
  return recorded;
}

/** Frames that say the same: the text as it was, and respelled. */
function respelled(frame: Uint8Array): Uint8Array[] {
  const wire = wireOf(frame);
  const members = Object.entries(wire);
  const text = new TextDecoder().decode(frame);
  return [
    frame,
    bytesOf(` ${text}\n`),
    bytesOf(`{ ${members.map(([name, value]) => `"${name}" :\t${JSON.stringify(value)}`).join(" ,\n")} }`),
    frameFrom(Object.fromEntries(members.toReversed())),
    frameFrom(Object.fromEntries([members.at(-1)!, ...members.slice(0, -1)])),
    bytesOf(text.replace('"kind":', '"\\u006bind":')),
    bytesOf(text.replace('"from_id":', '"From_id":')),
    bytesOf(text.replace('"version":1', '"version":1.0')),
    bytesOf(text.replace('"version":1,', "")),
    frameFrom({ ...wire, id: `${wire.id}`.toUpperCase() }),
    frameFrom({ ...wire, from: "somebody else" }),
    frameFrom({ ...wire, in_reply_to: "1111111111111111" }),
    frameFrom({ ...wire, content_key: "another" }),
    frameFrom({ ...wire, extra: 1 }),
  ];
}

async function assertNothing(target: Target, frames: Iterable<Uint8Array>, what: string): Promise<void> {
  for (const frame of frames) {
    const { changed, receipt, dropped } = await target.attempt(frame);
    assertEquals(changed, [], `${what}: ${new TextDecoder().decode(frame)}`);
    if (receipt) {
      assert("reason" in receipt && REASONS.has(receipt.reason), `${what}: ${JSON.stringify(receipt)}`);
    }
    for (const reason of dropped) assert(REASONS.has(reason), `${what}: ${reason}`);
  }
}

for (const entry of ENTRY_POINTS) {
  Deno.test({
    name: `Receiver handles no kind twice, however it is spelled again, over ${entry.name} [R63]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      for (const { frame, kind } of await record(target)) {
        await assertNothing(target, respelled(frame), kind);
        const elsewhere = await target.runtime.receive(frame, "mock:elsewhere");
        assertEquals(elsewhere.receipt, { outcome: "drop", reason: "duplicate_id" }, "over another way");
      }
    },
  });
}

Deno.test(`Receiver handles nothing of ${REPLAYS} replays at once [R63]`, async () => {
  await using target = await Target.open();
  const recorded = await record(target);
  const before = target.effects();
  const random = new SeededRandom(63);
  for (let at = 0; at < REPLAYS;) {
    const wave = Array.from({ length: 100 }, () => recorded[Math.floor(random.next() * recorded.length)]);
    await Promise.all(wave.map(({ frame }, lane) => target.runtime.receive(frame, `mock:${lane}`)));
    at += wave.length;
  }
  assertEquals(target.effects(), before);
});

Deno.test("Receiver handles a message once that comes many times in the same instant [R63]", async () => {
  await using target = await Target.open();
  const { catalog } = target.runtime;
  for (const sample of target.samples) {
    if (catalog.forDraft(sample.spec.kind).owner !== target.service.name) continue;
    const frame = await target.frameOf(sample, { from: alice });
    const before = target.service.handled.length;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, lane) => target.runtime.receive(frame, `mock:${lane}`)),
    );
    assertEquals(answers.filter(({ receipt }) => receipt.outcome === "handled").length, 1, sample.spec.kind);
    assertEquals(target.service.handled.length - before, 1, sample.spec.kind);
  }
});

Deno.test("Receiver handles no replay of what it had to forget for want of room [R63]", async () => {
  await using target = await Target.open();
  const recorded = await record(target);
  const { seen } = target.context;
  const size = seen.size;
  for (const { id: fromId } of [alice, gopher]) {
    for (let at = 0; at < 40_000; at++) {
      const timestamp = target.clock.nowNs() + BigInt(at % 1_000);
      seen.add(messageOf({ fromId, timestamp, proof: "envelope", id: `flood-${at}` }));
    }
  }
  assert(seen.size < size + 80_000, "nothing had to be forgotten");
  for (const { frame, kind } of recorded.filter((each) => !isUnproven(target, each.kind))) {
    await assertNothing(target, [frame], `${kind} after the seen-set was full`);
  }
});

Deno.test("Receiver handles no replay after a restart, nor after a second one [R63]", async () => {
  const remains = newRemains();
  let recorded: Recorded[];
  {
    await using target = await Target.open(undefined, { remains });
    recorded = await record(target);
  }
  for (const life of ["second", "third"]) {
    await using target = await Target.open(undefined, { remains });
    for (const { frame, kind } of recorded) {
      await assertNothing(target, [frame], `${kind} in its ${life} life`);
    }
  }
});

Deno.test("Receiver takes a message for somebody else from nobody, however fresh it is [R63]", async () => {
  await using target = await Target.open();
  await using other = await Target.open(undefined, { name: "other" });
  for (const sample of target.samples) {
    if (sample.spec.emit.transport.name !== "mesh") continue; // What is said to everybody is for the other, too.
    for (const [from, form] of [[alice, "ours"], [alice, "both"], [gopher, "go"]] as const) {
      const { dropped, changed } = await other.attempt(await target.frameOf(sample, { from, form }));
      assertEquals([dropped, changed], [["not_for_me"], []], sample.spec.kind);
    }
  }
});

const { pastMs, futureMs } = DEFAULT_FRESHNESS;
const YEAR_MS = 365 * 86_400_000;

Deno.test("Receiver handles nothing that is older than its window, from five minutes to a year [R63]", async () => {
  const remains = newRemains();
  let recorded: Recorded[];
  {
    await using target = await Target.open(undefined, { remains });
    recorded = await record(target);
    for (const ageMs of [pastMs + 1, 3_600_000, 86_400_000, YEAR_MS]) {
      for (const sample of withoutLongWindow(target)) {
        const { dropped, changed } = await target.attempt(
          await target.frameOf(sample, { from: alice, ageMs }),
        );
        assertEquals([dropped, changed], [["stale"], []], `${sample.spec.kind}, ${ageMs} ms old`);
      }
    }
  }
  for (const laterMs of [pastMs + 1, 3_600_000, YEAR_MS]) {
    const clock = new VirtualClock(
      new Date(Number(remains.clock.nowNs() / 1_000_000n) + laterMs).toISOString(),
    );
    await using target = await Target.open(undefined, { remains: { ...remains, clock } });
    for (const { frame, kind } of recorded) {
      await assertNothing(target, [frame], `${kind}, ${laterMs} ms later`);
    }
  }
});

Deno.test("Receiver handles a message of the near future once, as long as it counts as fresh and after [R63]", async () => {
  await using target = await Target.open();
  const [sample] = target.samples.filter(({ spec }) => !spec.receive.verify.isNone);
  const early = await target.frameOf(sample, { from: alice, ageMs: -futureMs });
  const tooEarly = await target.frameOf(sample, { from: alice, ageMs: -futureMs - 1_000 });
  assertEquals((await target.attempt(tooEarly)).dropped, ["from_future"]);
  assertEquals((await target.attempt(early)).dropped, []);
  for (let minute = 0; minute < 15; minute++) {
    assertEquals((await target.attempt(early)).changed, [], `after ${minute} minutes`);
    await target.clock.advance(60_000);
  }
});

/** Kinds that are taken in the usual window only. */
function withoutLongWindow({ samples }: Target): Sample[] {
  return samples.filter(({ spec }) => spec.freshness.pastMs <= pastMs);
}

function isUnproven({ runtime }: Target, kind: string): boolean {
  return runtime.catalog.forDraft(kind).spec.receive.verify.isNone === true;
}
