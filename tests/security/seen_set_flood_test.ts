/**
 * R71: the memory of what was seen holds its bound whoever floods it, and lets no honest duplicate through for that.
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Message } from "../../messages/message.ts";
import { SeenSet } from "../../runtime/primitives/seen_set.ts";
import { SeenMarks } from "../../runtime/primitives/seen_marks.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { tries } from "../helpers/hostile.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";

const ENTRIES_MAX = 131_072;
const HONEST = 1_000;
/** How long a flood lasts: as long as the honest messages count as fresh. */
const FLOOD_MS = 240_000;

/** As much of a message as the seen-set looks at: whole ones would cost more than what is measured. */
function seenPart(fromId: string, id: string, timestamp: string): Message {
  return { id, fromId, proof: "envelope", madeMs: Date.parse(timestamp) } as Message;
}

/** With many senders, each id that makes room costs a look at all of them: fewer of those, for the sake of time. */
const FLOODS = [{ senders: 1, ids: tries(1_000_000) }, { senders: 1_000, ids: tries(250_000) }];

for (const { senders, ids } of FLOODS) {
  Deno.test(`SeenSet holds its bound for ${ids} ids from ${senders} senders, and knows every honest message [R71]`, async () => {
    const clock = new VirtualClock();
    const seen = new SeenSet({ clock });
    const now = () => new Date(Number(clock.nowNs() / 1_000_000n)).toISOString().replace(/\.?0*Z$/, "Z");
    const honest = Array.from(
      { length: HONEST },
      (_, at) => seenPart(`honest-${at % 50}`, `honest ${at}`, now()),
    );
    for (const message of honest) assertEquals(seen.add(message), "new");
    const steps = 100;
    for (let step = 0; step < steps; step++) {
      const timestamp = now();
      for (let at = 0; at < ids / steps; at++) {
        seen.add(seenPart(`flooder-${at % senders}`, `${step} ${at}`, timestamp));
      }
      assertLessOrEqual(seen.size, ENTRIES_MAX);
      await clock.advance(FLOOD_MS / steps);
    }
    assert(seen.size > ENTRIES_MAX / 20, "it did not remember what it had room for");
    for (const message of honest) {
      const verdict = seen.add(message);
      assert(verdict !== "new", "an honest duplicate came through");
    }
    for (let at = 0; at < HONEST; at++) {
      assertEquals(
        seen.add(seenPart(`honest-${at % 50}`, `later ${at}`, now())),
        "new",
        "an honest message was refused",
      );
    }
  });
}

for (const proof of ["envelope", "none"] as const) {
  Deno.test(`SeenMarks that one sender filled (proof: ${proof}) refuse no other, before and after a restart [R71]`, async () => {
    const [clock, file] = [new VirtualClock(), new MemoryStore()];
    const options = { file, clock, windowMs: () => 300_000, entriesMax: 1_000 };
    const marks = new SeenMarks(options);
    const seen = new SeenSet({ clock });
    const handle = (message: Message) => file.write(marks.changesFor(message, seen));
    const honest = { ...seenPart("honest", "before", "2026-01-15T10:20:30Z") } as Message;
    assertEquals(seen.add(honest), "new");
    await handle(honest);
    for (let at = 0; at < 20_000; at++) {
      const message = { ...seenPart("flooder", `flood-${at}`, "2026-01-15T10:20:30Z"), proof } as Message;
      if (seen.add(message) === "new") await handle(message);
    }
    const { inUse, max } = marks.limit();
    assertLessOrEqual(inUse(), max);
    const reborn = new SeenSet({ clock });
    new SeenMarks(options).restore(reborn);
    for (const memory of [seen, reborn]) {
      assert(memory.add(honest) !== "new", "an honest duplicate came through");
      const later = seenPart("honest", `later-${memory === seen}`, "2026-01-15T10:20:31Z");
      assertEquals(memory.add(later), "new", "an honest message was refused for somebody else's flood");
    }
  });
}
