import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { createDialRule, isLoopback, isRange, LOOPBACK_RANGES } from "../../../runtime/process/allow_list.ts";

const cases: [range: string, address: string, isIn: boolean][] = [
  ["10.0.0.0/8", "http://10.0.0.0:1", true],
  ["10.0.0.0/8", "http://10.255.255.255:65535", true],
  ["10.0.0.0/8", "http://11.0.0.0:1", false],
  ["10.0.0.0/8", "http://9.255.255.255:1", false],
  ["10.1.2.3/8", "http://10.9.9.9:80", true],
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
  // An address has one spelling.
  ["127.0.0.0/8", "http://[::ffff:127.0.0.1]:1", false],
  ["127.0.0.0/8", "http://[::ffff:7f00:1]:1", false],
  ["::/0", "http://[::ffff:7f00:1]:1", false],
  ["127.0.0.0/8", "http://2130706433:1", false],
  ["10.0.0.0/8", "http://10.9.9.9", false],
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
  Deno.test(`createDialRule() of ${range} ${isIn ? "has" : "lacks"} ${address || "nothing at all"}`, () => {
    assertEquals(createDialRule([range], { isLocal: true })(address) === undefined, isIn);
  });
}

Deno.test("createDialRule() is in any of its ranges, and in none where there are none", () => {
  const rule = createDialRule(["10.0.0.0/8", "::1/128"], { isLocal: true });
  assertEquals(rule("http://[::1]:7433"), undefined);
  assertEquals(createDialRule([])("http://10.0.0.1:7433"), "it lies in no range of --mesh-allow");
});

Deno.test("createDialRule() refuses what is no range", () => {
  assertThrows(() => createDialRule(["10.0.0.0/33"]), RangeError, "10.0.0.0/33");
});

Deno.test("createDialRule() lets no range make another nara's place of what is none, and says why", () => {
  const rule = createDialRule(["0.0.0.0/0", "::/0"], { isLocal: true });
  const refused: [address: string, why: string][] = [
    ["http://169.254.169.254:80", "it is the address of a cloud's metadata service"],
    ["http://[fd00:ec2::254]:80", "it is the address of a cloud's metadata service"],
    ["http://169.254.1.1:7433", "it is a link-local address"],
    ["http://[fe80::1]:7433", "it is a link-local address"],
    ["http://224.0.0.1:7433", "it is a multicast address"],
    ["http://[ff02::1]:7433", "it is a multicast address"],
    ["http://255.255.255.255:7433", "it is the address of everybody"],
    ["http://0.0.0.0:7433", "it is the address of nobody in particular"],
    ["http://[::]:7433", "it is the address of nobody in particular"],
    ["http://250.0.0.1:7433", "it is a reserved address"],
    ["http://[::ffff:a00:1]:7433", "it is an IPv4 address in the clothes of IPv6"],
    ["http://localhost:7433", "it is no http://NUMBER:PORT in its one spelling"],
  ];
  for (const [address, why] of refused) assertEquals(rule(address), why, address);
  assertEquals(rule("http://127.0.0.1:7433"), undefined);
});

Deno.test("createDialRule() allows this machine only to who listens on nothing else, whatever its ranges", () => {
  const ranges = ["0.0.0.0/0", "::/0", ...LOOPBACK_RANGES];
  for (const address of ["http://127.0.0.1:7433", "http://127.9.9.9:1", "http://[::1]:7433"]) {
    assertEquals(createDialRule(ranges, { isLocal: true })(address), undefined, address);
    const why = "it is an address of this machine itself, and this nara listens for others";
    assertEquals(createDialRule(ranges)(address), why);
  }
});

Deno.test("createDialRule() refuses where this nara itself listens", () => {
  const rule = createDialRule(["10.0.0.0/8"], {
    isOwn: ({ host, port }) => host === "10.0.0.7" && port === 1,
  });
  assertEquals(rule("http://10.0.0.7:1"), "this nara itself listens there");
  assertEquals([rule("http://10.0.0.7:2"), rule("http://10.0.0.8:1")], [undefined, undefined]);
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
