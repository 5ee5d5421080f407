import { assertEquals } from "@std/assert";
import { evidenceMemory } from "../../../runtime/memory.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import {
  EVIDENCE_MAX,
  EVIDENCE_OF_ID_MAX,
  EVIDENCE_OF_STRANGERS_MAX,
  PeerEvidence,
} from "../../../runtime/primitives/peer_evidence.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";

const key = (number: number) => {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
};
const conflict = (id: string, number = 1) => ({ id, pinned: key(0), offered: key(number), name: "mallory" });
const familiar = (id: string, number = 1) => ({ ...conflict(id, number), isFamiliar: true });

Deno.test("PeerEvidence keeps each refused key of an id once, over restarts too", () => {
  const [file, clock] = [new MemoryStore(), new VirtualClock()];
  const evidence = new PeerEvidence(clock, evidenceMemory(file));
  assertEquals([evidence.add(conflict("a")), evidence.add(conflict("a"))], [true, false]);
  assertEquals([evidence.add(conflict("a", 2)), evidence.add(conflict("b"))], [true, true]);
  const again = new PeerEvidence(clock, evidenceMemory(file));
  assertEquals([again.size, again.add(conflict("a")), again.add(conflict("a", 3))], [3, false, true]);
  const [first] = again.about("b");
  const atMs = Number(clock.nowNs() / 1_000_000n);
  assertEquals(first, { id: "b", pinned: key(0), offered: key(1), name: "mallory", atMs });
});

Deno.test("PeerEvidence keeps the first few keys of one id: who makes more of them proves no more", () => {
  const evidence = new PeerEvidence(new VirtualClock());
  for (let number = 1; number <= 100; number++) evidence.add(conflict("a", number));
  assertEquals(evidence.about("a").map(({ offered }) => offered), [1, 2, 3, 4].map(key));
  assertEquals([evidence.size, EVIDENCE_OF_ID_MAX], [4, 4]);
});

Deno.test("PeerEvidence asks the disk 32 times a minute at most, and forgets the oldest when it is full", async () => {
  const [file, clock] = [new MemoryStore(), new VirtualClock()];
  const evidence = new PeerEvidence(clock, evidenceMemory(file));
  for (let number = 0; number < 50; number++) evidence.add(familiar(`id${number}`));
  assertEquals(evidence.size, 32);
  for (let number = 0; number < 300; number++) {
    await clock.advance(2_000);
    evidence.add(familiar(`later${number}`));
  }
  assertEquals([evidence.size, file.list("runtime:evidence", "").length], [EVIDENCE_MAX, EVIDENCE_MAX]);
  assertEquals([evidence.about("id0"), evidence.about("later299").length], [[], 1]);
});

Deno.test("PeerEvidence lets no crowd of strangers hide what is known of a familiar id", async () => {
  const [file, clock] = [new MemoryStore(), new VirtualClock()];
  const evidence = new PeerEvidence(clock, evidenceMemory(file));
  evidence.add(familiar("friend"));
  for (let number = 0; number < 500; number++) {
    await clock.advance(2_000);
    evidence.add(conflict(`s${number}`));
  }
  for (let number = 0; number < 50; number++) evidence.add(conflict(`at once ${number}`));
  assertEquals(evidence.add(familiar("other")), true, "they use up no writes of others");
  assertEquals([evidence.about("friend").length, evidence.size], [1, EVIDENCE_OF_STRANGERS_MAX + 2]);
  const again = new PeerEvidence(clock, evidenceMemory(file));
  assertEquals([again.about("friend")[0].isFamiliar, again.size], [true, EVIDENCE_OF_STRANGERS_MAX + 2]);
});
