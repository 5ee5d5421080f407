import { assertEquals } from "@std/assert";
import {
  hostPort,
  isMeshAddress,
  isWildcard,
  meshAddressOf,
} from "../../../runtime/transport/mesh_address.ts";

const GOOD = [
  "http://127.0.0.1:7433",
  "http://localhost:1",
  "http://10.0.0.7:65535",
  "http://[::1]:7433",
  "http://[2001:db8::7]:7433",
  "http://10.0.0.7:80",
];

const BAD: Readonly<Record<string, string>> = {
  "no URL": "127.0.0.1:7433",
  "empty": "",
  "another scheme": "https://127.0.0.1:7433",
  "a file": "file:///etc/passwd",
  "no port": "http://127.0.0.1",
  "port 0": "http://127.0.0.1:0",
  "a port too large": "http://127.0.0.1:65536",
  "a leading zero in the port": "http://127.0.0.1:07433",
  "a slash at the end": "http://127.0.0.1:7433/",
  "a path": "http://127.0.0.1:7433/admin",
  "a query": "http://127.0.0.1:7433?x",
  "a fragment": "http://127.0.0.1:7433#x",
  "a user": "http://me@127.0.0.1:7433",
  "a user and a password": "http://me:pw@127.0.0.1:7433",
  "an empty user": "http://@127.0.0.1:7433",
  "a name": "http://example.com:7433",
  "a name that starts like a number": "http://127.0.0.1.example.com:7433",
  "a hexadecimal number": "http://0x7f.0.0.1:7433",
  "an octal number": "http://0177.0.0.1:7433",
  "one number": "http://2130706433:7433",
  "a short number": "http://127.1:7433",
  "IPv6 in another spelling": "http://[0:0:0:0:0:0:0:1]:7433",
  "IPv6 with a zone": "http://[fe80::1%25eth0]:7433",
  "white space before": " http://127.0.0.1:7433",
  "a line feed behind": "http://127.0.0.1:7433\n",
  "capitals": "HTTP://127.0.0.1:7433",
  "a backslash": "http:\\\\127.0.0.1:7433",
};

for (const address of GOOD) {
  Deno.test(`isMeshAddress() takes ${address}`, () => assertEquals(isMeshAddress(address), true));
}

for (const [what, address] of Object.entries(BAD)) {
  Deno.test(`isMeshAddress() refuses ${what}`, () => assertEquals(isMeshAddress(address), false));
}

Deno.test("meshAddressOf() writes what isMeshAddress() takes", () => {
  assertEquals(meshAddressOf("127.0.0.1", 7433), "http://127.0.0.1:7433");
  assertEquals(meshAddressOf("::1", 7433), "http://[::1]:7433");
});

Deno.test("hostPort() puts IPv6 into brackets", () => {
  assertEquals([hostPort("10.0.0.7", 1), hostPort("::1", 1)], ["10.0.0.7:1", "[::1]:1"]);
});

Deno.test("isWildcard() knows the numbers that mean every address", () => {
  assertEquals(["0.0.0.0", "::", "127.0.0.1", "::1"].map(isWildcard), [true, true, false, false]);
});
