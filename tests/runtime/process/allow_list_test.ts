import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  createAllowList,
  isLoopback,
  isRange,
  LOOPBACK_RANGES,
} from "../../../runtime/process/allow_list.ts";

const cases: [range: string, address: string, isIn: boolean][] = [
  ["10.0.0.0/8", "http://10.0.0.0:1", true],
  ["10.0.0.0/8", "http://10.255.255.255:65535", true],
  ["10.0.0.0/8", "http://11.0.0.0:1", false],
  ["10.0.0.0/8", "http://9.255.255.255:1", false],
  ["10.1.2.3/8", "http://10.9.9.9", true],
  ["192.168.1.128/25", "http://192.168.1.128:1", true],
  ["192.168.1.128/25", "http://192.168.1.127:1", false],
  ["192.168.1.7", "http://192.168.1.7:1", true],
  ["192.168.1.7", "http://192.168.1.8:1", false],
  ["0.0.0.0/0", "http://8.8.8.8:1", true],
  ["0.0.0.0/0", "http://[::1]:1", false],
  ["::/0", "http://[2001:db8::1]:1", true],
  ["fd00::/8", "http://[fdff::1]:1", true],
  ["fd00::/8", "http://[fe00::1]:1", false],
  ["2001:db8::/33", "http://[2001:db8:7fff::1]:1", true],
  ["2001:db8::/33", "http://[2001:db8:8000::1]:1", false],
  ["::1/128", "http://[::1]:1", true],
  ["::1/128", "http://[::2]:1", false],
  // What a URL makes of an address is what is dialled.
  ["127.0.0.0/8", "http://[::ffff:127.0.0.1]:1", true],
  ["127.0.0.0/8", "http://2130706433:1", true],
  ["10.0.0.0/8", "http://0x7f.1:1", false],
  // No host names, no other protocols, no nonsense.
  ["127.0.0.0/8", "http://localhost:1", false],
  ["0.0.0.0/0", "http://example.com:1", false],
  ["0.0.0.0/0", "http://10.0.0.1.example.com:1", false],
  ["0.0.0.0/0", "https://10.0.0.1:1", false],
  ["0.0.0.0/0", "file:///10.0.0.1", false],
  ["0.0.0.0/0", "10.0.0.1:1", false],
  ["0.0.0.0/0", "", false],
];

for (const [range, address, isIn] of cases) {
  Deno.test(`createAllowList() of ${range} ${isIn ? "has" : "lacks"} ${address || "nothing at all"}`, () => {
    assertEquals(createAllowList([range])(address), isIn);
  });
}

Deno.test("createAllowList() is in any of its ranges, and in none where there are none", () => {
  assert(createAllowList(["10.0.0.0/8", "::1/128"])("http://[::1]:7433"));
  assertFalse(createAllowList([])("http://127.0.0.1:7433"));
});

Deno.test("createAllowList() refuses what is no range", () => {
  assertThrows(() => createAllowList(["10.0.0.0/33"]), RangeError, "10.0.0.0/33");
});

Deno.test("isRange() knows ranges from everything else", () => {
  for (const text of [...LOOPBACK_RANGES, "10.0.0.1", "::", "0.0.0.0/0"]) assert(isRange(text), text);
  const others = [
    "",
    "/",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "::1/129",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "localhost",
    "fe80::1%eth0",
  ];
  for (const text of [...others, "10.0.0.0/-1", "10.0.0.0/8 ", "010.0.0.1"]) assertFalse(isRange(text), text);
});

Deno.test("isLoopback() knows the machine itself", () => {
  for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "::1"]) assert(isLoopback(host), host);
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "example.com"]) assertFalse(isLoopback(host), host);
});
