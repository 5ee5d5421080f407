import { assertEquals } from "@std/assert";
import { KeyCache } from "../../utilities/_key_cache.ts";

const key = (byte: number) => new Uint8Array(32).fill(byte);

function counted(keysMax: number): { cache: KeyCache<string>; made: string[] } {
  const made: string[] = [];
  const cache = new KeyCache((bytes) => {
    made.push(`${bytes[0]}`);
    return `value ${bytes[0]}`;
  }, keysMax);
  return { cache, made };
}

Deno.test("KeyCache makes a value once for equal bytes", () => {
  const { cache, made } = counted(10);
  for (const byte of [1, 2, 1, 2, 1]) assertEquals(cache.get(key(byte)), `value ${byte}`);
  assertEquals(made, ["1", "2"]);
});

Deno.test("KeyCache keeps what is in use and forgets the rest", () => {
  const { cache, made } = counted(4);
  for (const byte of [1, 2, 1, 3, 1, 4, 1, 5, 1, 6, 1]) cache.get(key(byte));
  assertEquals(made, ["1", "2", "3", "4", "5", "6"]);
  cache.get(key(2));
  assertEquals(made.at(-1), "2");
});

Deno.test("KeyCache never remembers more than keysMax keys", () => {
  const { cache, made } = counted(4);
  for (let byte = 0; byte < 100; byte++) cache.get(key(byte));
  made.length = 0;
  for (let byte = 99; byte >= 0; byte--) cache.get(key(byte));
  assertEquals(100 - made.length <= 4, true, `${100 - made.length} were remembered`);
});

Deno.test("KeyCache does not remember what failed", () => {
  let calls = 0;
  const cache = new KeyCache(() => {
    if (++calls === 1) throw new Error("not this time");
    return "value";
  }, 4);
  let failure = "";
  try {
    cache.get(key(1));
  } catch (error) {
    failure = String(error);
  }
  assertEquals(failure, "Error: not this time");
  assertEquals(cache.get(key(1)), "value");
});
