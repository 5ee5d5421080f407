import { assertEquals, assertThrows } from "@std/assert";
import { blockMemory } from "../../../runtime/memory.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { BLOCKS_MAX, PeerBlocks } from "../../../runtime/primitives/peer_blocks.ts";
import { PeerError } from "../../../runtime/primitives/peer_error.ts";

Deno.test("PeerBlocks blocks a peer once, with its address, and unblocks it", () => {
  const blocks = new PeerBlocks();
  assertEquals([blocks.add({ id: "a", address: "http://10.0.0.1:1" }), blocks.add({ id: "a" })], [
    true,
    false,
  ]);
  assertEquals([blocks.has("a"), blocks.has("b"), blocks.size], [true, false, 1]);
  assertEquals([blocks.hasAddress("http://10.0.0.1:1"), blocks.hasAddress("http://10.0.0.1:2")], [
    true,
    false,
  ]);
  assertEquals([blocks.remove("a"), blocks.remove("a"), blocks.has("a")], [true, false, false]);
  assertEquals(blocks.hasAddress("http://10.0.0.1:1"), false);
});

Deno.test("PeerBlocks learns an address later, and knows all of it after a restart", () => {
  const file = new MemoryStore();
  const blocks = new PeerBlocks(blockMemory(file));
  blocks.add({ id: "a" });
  assertEquals(blocks.add({ id: "a", address: "x" }), false);
  blocks.add({ id: "b" });
  blocks.add({ id: "c" });
  blocks.remove("c");
  const again = new PeerBlocks(blockMemory(file));
  assertEquals(again.all(), [{ id: "a", address: "x" }, { id: "b" }]);
  assertEquals(again.hasAddress("x"), true);
});

Deno.test("PeerBlocks keeps a place blocked as long as anybody who lived there is", () => {
  const blocks = new PeerBlocks();
  for (const id of ["a", "b"]) blocks.add({ id, address: "x" });
  blocks.remove("b");
  assertEquals(blocks.hasAddress("x"), true);
  blocks.remove("a");
  assertEquals(blocks.hasAddress("x"), false);
});

Deno.test("PeerBlocks says in vain what is no id, or one too many", () => {
  const blocks = new PeerBlocks();
  for (const id of ["", "a b", "../x", "é"]) {
    assertEquals(assertThrows(() => blocks.add({ id }), PeerError).code, "bad_id");
  }
  for (let count = 0; count < BLOCKS_MAX; count++) blocks.add({ id: `id${count}` });
  assertEquals(assertThrows(() => blocks.add({ id: "more" }), PeerError).code, "blocks_full");
  assertEquals(blocks.add({ id: "id1" }), false);
  const [limit] = blocks.limits();
  assertEquals([limit.inUse(), limit.max, limit.overflows()], [BLOCKS_MAX, BLOCKS_MAX, 1]);
});

Deno.test("PeerBlocks changes nothing that cannot be kept", () => {
  const full = () => {
    throw new Error("disk full");
  };
  const blocks = new PeerBlocks({ all: () => [{ id: "a" }], keep: full, forget: full });
  assertThrows(() => blocks.add({ id: "b" }), Error, "disk full");
  assertThrows(() => blocks.remove("a"), Error, "disk full");
  assertEquals(blocks.all(), [{ id: "a" }]);
});
