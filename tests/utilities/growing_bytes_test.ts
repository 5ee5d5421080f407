import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { GrowingBytes } from "../../utilities/growing_bytes.ts";

Deno.test("GrowingBytes puts parts together as they come, whatever becomes of them later", () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 });
  fc.assert(fc.property(parts, (parts) => {
    const all = parts.flatMap((part) => [...part]);
    const bytes = new GrowingBytes(all.length);
    for (const part of parts) {
      bytes.add(part);
      part.fill(0);
    }
    assertEquals([bytes.length, [...bytes.whole]], [all.length, all]);
  }));
});

Deno.test("GrowingBytes makes no more room than may come, and none beyond a single part", () => {
  const bytes = new GrowingBytes(5);
  bytes.add(Uint8Array.of(1, 2, 3));
  assertEquals(bytes.whole.buffer.byteLength, 3);
  bytes.add(Uint8Array.of(4));
  assertEquals([bytes.whole.buffer.byteLength, bytes.whole], [5, Uint8Array.of(1, 2, 3, 4)]);
});
