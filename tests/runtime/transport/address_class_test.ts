import { assertEquals } from "@std/assert";
import {
  type AddressClass,
  classOf,
  ipBytes,
  isIn,
  parseRange,
} from "../../../runtime/transport/address_class.ts";

/** First and last numbers of each range, and what lies beside them. */
const CLASSES: readonly (readonly [host: string, name: AddressClass])[] = [
  ["0.0.0.0", "unspecified"],
  ["0.255.255.255", "unspecified"],
  ["1.0.0.0", "unicast"],
  ["10.0.0.7", "unicast"],
  ["100.100.100.200", "metadata"],
  ["126.255.255.255", "unicast"],
  ["127.0.0.0", "loopback"],
  ["127.255.255.255", "loopback"],
  ["128.0.0.0", "unicast"],
  ["168.63.129.16", "metadata"],
  ["169.253.255.255", "unicast"],
  ["169.254.0.0", "link_local"],
  ["169.254.169.253", "link_local"],
  ["169.254.169.254", "metadata"],
  ["169.254.170.2", "metadata"],
  ["169.254.255.255", "link_local"],
  ["169.255.0.0", "unicast"],
  ["192.0.0.192", "metadata"],
  ["192.168.1.1", "unicast"],
  ["223.255.255.255", "unicast"],
  ["224.0.0.0", "multicast"],
  ["239.255.255.255", "multicast"],
  ["240.0.0.0", "reserved"],
  ["255.255.255.254", "reserved"],
  ["255.255.255.255", "broadcast"],
  ["::", "unspecified"],
  ["::1", "loopback"],
  ["::2", "translated"],
  ["::7f00:1", "translated"],
  ["::ffff:7f00:1", "translated"],
  ["::ffff:0:7f00:1", "translated"],
  ["64:ff9b::7f00:1", "translated"],
  ["64:ff9b:1::1", "translated"],
  ["2001:0:1::1", "translated"],
  ["2001:db8::1", "unicast"],
  ["2002:7f00:1::1", "translated"],
  ["fc00::1", "unicast"],
  ["fd00:ec2::254", "metadata"],
  ["fd00:ec2::253", "unicast"],
  ["fe7f:ffff::1", "unicast"],
  ["fe80::1", "link_local"],
  ["febf:ffff::1", "link_local"],
  ["fec0::1", "reserved"],
  ["ff02::1", "multicast"],
];

for (const [host, name] of CLASSES) {
  Deno.test(`classOf() takes ${host} for ${name}`, () => assertEquals(classOf(ipBytes(host)!), name));
}

Deno.test("ipBytes() knows no spelling but the one that a URL writes", () => {
  assertEquals([...ipBytes("1.2.3.255")!], [1, 2, 3, 255]);
  assertEquals([...ipBytes("2001:db8::7")!], [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 7]);
  assertEquals(ipBytes("1:2:3:4:5:6:7:8")!.length, 16);
  const wrong = [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.256",
    "0x1.2.3.4",
    "1.2.3.4 ",
    "localhost",
    "::1::",
  ]
    .concat([
      ":",
      ":::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "::12345",
      "::g",
      "::1.2.3.4",
      "fe80::1%eth0",
    ]);
  for (const host of wrong) assertEquals(ipBytes(host), undefined, host);
});

Deno.test("isIn() compares as many bits as a range has, and never two families", () => {
  const cases: [host: string, range: string, isInside: boolean][] = [
    ["10.1.2.3", "0.0.0.0/0", true],
    ["10.1.2.3", "10.0.0.0/9", true],
    ["10.128.0.0", "10.0.0.0/9", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.2", "10.1.2.3/32", false],
    ["10.1.2.3", "::/0", false],
    ["::1", "0.0.0.0/0", false],
    ["2001:db8:8000::", "2001:db8:8000::/33", true],
    ["2001:db8:7fff::", "2001:db8:8000::/33", false],
  ];
  for (const [host, range, isInside] of cases) {
    assertEquals(isIn(ipBytes(host)!, parseRange(range)!), isInside, `${host} in ${range}`);
  }
});
