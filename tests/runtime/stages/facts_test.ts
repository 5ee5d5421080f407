import { assertEquals } from "@std/assert";
import { decodeEnvelope } from "../../../messages/envelope.ts";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import type { LedgerRecord } from "../../../runtime/ledger/ledger.ts";
import { contentKeyDedupe } from "../../../runtime/stages/dedupe.ts";
import { contentKeyStore } from "../../../runtime/stages/store.ts";
import { storedEvent } from "../../../runtime/templates.ts";
import { signedFrame } from "../../../runtime/testing/frames.ts";
import type { Identity } from "../../../utilities/identity.ts";
import { type TextBehavior, textSchema } from "../../helpers/kinds.ts";
import { altered, Bench } from "../../helpers/mock.ts";

/** `bob:restart:5 seen at noon`: what comes before the first space is the fact, the rest is the observer's own. */
const sighting: TextBehavior = storedEvent("test:sighting", "Somebody saw something", 0)
  .withVersion(1, textSchema)
  .withContentKey(({ text }) => text.split(" ")[0])
  .with({
    emit: { store: contentKeyStore(0) },
    receive: { dedupe: contentKeyDedupe(), store: contentKeyStore(0) },
  });

async function observatory(): Promise<{ bench: Bench; ledger: MemoryLedger }> {
  const ledger = new MemoryLedger();
  return { ledger, bench: await Bench.create([sighting], { ledger }) };
}

function observersOf(ledger: MemoryLedger, key: string): string[] {
  return ledger.observers(key).map(({ fromId }) => fromId);
}

Deno.test("contentKeyDedupe() in a pipeline: one fact that three tell is handled once, kept once, and has three observers", async () => {
  const { bench, ledger } = await observatory();
  await using _ = bench;
  const tellers = [bench.alice, await bench.mock.peer("bob"), await bench.mock.peer("carol")];
  for (const [index, from] of tellers.entries()) {
    await bench.receive(await bench.frame(sighting.draft({ text: `dan:restart:5 ${index}` }), { from }));
  }
  assertEquals(bench.service.texts, ["dan:restart:5 0"]);
  assertEquals([ledger.count(), observersOf(ledger, "dan:restart:5")], [1, tellers.map(({ id }) => id)]);
  assertEquals(bench.received("test:sighting").dropped, { duplicate_content: 2 });
});

Deno.test("R70 a claimed content key takes no fact from anybody, signed or not, and the honest message is handled", async () => {
  const { bench, ledger } = await observatory();
  await using _ = bench;
  const mallory = await bench.mock.peer("mallory");
  const lie = sighting.draft({ text: "mallory:sneezed:1" });
  for (const form of ["ours", "go"] as const) {
    const frame = await bench.frame(lie, {
      from: form === "go" ? await bench.mock.peer("go") : mallory,
      form,
    });
    await bench.receive(altered(frame, { content_key: "dan:restart:5" }));
  }
  const honest = await bench.frame(sighting.draft({ text: "dan:restart:5" }));
  assertEquals(await bench.receive(honest), { outcome: "handled" });
  assertEquals(bench.service.texts, ["mallory:sneezed:1", "dan:restart:5"]); // Go's lie counts as what it says.
  assertEquals(observersOf(ledger, "dan:restart:5"), [bench.alice.id]);
});

Deno.test("R70 a content key of a known fact, put onto an honest message on its way, silences it not", async () => {
  const { bench, ledger } = await observatory();
  await using _ = bench;
  const go = await bench.mock.peer("go");
  await bench.receive(await bench.frame(sighting.draft({ text: "dan:restart:5" })));
  const honest = await bench.frame(sighting.draft({ text: "dan:restart:6" }), { from: go, form: "go" });
  assertEquals(await bench.receive(altered(honest, { content_key: "dan:restart:5" })), {
    outcome: "handled",
  });
  assertEquals(observersOf(ledger, "dan:restart:5"), [bench.alice.id]);
  assertEquals(observersOf(ledger, "dan:restart:6"), [go.id]);
});

Deno.test("R70 a content key that its sender signed and that does not follow from what it says is dropped before it counts", async () => {
  const { bench, ledger } = await observatory();
  await using _ = bench;
  const from = await bench.mock.peer("mallory");
  const spec = { ...sighting.spec, contentKey: () => "dan:restart:5" };
  const atNs = bench.mock.clock.nowNs();
  const lie = await signedFrame(sighting.draft({ text: "nothing" }), { from, spec, atNs });
  assertEquals(await bench.receive(lie), { outcome: "drop", reason: "wrong_content_key" });
  await bench.receive(await bench.frame(sighting.draft({ text: "dan:restart:5" })));
  assertEquals(await bench.receive(lie), { outcome: "drop", reason: "wrong_content_key" });
  assertEquals(observersOf(ledger, "dan:restart:5"), [bench.alice.id]);
});

Deno.test("contentKeyStore() in a pipeline: what others told is not kept again when one says it oneself", async () => {
  const { bench, ledger } = await observatory();
  await using _ = bench;
  await bench.receive(await bench.frame(sighting.draft({ text: "dan:restart:5 theirs" })));
  const emitted = await bench.service.rt.emit(sighting.draft({ text: "dan:restart:5 mine" }));
  assertEquals([emitted.outcome, emitted.reason], ["dropped", "content_exists"]);
  assertEquals(observersOf(ledger, "dan:restart:5"), [bench.alice.id, bench.mock.runtime.me.id]);
});

Deno.test("observerOf() notes signatures that can be checked again from what the ledger keeps", async () => {
  const { bench, ledger } = await observatory();
  await using _ = bench;
  const go = await bench.mock.peer("go");
  const senders: [Identity, "ours" | "go"][] = [[bench.alice, "ours"], [go, "go"]];
  for (const [from, form] of senders) {
    const text = `seen:by:${form}`;
    await bench.receive(await bench.frame(sighting.draft({ text }), { from, form }));
    const [record] = ledger.query({ fromId: from.id }).records as [LedgerRecord];
    const [observer] = ledger.observers(text);
    assertEquals([observer.fromId, observer.messageId], [from.id, record.id]);
    const { signature, envelopeSignature } = decodeEnvelope(record.frame);
    assertEquals(observer.signature, form === "ours" ? envelopeSignature : signature);
  }
});
