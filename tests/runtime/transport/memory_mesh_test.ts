import { assertEquals } from "@std/assert";
import { memoryAddress, MemoryMesh, testMeshTransport } from "../../../runtime/testing/mod.ts";

testMeshTransport("memory", () => ({ join: new MemoryMesh().join }));

Deno.test("memoryAddress() is the id behind the scheme", () => {
  assertEquals(memoryAddress("abc"), "memory:abc");
});
