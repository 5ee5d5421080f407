import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { Ledger } from "../../../runtime/ledger/ledger.ts";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import { SeenSet } from "../../../runtime/primitives/seen_set.ts";
import { continueWith, drop } from "../../../runtime/stage.ts";
import { contentKeyDedupe, idDedupe } from "../../../runtime/stages/dedupe.ts";
import { store } from "../../../runtime/stages/store.ts";
import { mallory, messageOf, stageContext } from "../../helpers/stage_context.ts";

const signature = new Uint8Array(64).fill(1);
const message = messageOf({ proof: "envelope" });

/** Somebody tells that bob restarted; all mean the same. */
function told(fromId: string, parts: Parameters<typeof messageOf>[0] = {}) {
  return messageOf({
    ...{ fromId, proof: "envelope", envelopeSignature: signature, contentKey: "bob:restart:5" },
    ...parts,
  });
}

Deno.test("idDedupe() lets a message through once", () => {
  const context = stageContext();
  assertEquals(idDedupe().process(message, context), continueWith(message));
  assertEquals(idDedupe().process(message, context), drop("in_progress"));
  context.seen.finish(message);
  assertEquals(idDedupe().process(message, context), drop("duplicate_id"));
  assertEquals(idDedupe().process(message.with({ inReplyTo: "other" }), context), drop("duplicate_id"));
});

Deno.test("idDedupe() asks by sender and id", () => {
  const context = stageContext();
  const theirs = messageOf({ id: message.id, fromId: mallory.id, proof: "envelope" });
  assertEquals(idDedupe().process(theirs, context), continueWith(theirs));
  assertEquals(idDedupe().process(message, context), continueWith(message));
});

Deno.test("idDedupe() belongs to its runtime: another one has seen nothing", () => {
  const stage = idDedupe();
  assertEquals(stage.process(message, stageContext()), continueWith(message));
  assertEquals(stage.process(message, stageContext()), continueWith(message));
});

Deno.test("idDedupe() drops what its memory had to forget as below the horizon", () => {
  const context = stageContext();
  const seen = new SeenSet({ clock: context.clock, perSenderMax: 2 });
  const several = [1, 2, 3].map((at) => messageOf({ payload: { text: `${at}` }, proof: "envelope" }));
  const results = several.map((each) => idDedupe().process(each, { ...context, seen }));
  assertEquals(results.map(({ outcome }) => outcome), ["continue", "continue", "drop"]);
  assertEquals(results[2], drop("below_horizon"));
});

Deno.test("contentKeyDedupe() lets a fact through that is not kept yet, with or without a key", () => {
  const context = stageContext();
  const first = told("alice");
  assertEquals(contentKeyDedupe().process(first, context), continueWith(first));
  const keyless = told("alice", { contentKey: undefined, payload: { text: "no key" } });
  assertEquals(contentKeyDedupe().process(keyless, context), continueWith(keyless));
  assertEquals(context.ledger.observers("bob:restart:5"), []);
});

Deno.test("contentKeyDedupe() drops a fact that is kept, and counts who tells it: 40 tell, 16 are kept", async () => {
  const context = stageContext();
  await store(0).process(told("o0"), context);
  for (let teller = 1; teller < 40; teller++) {
    const result = await contentKeyDedupe().process(told(`o${teller}`), context);
    assertEquals(result, drop("duplicate_content"));
  }
  const observers = context.ledger.observers("bob:restart:5");
  assertEquals(
    observers.map(({ fromId }) => fromId),
    Array.from({ length: 16 }, (_, teller) => `o${teller}`),
  );
  assertEquals(observers[7], { fromId: "o7", messageId: told("o7").id, signature });
  assertEquals(context.ledger.count(), 1);
});

Deno.test("contentKeyDedupe() counts a teller once, however often it tells", async () => {
  const context = stageContext();
  await store(0).process(told("alice"), context);
  for (const text of ["a", "b", "c"]) {
    const again = told("mallory", { payload: { text } });
    assertEquals(await contentKeyDedupe().process(again, context), drop("duplicate_content"));
  }
  assertEquals(context.ledger.observers("bob:restart:5").map(({ fromId }) => fromId), ["alice", "mallory"]);
});

Deno.test("contentKeyDedupe() counts nobody whom nothing proves", async () => {
  const context = stageContext();
  await store(0).process(told("alice"), context);
  for (const parts of [{ proof: "none" as const }, { envelopeSignature: undefined }]) {
    assertEquals(
      await contentKeyDedupe().process(told("mallory", parts), context),
      drop("duplicate_content"),
    );
    context.seen.forget(told("mallory", parts));
  }
  assertEquals(context.ledger.observers("bob:restart:5").length, 1);
});

Deno.test("contentKeyDedupe() notes the signature that was verified: the envelope's, else Go's", async () => {
  const context = stageContext();
  await store(0).process(told("alice"), context);
  const gos = new Uint8Array(64).fill(2);
  await contentKeyDedupe().process(told("both", { signature: gos }), context);
  await contentKeyDedupe().process(
    told("go", { signature: gos, envelopeSignature: undefined, proof: "signature" }),
    context,
  );
  const signatures = context.ledger.observers("bob:restart:5").map((observer) => observer.signature);
  assertEquals(signatures, [signature, signature, gos]);
});

Deno.test("contentKeyDedupe() drops by id first, and then counts nobody", async () => {
  const context = stageContext();
  await store(0).process(told("alice"), context);
  context.seen.add(told("bob"));
  assertEquals(await contentKeyDedupe().process(told("bob"), context), drop("in_progress"));
  context.seen.finish(told("bob"));
  assertEquals(await contentKeyDedupe().process(told("bob"), context), drop("duplicate_id"));
  assertEquals(context.ledger.observers("bob:restart:5").length, 1);
});

Deno.test("contentKeyDedupe() lets the kept message itself through again, for then it was never handled", async () => {
  const context = stageContext();
  await store(0).process(told("alice"), context);
  assertEquals(contentKeyDedupe().process(told("alice"), context), continueWith(told("alice")));
});

Deno.test("contentKeyDedupe() waits until the observer is kept, and fails when that fails", async () => {
  const noted = Promise.withResolvers<boolean>();
  const ledger: Ledger = Object.assign(new MemoryLedger(), { observe: () => noted.promise });
  const context = stageContext({ ledger });
  await store(0).process(told("alice"), context);
  const [kept, failed] = ["bob", "carol"].map((teller) => contentKeyDedupe().process(told(teller), context));
  assertInstanceOf(kept, Promise);
  noted.reject(new Error("disk full"));
  await assertRejects(() => Promise.all([kept, failed]), Error, "disk full");
});

Deno.test("contentKeyDedupe() says where it stands and that it remembers", () => {
  const { order, name, remembers } = contentKeyDedupe();
  assertEquals([order, name, remembers], ["peer", "content_key_dedupe", true]);
});
