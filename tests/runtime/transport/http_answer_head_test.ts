import { assert, assertEquals, assertMatch } from "@std/assert";
import { type AnswerHead, readAnswerHead } from "../../../runtime/transport/http_answer_head.ts";
import { bytesOf } from "../../helpers/raw_server.ts";

/** What a head says: its status, how long its body is, and what else is not as usual. */
type Said = Partial<Pick<AnswerHead, "closes" | "retryAfter">> & {
  readonly body: number | "chunks" | "the end of the connection";
  readonly status?: number;
};

const OK = "HTTP/1.1 200 OK";

const understood: [lines: string[], said: Said][] = [
  [[OK, "content-length: 5"], { body: 5 }],
  [[OK, "Content-Length:\t 5 \t"], { body: 5 }],
  [[OK, "content-length: 0"], { body: 0 }],
  [[OK, "content-length: 999999999999999"], { body: 999_999_999_999_999 }],
  [[OK, "x-content-length: 7", "content-length: 5", "x: content-length: 6"], { body: 5 }],
  [["HTTP/1.1 200", "content-length: 5"], { body: 5 }],
  [["HTTP/1.1 599 \xff", "content-length: 5"], { status: 599, body: 5 }],
  [[OK, "transfer-encoding: chunked"], { body: "chunks" }],
  [[OK, "TRANSFER-ENCODING:Chunked "], { body: "chunks" }],
  [[OK], { body: "the end of the connection", closes: true }],
  [["HTTP/1.0 200 OK"], { body: "the end of the connection", closes: true }],
  [["HTTP/1.0 200 OK", "content-length: 5", "connection: keep-alive"], { body: 5, closes: true }],
  [[OK, "content-length: 5", "connection: Close"], { body: 5, closes: true }],
  [[OK, "content-length: 5", "connection: keep-alive", "connection: x , close"], { body: 5, closes: true }],
  [[OK, "content-length: 5", "connection: closed, disclose"], { body: 5 }],
  [["HTTP/1.1 204 No Content"], { status: 204, body: 0 }],
  [["HTTP/1.1 204 No Content", "content-length: 5"], { status: 204, body: 0 }],
  [["HTTP/1.1 304 Not Modified", "content-length: 5"], { status: 304, body: 0 }],
  [["HTTP/1.1 304 Not Modified", "transfer-encoding: chunked"], { status: 304, body: 0 }],
  [
    ["HTTP/1.1 503 Busy", "content-length: 0", "retry-after:  7 "],
    { status: 503, body: 0, retryAfter: "7" },
  ],
];

const head = (lines: readonly string[]) => readAnswerHead(bytesOf(`${lines.join("\r\n")}\r\n\r\n`));

for (const [lines, { body, ...said }] of understood) {
  Deno.test(`readAnswerHead() understands ${JSON.stringify(lines)}`, () => {
    const read = head(lines);
    assert(typeof read !== "string", `it said: ${read}`);
    const { frame, ...others } = read;
    assertEquals(others, { status: 200, retryAfter: undefined, closes: false, ...said });
    assertEquals(frame === undefined, body === "the end of the connection");
    if (typeof body === "number") {
      assertEquals([frame!.isDone, frame!.take(new Uint8Array(6))], [
        body === 0,
        Math.min(body, 6),
      ]);
    }
    if (body === "chunks") assertEquals(frame!.take(bytesOf("1\r\na\r\n0\r\n\r\n!")), 11);
  });
}

const refused: Record<string, [why: RegExp, ...heads: string[][]]> = {
  "something else than HTTP/1": [
    /does not speak HTTP\/1\.1/,
    ["HTTP/2 200 OK"],
    ["HTTP/1.2 200 OK"],
    ["http/1.1 200 OK"],
    ["HTTP/1.1  200 OK"],
    ["HTTP/1.1 20 OK"],
    ["HTTP/1.1 2000 OK"],
    ["HTTP/1.1 099 OK"],
    ["HTTP/1.1 600 OK"],
    [" HTTP/1.1 200 OK"],
    ["ICY 200 OK"],
    ["220 mail.example ESMTP"],
  ],
  "lines that are no fields": [
    /a field of its answer is no name and value/,
    [OK, "no colon"],
    [OK, ": no name"],
    [OK, "content-length : 5"],
    [OK, " content-length: 5"],
    [OK, "x: folded", " content-length: 5"],
    [OK, "x: folded", "\tcontent-length: 5"],
    [OK, "n\xe4me: value"],
    [OK, "content-length: 5", "", "x: y"],
  ],
  "two ways to say where it ends": [
    /says twice where it ends/,
    [OK, "content-length: 5", "content-length: 5"],
    [OK, "content-length: 5", "Content-Length: 6"],
    [OK, "content-length: 5", "transfer-encoding: chunked"],
    [OK, "transfer-encoding: chunked", "x: y", "content-length: 5"],
    [OK, "transfer-encoding: chunked", "transfer-encoding: chunked"],
    ["HTTP/1.1 204 No Content", "content-length: 0", "transfer-encoding: chunked"],
  ],
  "lengths that are none": [
    /length of its answer is no number/,
    ...["", "-1", "+5", "5, 5", "5 5", "0x5", "5.0", "1e3", "five", "\xa05", "5\x0b", "1".repeat(16)]
      .map((length) => [OK, `content-length: ${length}`]),
  ],
  "codings other than chunks": [
    /transfer coding of its answer is unknown/,
    ...["", "gzip", "gzip, chunked", "chunked, chunked", "identity", "chunked;q=1", "\xa0chunked"]
      .map((coding) => [OK, `transfer-encoding: ${coding}`]),
  ],
};

for (const [says, [why, ...heads]] of Object.entries(refused)) {
  for (const lines of heads) {
    Deno.test(`readAnswerHead() refuses ${says}: ${JSON.stringify(lines)}`, () => {
      const read = head(lines);
      assert(typeof read === "string", `it understood ${JSON.stringify(read)}`);
      assertMatch(read, why);
    });
  }
}
