/**
 * What every `KeyValueFile` has to do, whatever it is made of.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { KeyValueFile } from "../../runtime/primitives/store.ts";

/** Runs `check` on an empty file, and clears up after it. */
export type WithStore = (check: (file: KeyValueFile) => void) => void;

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

/** Registers the suite; `label` begins the name of each test. */
export function testKeyValueFile(label: string, ignore: boolean, withStore: WithStore): void {
  const test: Register = (says, check) =>
    Deno.test({ name: `${label} ${says}`, ignore, fn: () => withStore(check) });
  testKeeping(test);
  testListing(test);
}

type Register = (says: string, check: (file: KeyValueFile) => void) => void;

function testKeeping(test: Register): void {
  test("finds nothing in what is empty", (file) => {
    assertEquals(file.get("a", "k"), undefined);
    assertEquals(file.list("a", ""), []);
    file.delete("a", "k");
  });

  test("gives back what was set, and the last of it", (file) => {
    file.setAll("a", [["k", bytes(1, 2)], ["empty", bytes()]]);
    assertEquals(file.get("a", "k"), bytes(1, 2));
    assertEquals(file.get("a", "empty"), bytes());
    file.setAll("a", [["k", bytes(3)], ["k", bytes(4)]]);
    assertEquals(file.get("a", "k"), bytes(4));
  });

  test("forgets what is deleted, and nothing else", (file) => {
    file.setAll("a", [["k", bytes(1)], ["kk", bytes(2)]]);
    file.delete("a", "k");
    assertEquals(file.get("a", "k"), undefined);
    assertEquals(file.list("a", ""), [["kk", bytes(2)]]);
  });

  test("keeps its spaces apart", (file) => {
    file.setAll("a", [["k", bytes(1)]]);
    file.setAll("b", [["k", bytes(2)]]);
    file.delete("b", "k");
    assertEquals(file.get("a", "k"), bytes(1));
    assertEquals(file.list("b", ""), []);
  });
}

function testListing(test: Register): void {
  test("lists by prefix, sorted as JavaScript sorts", (file) => {
    const keys = [
      "b",
      "p",
      "p:",
      "p:%",
      "p:\0",
      "p:\0\0",
      "p:a",
      "p:é",
      "p:\u{1F600}",
      "p:\uE000",
      "p_a",
      "q",
      "Ä",
    ];
    for (const key of keys.toReversed()) file.setAll("a", [[key, bytes(keys.indexOf(key))]]);
    const listed = (prefix: string) => file.list("a", prefix).map(([key, value]) => [key, value[0]]);
    const expected = (prefix: string) =>
      keys.filter((key) => key.startsWith(prefix)).sort().map((key) => [key, keys.indexOf(key)]);
    for (const prefix of ["", "p", "p:", "p_", "p:\0", "p:\u{1F600}", "x"]) {
      assertEquals(listed(prefix), expected(prefix), JSON.stringify(prefix));
    }
  });

  test("shares no memory with its caller", (file) => {
    const value = bytes(1);
    file.setAll("a", [["k", value]]);
    value[0] = 9;
    file.get("a", "k")![0] = 9;
    file.list("a", "")[0][1][0] = 9;
    assertEquals(file.get("a", "k"), bytes(1));
  });

  test("keeps large values and awkward names of spaces", (file) => {
    const value = Uint8Array.from({ length: 200_000 }, (_, index) => index * 7);
    file.setAll("service:'; DROP TABLE entries", [["k", value]]);
    assertEquals(file.get("service:'; DROP TABLE entries", "k"), value);
  });

  test("is closed twice without harm", (file) => {
    file[Symbol.dispose]();
  });
}
