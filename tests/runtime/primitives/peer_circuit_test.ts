import { assert, assertEquals } from "@std/assert";
import { PeerCircuit } from "../../../runtime/primitives/peer_circuit.ts";

const slowest = { next: () => 1 };

Deno.test("PeerCircuit is closed until something fails, then open for a pause, then half open", () => {
  const circuit = new PeerCircuit(slowest);
  assertEquals([circuit.state(0), circuit.waitMs(0)], ["closed", 0]);
  circuit.fail(0);
  assertEquals([circuit.state(0), circuit.waitMs(0), circuit.state(999)], ["open", 1_000, "open"]);
  assertEquals(circuit.state(1_000), "half_open");
});

Deno.test("PeerCircuit lets one try through when it is half open, and the others wait for it", () => {
  const circuit = new PeerCircuit(slowest);
  circuit.fail(0);
  assertEquals(circuit.waitMs(1_000), 0);
  assert(circuit.waitMs(1_000) > 0);
  circuit.fail(1_500);
  assertEquals([circuit.failures, circuit.waitMs(1_500)], [2, 2_000], "a longer pause than the first");
  assertEquals(circuit.waitMs(3_500), 0);
  circuit.reach();
  assertEquals([circuit.state(3_500), circuit.waitMs(3_500), circuit.waitMs(3_500)], ["closed", 0, 0]);
});

Deno.test("PeerCircuit takes a try of which nothing was heard for over after ten seconds, or at once if told so", () => {
  const circuit = new PeerCircuit(slowest);
  circuit.fail(0);
  assertEquals([circuit.waitMs(1_000), circuit.waitMs(1_000)], [0, 10_000]);
  assertEquals(circuit.waitMs(11_000), 0);
  circuit.release();
  assertEquals(circuit.waitMs(11_000), 0);
});

Deno.test("PeerCircuit lets everything through to a peer that was heard since", () => {
  const circuit = new PeerCircuit(slowest);
  circuit.fail(0);
  circuit.hear(10);
  assertEquals([circuit.waitMs(10), circuit.waitMs(10), circuit.state(10)], [0, 0, "half_open"]);
  circuit.fail(20);
  assert(circuit.waitMs(20) > 0, "until the next failure");
});

Deno.test("PeerCircuit never pauses longer than a minute, and ten for who is shunned", () => {
  for (const [isShunned, longestMs] of [[false, 60_000], [true, 600_000]] as const) {
    const circuit = new PeerCircuit(slowest);
    let nowMs = 0;
    for (let count = 0; count < 40; count++) {
      circuit.fail(nowMs, { isShunned });
      nowMs += circuit.waitMs(nowMs);
    }
    circuit.fail(nowMs, { isShunned });
    assertEquals(circuit.waitMs(nowMs), longestMs);
  }
});
