import { assertEquals, assertThrows } from "@std/assert";
import { PendingEffects } from "../../../runtime/primitives/effects.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ServiceStore, StoreError } from "../../../runtime/primitives/store.ts";
import { note } from "../../helpers/kinds.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("PendingEffects are the last change to each key, as the values were when they were set", () => {
  const effects = new PendingEffects();
  const value = bytes(1);
  effects.set("a", value);
  value[0] = 9;
  effects.set("b", bytes(2));
  effects.set("b", bytes(3));
  effects.set("c", bytes(4));
  effects.delete("c");
  effects.delete("d");
  effects.set("d", bytes(5));
  const store = new ServiceStore(new MemoryStore(), "mine");
  assertEquals(effects.changesTo(store), [
    { space: "mine", key: "a", value: bytes(1) },
    { space: "mine", key: "b", value: bytes(3) },
    { space: "mine", key: "c", value: undefined },
    { space: "mine", key: "d", value: bytes(5) },
  ]);
  assertEquals(store.limits()[0].inUse(), 6, "they count as made");
});

Deno.test("PendingEffects that change nothing ask the store for nothing", () => {
  const effects = new PendingEffects();
  effects.emit(note.draft({ text: "one" }));
  effects.emit(note.draft({ text: "two" }));
  assertEquals(effects.changesTo(new ServiceStore(new MemoryStore(), "mine")), []);
  assertEquals(effects.drafts.map(({ payload }) => payload), [{ text: "one" }, { text: "two" }]);
});

Deno.test("PendingEffects that a store has no room for, or whose key is none, count for nothing", () => {
  const store = new ServiceStore(new MemoryStore(), "mine", 10);
  for (const [key, code] of [["k", "store_full"], ["", "bad_key"], ["\ud800", "bad_key"]] as const) {
    const effects = new PendingEffects();
    effects.set("fits", bytes(1));
    effects.set(key, new Uint8Array(10));
    assertEquals(assertThrows(() => effects.changesTo(store), StoreError).code, code);
    assertEquals(store.limits()[0].inUse(), 0);
  }
});
