import { assertEquals } from "@std/assert";
import type { OutboxOutcome } from "../../../runtime/primitives/outbox_options.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { ownNote } from "../../helpers/kept.ts";
import { outboxBench } from "../../helpers/outbox.ts";
import { alice } from "../../helpers/stage_context.ts";

const busy = new MeshError("peer_busy", "it is too busy", { retryAfterMs: 5_000 });
const BUSY: OutboxOutcome = { outcome: "failed", error: busy };

Deno.test("Outbox does not come back before a peer that is too busy asked it to, however often that speaks", async () => {
  const { outbox: made, clock, keep, network, tries, texts } = outboxBench();
  await using outbox = made;
  network.answer = () => BUSY;
  await keep(ownNote("a"), busy);
  await clock.advance(4_999);
  outbox.drain(alice.id);
  assertEquals(tries, []);
  await clock.advance(501); // By chance, it is up to half a second later.
  assertEquals(tries.length, 1);
  network.isUp = true;
  network.answer = () => ({ outcome: "sent" });
  const { atMs } = tries[0];
  await clock.advance(atMs + 4_999 - clock.monotonicMs());
  outbox.drain(alice.id);
  assertEquals(tries.length, 1);
  await clock.advance(1_001);
  assertEquals([tries.length, texts()], [2, ["a"]]);
});

Deno.test("Outbox tries a peer that was busy without saying for how long as soon as it is heard", async () => {
  const { outbox: made, keep, network, texts, clock } = outboxBench();
  await using outbox = made;
  await keep(ownNote("a"), new MeshError("peer_busy", "it is too busy"));
  network.isUp = true;
  outbox.drain(alice.id);
  await clock.advance(0);
  assertEquals(texts(), ["a"]);
});
