import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { nextTurn } from "../../../runtime/primitives/event_loop.ts";
import { settled } from "../../../runtime/testing/virtual_clock.ts";
import { type ConnectionOwner, HttpConnection } from "../../../runtime/transport/http_connection.ts";
import { HttpExchange } from "../../../runtime/transport/http_exchange.ts";
import type { HttpAnswer } from "../../../runtime/transport/http_receipt.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { lacking } from "../../helpers/permissions.ts";
import {
  bytesOf,
  type RawPeer,
  RawServer,
  type Script,
  ScriptedWire,
  until,
} from "../../helpers/raw_server.ts";

const BYTES_MAX = 100_000;
const REQUEST = bytesOf("POST / HTTP/1.1\r\nhost: bob\r\ncontent-length: 0\r\n\r\n");
const HI = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
const TOO_LARGE = "HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n";
/** More than any socket takes at once. */
const LONG_BYTES = 16_000_000;
const textOf = ({ body }: HttpAnswer) => new TextDecoder("latin1").decode(body);
const bytewise = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));

/** A request of so many bytes. */
function postOf(length: number): Uint8Array<ArrayBuffer> {
  if (length === REQUEST.length) return REQUEST;
  const head = "POST / HTTP/1.1\r\nhost: bob\r\ncontent-length: ";
  const request = new Uint8Array(length);
  request.set(bytesOf(`${head}${length - head.length - 12}\r\n\r\n`));
  return request;
}

/** How a connection fares. */
type Fate = "busy" | "idle" | "closed";

/** Notes how a connection fares. */
class Owner implements ConnectionOwner {
  fate: Fate = "busy";
  onIdle(): void {
    this.fate = "idle";
  }
  onClosed(): void {
    assert(this.fate !== "closed");
    this.fate = "closed";
  }
}

function exchangeWith(peer = "bob", bytesMax = BYTES_MAX): HttpExchange {
  const exchange = new HttpExchange(peer, bytesMax, () => {}, {});
  exchange.answer.catch(() => {}); // Whoever asserts it may come later.
  return exchange;
}

/** Sends a request over a wire, and tells what comes of it and of the connection. */
async function ask(script: Script): Promise<{ answer: HttpAnswer | MeshError; fate: Fate }> {
  const owner = new Owner();
  const connection = new HttpConnection(new ScriptedWire(script), owner);
  const exchange = exchangeWith();
  connection.send(REQUEST, exchange);
  const answer = await exchange.answer.catch((error: MeshError) => error);
  if (script.then instanceof Error || script.then === "end") await connection.ended;
  await settled();
  const { fate } = owner;
  connection.close();
  await connection.ended;
  return { answer, fate };
}

const answers: Record<string, [wire: string, body: string, fate: Fate, status?: number]> = {
  "of a stated length": [HI, "hi", "idle"],
  "without a body": ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "", "idle"],
  "in chunks": [
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
    "hi",
    "idle",
  ],
  "that asks to close": [
    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
    "hi",
    "closed",
  ],
  "of HTTP/1.0": ["HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", "hi", "closed"],
  "that says 204 and a length": ["HTTP/1.1 204 No\r\ncontent-length: 2\r\n\r\n", "", "idle", 204],
  "that says 304 and a length": ["HTTP/1.1 304 No\r\ncontent-length: 2\r\n\r\n", "", "idle", 304],
  "behind interim ones": [
    `${"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: </x>\r\n\r\n".repeat(200)}${HI}`,
    "hi",
    "idle",
  ],
  "with a head of 16 KiB": [
    HI.replace("content", `x: ${"y".repeat(16_384 - HI.length - 3)}\r\ncontent`),
    "hi",
    "idle",
  ],
  "before bytes that nobody asked for": [`${HI}HTTP/1.1 200 OK\r\n`, "hi", "closed"],
  "that says 204 and has a body": ["HTTP/1.1 204 No\r\ncontent-length: 2\r\n\r\nhi", "", "closed", 204],
};

for (const [says, [wire, body, fate, status = 200]] of Object.entries(answers)) {
  Deno.test(`HttpConnection reads an answer ${says}, at once and byte by byte`, async () => {
    const bytes = bytesOf(wire);
    for (const parts of [[bytes], bytewise(bytes)]) {
      const { answer, ...rest } = await ask({ parts });
      assert(!(answer instanceof Error), String(answer));
      assertEquals([answer.status, textOf(answer), rest.fate], [status, body, fate]);
    }
  });
}

const failures: Record<string, [wire: string, why: RegExp, then?: Script["then"]]> = {
  "when nothing comes": ["", /closed the connection/, "end"],
  "when it is reset": ["", /reset/, new Error("reset by peer")],
  "within a head": ["HTTP/1.1 200 OK\r\ncontent-le", /closed the connection/, "end"],
  "behind an interim answer": ["HTTP/1.1 100 Continue\r\n\r\n", /closed the connection/, "end"],
  "within a body": [HI.slice(0, -1), /closed the connection/, "end"],
  "within a chunk": [
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhi",
    /closed the connection/,
    "end",
  ],
  "before the last chunk": [
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n",
    /closed the connection/,
    "end",
  ],
  "when a body without an end is reset": ["HTTP/1.1 200 OK\r\n\r\nhi", /reset/, new Error("reset by peer")],
  "at a broken chunk": ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n", /chunks .* broken/],
  "at a bare line feed": ["HTTP/1.1 200 OK\ncontent-length: 0\n\n", /HTTP\/1\.1/],
  "at an empty line before the head": [`\r\n${HI}`, /HTTP\/1\.1/],
  "at two lengths": ["HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n", /twice/],
  "at 101": ["HTTP/1.1 101 Go\r\nupgrade: x\r\n\r\n", /something else/],
  "at a head that never ends": [`HTTP/1.1 200 OK\r\n${"x: yyyy\r\n".repeat(2_000)}`, /more than 16384 bytes/],
  "at a field that never ends": [`HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}`, /more than 16384 bytes/],
  "at a head of more than 16 KiB": [
    HI.replace("content", `x: ${"y".repeat(16_385 - HI.length - 3)}\r\ncontent`),
    /more than 16384 bytes/,
  ],
  "at interim answers without an end": ["HTTP/1.1 100 Go on\r\n\r\n".repeat(1_000), /more than 16384 bytes/],
  "at a length that is too large": [
    `HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n${"x".repeat(BYTES_MAX + 1)}`,
    /more than 100000 bytes/,
  ],
  "at chunks that hold too much": [
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${"8\r\nabcdefgh\r\n".repeat(BYTES_MAX / 8 + 1)}`,
    /more than 100000 bytes/,
  ],
  "at a body without an end that holds too much": [
    `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(BYTES_MAX + 1)}`,
    /more than 100000 bytes/,
  ],
};

for (const [says, [wire, why, then]] of Object.entries(failures)) {
  Deno.test(`HttpConnection fails ${says}, at once and byte by byte`, async () => {
    const bytes = bytesOf(wire);
    for (const parts of [bytes.length > 0 ? [bytes] : [], bytewise(bytes)]) {
      const { answer, fate } = await ask({ parts, then });
      assert(answer instanceof MeshError && answer.code === "unreachable", String(answer));
      assertMatch(answer.message, why);
      assertEquals(fate, "closed");
    }
  });
}

/** An answer as a sound server may frame it, with the body that it carries. */
interface Framed {
  readonly status: number;
  readonly interim: string[];
  readonly fields: string[];
  readonly framing: "length" | "chunked" | "end";
  readonly body: Uint8Array<ArrayBuffer>;
  readonly chunk: number;
}

const anyAnswer: fc.Arbitrary<Framed> = fc.record({
  status: fc.constantFrom(200, 202, 400, 413, 503),
  interim: fc.array(fc.constantFrom("100 Continue", "103 Early Hints\r\nlink: <x>"), { maxLength: 3 }),
  fields: fc.array(fc.constantFrom("x: y", "X-Empty:", "date: today"), { maxLength: 3 }),
  framing: fc.constantFrom<Framed["framing"][]>("length", "chunked", "end"),
  body: fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.integer({ max: 90_000, min: 0 }).map(patterned)),
  chunk: fc.integer({ min: 1, max: 20_000 }),
});

function patterned(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => index % 251);
}

function wireOf({ status, interim, fields, framing, body, chunk }: Framed): Uint8Array {
  const framed: Record<Framed["framing"], [field: string[], body: Uint8Array[]]> = {
    length: [[`content-length: ${body.length}`], [body]],
    end: [[], [body]],
    chunked: [["transfer-encoding: chunked"], [...chunks(body, chunk), bytesOf("0\r\n\r\n")]],
  };
  const [field, parts] = framed[framing];
  const before = interim.map((line) => `HTTP/1.1 ${line}\r\n\r\n`).join("");
  const head = `${before}${[`HTTP/1.1 ${status} So`, ...fields, ...field].join("\r\n")}\r\n\r\n`;
  return new Uint8Array([bytesOf(head), ...parts].flatMap((part) => [...part]));
}

function* chunks(body: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += size) {
    const data = body.subarray(at, at + size);
    yield* [bytesOf(`${data.length.toString(16)}\r\n`), data, bytesOf("\r\n")];
  }
}

Deno.test("HttpConnection reads any answer the same, wherever it is cut", async () => {
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(anyAnswer, places, async (sent, places) => {
      const wire = wireOf(sent);
      const at = places.map((place) => Math.floor(place * wire.length)).sort((a, b) => a - b);
      const parts = [0, ...at].map((start, index) => wire.subarray(start, [...at, wire.length][index]))
        .filter(({ length }) => length > 0);
      const { answer, fate } = await ask({ parts, then: sent.framing === "end" ? "end" : "silence" });
      assert(!(answer instanceof Error), String(answer));
      assertEquals([answer.status, fate], [sent.status, sent.framing === "end" ? "closed" : "idle"]);
      assertEquals(answer.body, sent.body);
    }),
    { numRuns: 150 },
  );
});

Deno.test("HttpConnection reads the answer to a request that could not be written, and closes", async () => {
  const { answer, fate } = await ask({ parts: [bytesOf(TOO_LARGE)], breaks: true });
  assertEquals([(answer as HttpAnswer).status, fate], [413, "closed"]);
});

Deno.test("HttpConnection fails when a request could not be written and nothing comes back", async () => {
  const { answer, fate } = await ask({ parts: [], then: "end", breaks: true });
  assertEquals([(answer as MeshError).code, fate], ["unreachable", "closed"]);
});

Deno.test("HttpExchange hears nothing after its end, and leaves its connection to others", async () => {
  const owner = new Owner();
  const connection = new HttpConnection(new ScriptedWire({ parts: [bytesOf(HI)] }), owner);
  const exchange = exchangeWith();
  connection.send(REQUEST, exchange);
  assertEquals(textOf(await exchange.answer), "hi");
  exchange.fail(new Error("too late"));
  assertEquals([exchange.hasFailed, owner.fate], [false, "idle"]);
  connection.close();
  await connection.ended;
});

Deno.test("HttpExchange keeps an answer of many parts in little more than its bytes", async () => {
  const exchange = exchangeWith("bob", 500_000);
  const before = Deno.memoryUsage();
  for (let count = 0; count < 500_000; count++) exchange.onData(REQUEST.subarray(0, 1));
  const after = Deno.memoryUsage();
  exchange.onEnd();
  const { body } = await exchange.answer;
  assertEquals([body.length, body.every((byte) => byte === REQUEST[0])], [500_000, true]);
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  assert(grown < 40_000_000, `${grown} bytes`); // A hundred times as many if each part had an array.
});

Deno.test("HttpExchange bounds what it keeps as one answer, and what it hands on as all that were asked for", async () => {
  for (const [status, bytesMax] of [[200, 30], [500, 10]]) {
    let handed = 0;
    const exchange = new HttpExchange("bob", 10, () => {}, {
      answers: 3,
      onPart: ({ length }) => void (handed += length),
    });
    exchange.onHead(status, undefined);
    for (let count = 0; count < bytesMax; count++) exchange.onData(Uint8Array.of(1));
    assertEquals([exchange.hasFailed, handed], [false, status === 200 ? 30 : 0]);
    exchange.onData(Uint8Array.of(1));
    await assertRejects(() => exchange.answer, MeshError, `more than ${bytesMax} bytes`);
  }
});

/** Connects to a server; what is said to it is read by hand. */
async function withServer(
  fn: (connection: HttpConnection, peer: RawPeer, owner: Owner) => Promise<void>,
): Promise<void> {
  using server = new RawServer();
  const owner = new Owner();
  const accepting = server.accept();
  const connection = new HttpConnection(
    await Deno.connect({ hostname: "127.0.0.1", port: server.port }),
    owner,
  );
  await fn(connection, await accepting, owner);
  connection.close();
  await connection.ended;
}

function test(says: string, fn: Parameters<typeof withServer>[0]): void {
  Deno.test({ name: `HttpConnection ${says}`, ignore: lacking("net"), fn: () => withServer(fn) });
}

test("bears requests one after another, each with its own answer", async (connection, peer, owner) => {
  for (const body of ["one", "two", "six"]) {
    const exchange = exchangeWith();
    connection.send(REQUEST, exchange);
    assertEquals([owner.fate, connection.isBusy], ["busy", true]);
    assertEquals(bytesOf((await peer.request())!), REQUEST);
    await peer.write(
      `${"HTTP/1.1 100 Go on\r\n\r\n".repeat(400)}${HI.replace("2\r\n\r\nhi", `3\r\n\r\n${body}`)}`,
    );
    assertEquals(textOf(await exchange.answer), body);
    await until(() => owner.fate === "idle");
    owner.fate = "busy";
  }
});

test("is closed when the other side closes it while it is idle", async (connection, peer, owner) => {
  peer[Symbol.dispose]();
  await connection.ended;
  assertEquals(owner.fate, "closed");
});

for (const unasked of [HI, "\r\n", "\0"]) {
  test(`closes when ${JSON.stringify(unasked)} comes unasked`, async (connection, peer, owner) => {
    const exchange = exchangeWith();
    connection.send(REQUEST, exchange);
    await peer.write(HI);
    await exchange.answer;
    await until(() => owner.fate === "idle");
    await peer.write(unasked);
    await connection.ended;
    await peer.closed();
    assertEquals(owner.fate, "closed");
  });
}

test("is idle again only when all of a request was written", async (connection, peer, owner) => {
  const exchange = exchangeWith();
  connection.send(postOf(LONG_BYTES), exchange);
  await peer.some();
  await peer.write(TOO_LARGE);
  assertEquals((await exchange.answer).status, 413);
  for (let turn = 0; turn < 20; turn++) await settled();
  assertEquals([owner.fate, connection.isBusy], ["busy", false]);
  assertEquals((await peer.request())?.length, LONG_BYTES);
  await until(() => owner.fate === "idle");
});

test(
  "closes at what comes behind an answer to a request not written yet",
  async (connection, peer, owner) => {
    const exchange = exchangeWith();
    connection.send(postOf(LONG_BYTES), exchange);
    await peer.some();
    await peer.write(TOO_LARGE);
    await exchange.answer;
    await peer.write(TOO_LARGE);
    await connection.ended;
    assertEquals(owner.fate, "closed");
  },
);

for (const answer of ["", "HTTP/1.1 200 O", HI.slice(0, -1), "HTTP/1.1 200 OK\r\n\r\nhi"]) {
  for (const size of [REQUEST.length, LONG_BYTES]) {
    const when = `behind ${JSON.stringify(answer)} with ${size} bytes to write`;
    test(`closes when its request is given up ${when}`, async (connection, peer, owner) => {
      const exchange = exchangeWith();
      connection.send(postOf(size), exchange);
      await peer.some();
      await peer.write(answer);
      for (let turn = 0; turn < 5; turn++) await settled();
      exchange.fail(new Error("changed my mind"));
      assertEquals(owner.fate, "closed");
      await assertRejects(() => exchange.answer, Error, "changed my mind");
      await connection.ended;
      await peer.closed();
    });
  }
}

Deno.test("HttpConnection gives others their turn while an answer comes of which there is always more", async () => {
  const head = bytesOf("HTTP/1.1 200 OK\r\ncontent-length: 64\r\n\r\n");
  const turnsFor = async (parts: Uint8Array[]) => {
    let [turns, isOver] = [0, false];
    const asked = ask({ parts: [head, ...parts] }).finally(() => isOver = true);
    for (; !isOver; turns++) await nextTurn();
    assertEquals(textOf((await asked).answer as HttpAnswer), "a".repeat(64));
    return turns;
  };
  const body = bytesOf("a".repeat(64));
  assert(await turnsFor(bytewise(body)) - await turnsFor([body]) >= 6);
});
