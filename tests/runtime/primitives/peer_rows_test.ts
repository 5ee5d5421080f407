import { assertEquals, assertStringIncludes } from "@std/assert";
import { PeerDirectory } from "../../../runtime/primitives/peer_directory.ts";
import { PeerEvidence } from "../../../runtime/primitives/peer_evidence.ts";
import { peerLines, peerRows } from "../../../runtime/primitives/peer_rows.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { Keyring } from "../../../utilities/keyring.ts";
import { alice, mallory } from "../../helpers/stage_context.ts";

async function scene() {
  const clock = new VirtualClock();
  const evidence = new PeerEvidence(clock);
  const keyring = new Keyring({ onConflict: (conflict) => void evidence.add(conflict) });
  const peers = new PeerDirectory({ clock, random: new SeededRandom(1), evidence });
  keyring.pin(alice.id, alice.keypair.publicKey, "alice");
  keyring.markOurs(alice.id);
  keyring.pin("gopher", mallory.keypair.publicKey, "gopher");
  peers.prove(alice.id, "http://10.0.0.7:7433", "alice");
  peers.refusalOf(alice.id, 700);
  peers.reportReached(alice.id, { bytes: 300, receipt: { outcome: "handled" } });
  await clock.advance(4_000);
  return { clock, keyring, peers };
}

Deno.test("peerRows() tells of each peer its place, program, score, state and bytes", async () => {
  const made = await scene();
  made.peers.heard("gopher", "gopher");
  made.peers.block("gopher");
  assertEquals(peerRows(made), [{
    id: "gopher",
    name: "gopher",
    program: "go",
    score: 0,
    state: "blocked",
    silentMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    refusedKeys: [],
  }, {
    id: alice.id,
    name: "alice",
    address: "http://10.0.0.7:7433",
    program: "ours",
    score: 2,
    state: "online",
    silentMs: 4_000,
    bytesIn: 700,
    bytesOut: 300,
    refusedKeys: [],
  }]);
});

Deno.test("peerRows() tells of keys that were refused, also where nothing else is known", async () => {
  const made = await scene();
  for (const id of [alice.id, "gopher"]) {
    try {
      made.keyring.pin(id, new Uint8Array(32).fill(7), "mallory");
    } catch {
      // That is the point.
    }
  }
  const rows = peerRows(made);
  assertEquals(rows.map(({ id, state, refusedKeys }) => [id, state, refusedKeys.length]), [
    [alice.id, "online", 1],
    ["gopher", "known", 1],
  ]);
  const lines = peerLines(rows).join("\n");
  assertStringIncludes(lines, 'by somebody who goes by "mallory", and refused: BwcH');
});

Deno.test("peerLines() is a table with a headline, or says that there is nobody", async () => {
  assertEquals(peerLines([]), ["No peers are known."]);
  const [head, line] = peerLines(peerRows(await scene()));
  assertEquals(head.split(/ {2,}/), [
    "id",
    "name",
    "address",
    "program",
    "score",
    "state",
    "heard",
    "in",
    "out",
  ]);
  assertEquals(line.split(/ {2,}/), [
    alice.id,
    "alice",
    "http://10.0.0.7:7433",
    "ours",
    "2",
    "online",
    "4 s ago",
    "700",
    "300",
  ]);
});
