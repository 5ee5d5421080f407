import { assertEquals } from "@std/assert";
import { concatBytes, ownBytes } from "../../utilities/bytes.ts";

Deno.test("concatBytes() puts parts one behind the other, in memory of their own", () => {
  const parts = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];
  const whole = concatBytes(parts);
  parts[0][0] = 9;
  assertEquals(whole, Uint8Array.of(1, 2, 3));
  assertEquals(concatBytes([]), new Uint8Array(0));
});

Deno.test("ownBytes() copies a part of more, and nothing else", () => {
  const whole = Uint8Array.of(1, 2, 3);
  const part = whole.subarray(1);
  assertEquals([ownBytes(whole) === whole, ownBytes(part) === part], [true, false]);
  assertEquals([ownBytes(part), ownBytes(part).buffer.byteLength], [Uint8Array.of(2, 3), 2]);
});
