import { assertEquals, assertRejects } from "@std/assert";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import { continueWith } from "../../../runtime/stage.ts";
import { noStore, store } from "../../../runtime/stages/store.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

const message = messageOf();

Deno.test("store() keeps the message in the ledger, once, and passes it on", async () => {
  const context = stageContext();
  assertEquals(await store(2).process(message, context), continueWith(message));
  assertEquals(await store(2).process(message, context), continueWith(message));
  assertEquals([context.ledger.has(message.id), context.ledger.size], [true, 1]);
});

Deno.test("store() passes a message on when the ledger has it, not before", async () => {
  const kept = Promise.withResolvers<void>();
  const ledger = { add: () => kept.promise, has: () => false, size: 0 };
  const result = store(1).process(message, stageContext({ ledger }));
  let isThrough = false;
  const through = Promise.resolve(result).then(() => isThrough = true);
  await Promise.resolve();
  assertEquals(isThrough, false);
  kept.resolve();
  await through;
});

Deno.test("store() rejects with what the ledger throws: the chain makes an error of it", async () => {
  const ledger = { add: () => Promise.reject(new Error("disk full")), has: () => false, size: 0 };
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
  store(3).process(messageOf({ payload: { text: "less important" } }), context);
  assertEquals([ledger.size, ledger.has(message.id)], [1, true]);
  assertEquals([store(0).describe(), store(3).describe()], [
    "priority 0 (never pruned for others)",
    "priority 3",
  ]);
});

Deno.test("noStore() keeps nothing", () => {
  const context = stageContext();
  assertEquals([noStore().process(message, context), noStore().isNone], [continueWith(message), true]);
  assertEquals(context.ledger.size, 0);
});
