import { assertEquals, assertThrows } from "@std/assert";
import { type HttpPost, requestBytes } from "../../../runtime/transport/http_request.ts";
import { bytesOf } from "../../helpers/raw_server.ts";

const NOTHING = new Uint8Array(0);

const written: Record<string, [host: string, post: HttpPost, bytes: string]> = {
  "without a body": [
    "127.0.0.1:7433",
    { path: "/mesh/message", body: NOTHING },
    "POST /mesh/message HTTP/1.1\r\nhost: 127.0.0.1:7433\r\ncontent-length: 0\r\n\r\n",
  ],
  "with a body of any bytes": [
    "[::1]:7433",
    { path: "/", body: bytesOf("\x00\xff\r\n\r\n") },
    "POST / HTTP/1.1\r\nhost: [::1]:7433\r\ncontent-length: 6\r\n\r\n\x00\xff\r\n\r\n",
  ],
  "with headers, in which a character is a byte": [
    "bob",
    { path: "/", body: bytesOf("hi"), headers: { "x-name": "zo\xeb", "x-empty": "", "x-tab": "a\tb" } },
    "POST / HTTP/1.1\r\nhost: bob\r\nx-name: zo\xeb\r\nx-empty: \r\nx-tab: a\tb\r\ncontent-length: 2\r\n\r\nhi",
  ],
};

for (const [says, [host, post, bytes]] of Object.entries(written)) {
  Deno.test(`requestBytes() writes a request ${says}`, () => {
    assertEquals(requestBytes(host, post), bytesOf(bytes));
  });
}

for (const value of ["a\r\nx: b", "\r", "\n", "a\n", "\0", "\x7f", "\x1b[0m", "日本"]) {
  Deno.test(`requestBytes() refuses the header value ${JSON.stringify(value)}`, () => {
    const post = { path: "/", body: NOTHING, headers: { "x-name": value } };
    assertThrows(() => requestBytes("bob", post), TypeError, "x-name");
  });
}
