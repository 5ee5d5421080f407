import { assertEquals, assertThrows } from "@std/assert";
import { MemoryPlaza } from "../../../runtime/transport/memory_plaza.ts";
import { PlazaError } from "../../../runtime/transport/plaza.ts";
import { testPlaza } from "../../../runtime/testing/plaza_suite.ts";
import { PlazaTown } from "../../../runtime/testing/plaza_town.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";

testPlaza("memory", () => {
  const plaza = new MemoryPlaza();
  return {
    join: plaza.join,
    cut: () => void (plaza.isReachable = false),
    mend: () => void (plaza.isReachable = true),
  };
});

Deno.test("MemoryPlaza is one of many: two never meet, also with the same root", async () => {
  await using here = new PlazaTown(new MemoryPlaza());
  await using there = new PlazaTown(new MemoryPlaza());
  const alice = await here.join("alice", { root: "nara" });
  const bob = await here.join("bob", { root: "nara", topics: ["plaza/x"] });
  const carol = await there.join("carol", { root: "nara", topics: ["plaza/x"] });
  await alice.say("plaza/x", "here");
  assertEquals(await bob.hear(1), [["plaza/x", "here"]]);
  await carol.plaza[Symbol.asyncDispose]();
  assertEquals(await carol.hear(1), []);
});

for (const root of ["", "Nara", "nara/", "a//b", "#", "+", "nara/%s", " nara", "a".repeat(129)]) {
  Deno.test(`MemoryPlaza refuses the root ${JSON.stringify(root.slice(0, 20))}`, () => {
    const me = { id: "me", name: "me", publicKey: new Uint8Array(32) };
    const host = { me, root, clock: new VirtualClock(), random: new SeededRandom(1) };
    const error = assertThrows(
      () => new MemoryPlaza().join(host),
      PlazaError,
      "as a plaza topic: expected lower-case words",
    );
    assertEquals(error.code, "bad_topic");
  });
}
