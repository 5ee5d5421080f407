import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { encodeEnvelope } from "../../../messages/envelope.ts";
import { type AddOutcome, LedgerError } from "../../../runtime/ledger/ledger.ts";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import { continueWith } from "../../../runtime/stage.ts";
import { noStore, recordOf, store } from "../../../runtime/stages/store.ts";
import { VIRTUAL_START } from "../../../runtime/testing/virtual_clock.ts";
import { note } from "../../helpers/kinds.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

const message = messageOf();

/** A ledger whose `add` is another. */
function ledgerThatAdds(add: () => Promise<AddOutcome>): MemoryLedger {
  return Object.assign(new MemoryLedger(), { add } as object);
}

Deno.test("store() keeps the message in the ledger, once, and passes it on", async () => {
  const context = stageContext();
  assertEquals(await store(2).process(message, context), continueWith(message));
  assertEquals(await store(2).process(message, context), continueWith(message));
  assertEquals([context.ledger.hasId(message.id), context.ledger.count()], [true, 1]);
});

Deno.test("store() passes a message on when the ledger has it, not before", async () => {
  const kept = Promise.withResolvers<AddOutcome>();
  const ledger = ledgerThatAdds(() => kept.promise);
  const result = store(1).process(message, stageContext({ ledger }));
  let isThrough = false;
  const through = Promise.resolve(result).then(() => isThrough = true);
  await Promise.resolve();
  assertEquals(isThrough, false);
  kept.resolve("added");
  await through;
});

Deno.test("store() rejects with what the ledger throws: the chain makes an error of it", async () => {
  const ledger = ledgerThatAdds(() => Promise.reject(new Error("disk full")));
  await assertRejects(
    () => Promise.resolve(store(1).process(message, stageContext({ ledger }))),
    Error,
    "disk full",
  );
});

Deno.test("store() tells the ledger the priority, and its reader that 0 makes no room for others", () => {
  const ledger = new MemoryLedger({ messagesMax: 1 });
  const context = stageContext({ ledger });
  store(0).process(message, context);
  const less = messageOf({ payload: { text: "less important" } });
  assertThrows(() => store(3).process(less, context), LedgerError, "all that is kept is more important");
  assertEquals([ledger.count(), ledger.get(message.id)?.priority], [1, 0]);
  assertEquals([store(0).describe(), store(3).describe()], [
    "priority 0 (never pruned for others)",
    "priority 3",
  ]);
});

Deno.test("recordOf() keeps the bytes that came, or those of a message of ours, and whom it is about", () => {
  const about = note.withSubject(({ text }) => text).spec;
  const fact = message.with({ contentKey: "hello was said" });
  const { frame, ...fields } = recordOf(fact, about, 1);
  assertEquals(fields, {
    id: message.id,
    kind: "test:note",
    version: 1,
    fromId: message.fromId,
    toId: message.toId,
    subject: "hello",
    contentKey: "hello was said",
    timestampMs: Date.parse(VIRTUAL_START),
    priority: 1,
  });
  assertEquals(frame, encodeEnvelope(fact));
  const received = new Uint8Array([1, 2, 3]);
  assertStrictEquals(recordOf(message.with({ frame: received }), about, 1).frame, received);
});

Deno.test("noStore() keeps nothing", () => {
  const context = stageContext();
  assertEquals([noStore().process(message, context), noStore().isNone], [continueWith(message), true]);
  assertEquals(context.ledger.count(), 0);
});
