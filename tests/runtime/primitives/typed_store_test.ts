import { assertEquals, assertRejects } from "@std/assert";
import * as z from "zod";
import { MessageError } from "../../../messages/message_error.ts";
import { bytes } from "../../../messages/fields.ts";
import { PendingEffects } from "../../../runtime/primitives/effects.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ServiceStore, StoreError } from "../../../runtime/primitives/store.ts";
import { typedStore } from "../../../runtime/primitives/typed_store.ts";

const Round = z.strictObject({ number: z.int(), key: bytes });

function made() {
  const store = new ServiceStore(new MemoryStore(), "service:test");
  return { store, rounds: typedStore(store, "round/", Round) };
}

Deno.test("typedStore() gives back what was set, and lists only its own prefix", async () => {
  const { store, rounds } = made();
  const [first, second] = [{ number: 1, key: new Uint8Array([1, 2]) }, { number: 2, key: new Uint8Array() }];
  await store.set("other", new Uint8Array([7]));
  await rounds.set("b", second);
  await rounds.set("a", first);
  assertEquals(await rounds.get("a"), first);
  assertEquals(await rounds.get("c"), undefined);
  assertEquals(await rounds.list(), [["a", first], ["b", second]]);
  await rounds.delete("a");
  assertEquals((await rounds.list()).map(([key]) => key), ["b"]);
});

Deno.test("typedStore() refuses a value that is not of its type, and keeps the one before", async () => {
  const { rounds } = made();
  await rounds.set("a", { number: 1, key: new Uint8Array() });
  const wrong = { number: 1.5, key: new Uint8Array() };
  const error = await assertRejects(() => rounds.set("a", wrong), MessageError, "round/a");
  assertEquals(error.code, "bad_payload");
  assertEquals((await rounds.get("a"))?.number, 1);
});

for (const text of ["{", "[]", '{"number":1}', '{"number":1,"key":"A"}']) {
  Deno.test(`typedStore() says what is wrong with ${text} in its file`, async () => {
    const { store, rounds } = made();
    await store.set("round/a", new TextEncoder().encode(text));
    const error = await assertRejects(() => rounds.get("a"), StoreError, "round/a");
    assertEquals(error.code, "unreadable");
  });
}

Deno.test("typedStore() makes a change one of a handler's effects where it is asked to", async () => {
  const { store, rounds } = made();
  const effects = new PendingEffects();
  await rounds.set("a", { number: 1, key: new Uint8Array() }, effects);
  await rounds.delete("b", effects);
  assertEquals(await rounds.get("a"), undefined);
  assertEquals(effects.changesTo(store).map(({ key, value }) => [key, value !== undefined]), [
    ["round/a", true],
    ["round/b", false],
  ]);
});
