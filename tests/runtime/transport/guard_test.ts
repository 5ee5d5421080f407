/** The guard's own parts; what it does to hostile clients is in tests/security. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { frameSaying } from "../../../runtime/testing/mesh_town.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { Guard } from "../../../runtime/transport/guard.ts";
import { Behind, GUARD_FIELD } from "../../../runtime/transport/guard_behind.ts";
import { GuardBuffer } from "../../../runtime/transport/guard_buffer.ts";
import { ChunkedFrame } from "../../../runtime/transport/http_framing.ts";
import { readHead } from "../../../runtime/transport/guard_head.ts";
import { HeadScan } from "../../../runtime/transport/http_head_scan.ts";
import { guardSettings } from "../../../runtime/transport/guard_options.ts";
import { type GuardPhase, GuardSeats, type Seated } from "../../../runtime/transport/guard_seats.ts";
import { openFront } from "../../../runtime/transport/http_front.ts";
import { RefusalCount } from "../../../runtime/transport/http_refusals.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { fills } from "../../helpers/limits.ts";
import { always, LOCAL } from "../../helpers/http_mesh.ts";
import { lacking } from "../../helpers/permissions.ts";
import { exchange, guardTest, PING, postHead, RawClient } from "../../helpers/raw_http.ts";
import { contentOf } from "../../helpers/temp_folder.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const MESH = { hostname: "127.0.0.1", bodyMs: 10_000 };

Deno.test("guardSettings() puts a guard wherever others than this machine could connect", () => {
  for (const hostname of ["127.0.0.1", "127.9.9.9", "localhost", "::1"]) {
    assertEquals(guardSettings(undefined, { ...MESH, hostname }), undefined, hostname);
  }
  for (const hostname of ["0.0.0.0", "::", "10.0.0.7", "128.0.0.1", "fd00::1", "127.evil.example"]) {
    assertEquals(guardSettings(undefined, { ...MESH, hostname })?.connectionsMax, 256, hostname);
    assertEquals(guardSettings(false, { ...MESH, hostname }), undefined);
  }
  assertEquals(guardSettings(true, MESH)?.headMs, 5_000);
  assertEquals(guardSettings({ headMs: 7, idleMs: undefined }, MESH), {
    ...guardSettings(true, MESH)!,
    headMs: 7,
  });
  assertThrows(() => guardSettings({ connectionsMax: 0 }, MESH), RangeError, "guard.connectionsMax");
});

/** Somebody who only sits. */
function guest(seats: GuardSeats, address?: string): Seated & { isGone: boolean } {
  return {
    address,
    phase: "head",
    isGone: false,
    end() {
      this.isGone = true;
      seats.leave(this);
    },
  };
}

Deno.test("GuardSeats clears heads first, then bodies, then answers, and never whom it works for", () => {
  const seats = new GuardSeats({ connectionsMax: 4, addressConnectionsMax: 9 });
  const phases: GuardPhase[] = ["work", "answer", "body", "head"];
  const guests = phases.map(() => guest(seats));
  for (const [index, each] of guests.entries()) {
    assert(seats.take(each));
    seats.move(each, phases[index]);
  }
  const gone = () => guests.flatMap(({ isGone }, index) => isGone ? [phases[index]] : []);
  for (const expected of [["head"], ["body", "head"], ["answer", "body", "head"]]) {
    const next = guest(seats);
    assert(seats.take(next));
    seats.move(next, "work");
    assertEquals(gone(), expected);
  }
  assertEquals(seats.take(guest(seats)), false);
  assertEquals(seats.limits()[0].inUse(), 4);
});

Deno.test("GuardSeats bounds addresses apart, and clears only seats of the same one", () => {
  const seats = new GuardSeats({ connectionsMax: 100, addressConnectionsMax: 2 });
  const [other, first, second, third] = ["b", "a", "a", "a"].map((address) => guest(seats, address));
  for (const each of [other, first, second, third]) assert(seats.take(each));
  assertEquals([other, first, second, third].map(({ isGone }) => isGone), [false, true, false, false]);
  for (const each of [second, third]) seats.move(each, "work");
  assertEquals(seats.take(guest(seats, "a")), false);
  assertEquals(seats.limits()[1].inUse(), 2);
  for (const each of [other, second, third]) each.end();
  assertEquals(seats.limits().map((limit) => limit.inUse()), [0, 0]);
});

for (const index of [0, 1]) {
  Deno.test(`GuardSeats keeps its bound ${index + 1} of 2, and counts past it`, async () => {
    const seats = new GuardSeats({ connectionsMax: index ? 99 : 5, addressConnectionsMax: 5 });
    await fills(seats.limits()[index], () => void seats.take(guest(seats, index ? "a" : undefined)));
  });
}

/** All of `bytes` in pieces of random length. */
function* pieces(bytes: Uint8Array, random: SeededRandom): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(random.next() ** 2 * 9);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

Deno.test("ChunkedFrame finds the same end however the bytes are cut", () => {
  const random = new SeededRandom(1);
  for (let round = 0; round < 300; round++) {
    const sizes = Array.from(
      { length: Math.floor(random.next() * 5) },
      () => 1 + Math.floor(random.next() * 40),
    );
    const text = sizes.map((size) => `${size.toString(16)}\r\n${"\r\n0".repeat(size).slice(0, size)}\r\n`)
      .join("");
    const body = encoder.encode(`${text}0\r\n\r\n`);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const frame = new ChunkedFrame(total);
    let taken = 0;
    for (const piece of pieces(encoder.encode(`${text}0\r\n\r\nGET /`), random)) taken += frame.take(piece);
    assertEquals([frame.isDone, frame.problem, taken], [true, undefined, body.length]);
    const small = new ChunkedFrame(total - 1);
    for (const piece of pieces(body, random)) small.take(piece);
    assertEquals(small.problem, total > 0 ? "too_large" : small.problem);
  }
});

Deno.test("HeadScan finds the same end however the bytes are cut", () => {
  const random = new SeededRandom(2);
  const head = encoder.encode("GET /ping HTTP/1.1\r\nhost: bob\r\nx:\r\nx-a: \tb\r\n\r\n");
  const all = new Uint8Array([...head, 0, 10, 13]);
  for (let round = 0; round < 300; round++) {
    const scan = new HeadScan();
    let length = 0;
    let progress = scan.scan(all.subarray(0, 0));
    for (const piece of pieces(all, random)) {
      length += piece.length;
      progress = scan.scan(all.subarray(0, length));
      if (progress !== "more") break;
    }
    assertEquals([progress, scan.length], ["whole", head.length]);
  }
});

Deno.test("GuardBuffer cuts fields out and puts its own in, and all else stays in order", () => {
  const random = new SeededRandom(3);
  for (let round = 0; round < 300; round++) {
    const kept = Array.from({ length: 6 }, (_, index) => `x-${index}: ${"v".repeat(random.next() * 30)}\r\n`);
    const lines = kept.flatMap((line) => random.next() < 0.3 ? [line, `${GUARD_FIELD}: mine\r\n`] : [line]);
    const first = "GET /ping HTTP/1.1\r\n";
    const bytes = encoder.encode(`${first}host: bob\r\n${lines.join("")}\r\n`);
    const head = readHead(bytes, GUARD_FIELD);
    assert("cuts" in head);
    const field = encoder.encode("x-nara-guard: secret 1.2.3.4:5\r\n");
    const buffer = bufferOf(bytes, field.length);
    buffer.cut(head.cuts);
    buffer.insert(field, head.lineBytes);
    const expected = `${first}${decoder.decode(field)}host: bob\r\n${kept.join("")}\r\n`;
    assertEquals(decoder.decode(buffer.waiting), expected);
  }
});

/** A buffer that holds `bytes`. */
function bufferOf(bytes: Uint8Array, headroom: number): GuardBuffer {
  const buffer = new GuardBuffer(headroom, 16_384);
  buffer.room.set(bytes);
  buffer.add(bytes.length);
  return buffer;
}

for (const via of ["unix", "loopback"] as const) {
  Deno.test({
    name: `Behind (${via}) tells who asked, and knows by its secret that the guard did`,
    ignore: lacking("net", "read", "write"),
    fn: async () => {
      const peers: (string | undefined)[] = [];
      await using behind = new Behind(via, (request) => {
        peers.push(behind.peerOf(request.headers));
        return new Response("ok");
      });
      assertEquals(behind.via, via);
      const guess = `${GUARD_FIELD}: ${"A".repeat(32)} 10.0.0.1:1\r\n`;
      for (const field of [behind.fieldOf("10.0.0.7:80"), "", guess, `${GUARD_FIELD}:  10.0.0.1:1\r\n`]) {
        using connection = await behind.connect();
        await connection.write(encoder.encode(`GET / HTTP/1.1\r\nhost: x\r\n${field}\r\n`));
        await connection.read(new Uint8Array(1_024));
      }
      assertEquals(peers, ["10.0.0.7:80", undefined, undefined, undefined]);
    },
  });
}

Deno.test({
  name: "Behind takes the loopback where it may not write, and does not where it must not",
  ignore: lacking("net"),
  permissions: { net: true, read: false, write: false },
  fn: async () => {
    const front = () => new Response();
    await using behind = new Behind("auto", front);
    assertEquals(behind.via, "loopback");
    assertThrows(() => new Behind("unix", front), Deno.errors.NotCapable);
  },
});

Deno.test({
  name: "Behind lets nobody else into the folder of its socket, and takes it away",
  ignore: lacking("net", "read", "write") || Deno.build.os === "windows",
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const inUse = () =>
      contentOf(folder).filter((name) => name.endsWith("/")).map((name) => `${folder}/${name}`);
    const behind = new Behind("unix", () => new Response(), folder);
    const [place] = inUse();
    assertEquals((Deno.statSync(place).mode ?? 0) & 0o777, 0o700);
    await behind[Symbol.asyncDispose]();
    assertEquals(inUse(), []);
    Deno.removeSync(folder);
  },
});

/** What `openFront()` needs beside the place to listen. */
function frontOptions() {
  const [clock, refusals] = [new VirtualClock(), new RefusalCount()];
  const guard = guardSettings(true, MESH);
  return { guard, bodyBytesMax: 9, paths: ["/ping"], clock, refusals, handler: () => new Response("pong") };
}

Deno.test({
  name: "openFront() says that a port is in use, with a guard as without, and leaves nothing open",
  ignore: lacking("net", "read", "write"),
  fn: async () => {
    await using front = openFront({ ...frontOptions(), listen: LOCAL });
    const error = assertThrows(
      () => openFront({ ...frontOptions(), listen: { ...LOCAL, port: front.port } }),
      MeshError,
    );
    assertEquals(error.code, "address_in_use");
  },
});

Deno.test({
  name: "Guard goes on accepting after the machine had no connection to give",
  ignore: lacking("net", "read", "write"),
  fn: async () => {
    const { clock, refusals, guard: settings, handler } = frontOptions();
    const listener = Deno.listen(LOCAL);
    let isOut = true;
    const failing = new Proxy(listener, {
      get(target, name) {
        if (name === "accept" && isOut) return () => Promise.reject(new Error("too many open files"));
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await using behind = new Behind("auto", handler);
    const parts = {
      clock,
      refusals,
      settings: settings!,
      bodyBytesMax: 9,
      paths: new Set(["/ping"]),
      behind,
    };
    await using _guard = new Guard(failing, parts);
    while (clock.pending === 0) await settled();
    isOut = false;
    await clock.advance(100);
    const address = `http://127.0.0.1:${listener.addr.port}`;
    using client = await RawClient.to({ address });
    await client.write(PING);
    assertEquals((await client.answer())?.body, "pong");
  },
});

guardTest("hands answers on that were given before it closes", async ({ town, bob, alice }) => {
  const seen = town.answer(
    bob,
    always({ outcome: "handled" }, encoder.encode(JSON.stringify("x".repeat(300_000)))),
  );
  const frame = await frameSaying("hello", alice, bob.id);
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.to(bob.mesh)));
  for (const client of clients) await client.write(postHead(frame.length) + decoder.decode(frame));
  const answers = Promise.all(clients.map((client) => client.answer()));
  while (seen.length < clients.length) await settled();
  await bob.mesh[Symbol.asyncDispose]();
  for (const answer of await answers) {
    assertMatch(answer!.body, /^\{"outcome":"handled","reply":"x{300000}"\}$/);
  }
  for (const client of clients) client[Symbol.dispose]();
});

guardTest(
  "leaves no timer and no connection when it closes, whatever is under way",
  async ({ clock, bob }) => {
    const texts = ["", "GET /p", `${postHead(100)}{`, PING, `${postHead(2)}{}`, "\n", postHead(2_000_000)];
    const clients = await Promise.all(texts.map(() => RawClient.to(bob.mesh)));
    for (const [index, client] of clients.entries()) await client.write(texts[index]);
    await exchange(bob.mesh, "\n");
    await bob.mesh[Symbol.asyncDispose]();
    assertEquals(clock.pending, 0);
    for (const client of clients) await client.closed();
    for (const client of clients) client[Symbol.dispose]();
  },
);

Deno.test({
  name: "Guard hands on only the paths that are served, with all that follows them",
  ignore: lacking("net", "read", "write"),
  fn: async () => {
    const urls: string[] = [];
    const handler = ({ url }: Request) => {
      urls.push(url.slice(url.lastIndexOf("bob/")));
      return new Response("pong");
    };
    await using front = openFront({ ...frontOptions(), handler, listen: LOCAL });
    const mesh = { address: `http://127.0.0.1:${front.port}` };
    const last = "connection: close\r\n\r\n";
    for (const target of ["/ping", "/ping?a=/mesh", "/pong", "/ping/", "/"]) {
      await exchange(mesh, `GET ${target} HTTP/1.1\r\nhost: bob\r\n${last}`);
    }
    assertEquals(urls, ["bob/ping", "bob/ping?a=/mesh"]);
  },
});

Deno.test({
  name: "Guard knows where an answer ends, whatever it is like, and goes on with the next",
  ignore: lacking("net", "read", "write"),
  fn: async () => {
    const answers = [
      () => new Response(ReadableStream.from([encoder.encode("in "), encoder.encode("x".repeat(50_000))])),
      () => new Response(null, { status: 204 }),
      () => new Response(null),
      () => new Response("x".repeat(100_000)),
      () => new Response("bye", { headers: { connection: "close" } }),
    ];
    const handler = () => answers.shift()!();
    await using front = openFront({ ...frontOptions(), handler, listen: LOCAL });
    using client = await RawClient.to({ address: `http://127.0.0.1:${front.port}` });
    for (let count = answers.length; count > 0; count--) await client.write(PING);
    const text = await client.text();
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
    assertEquals(statuses, ["200", "204", "200", "200", "200"]);
    assert(text.endsWith("\r\n\r\nbye"), text.slice(-300));
  },
});

Deno.test({
  name: "Guard hands on the head alone of what HEAD asks for",
  ignore: lacking("net", "read", "write"),
  fn: async () => {
    await using front = openFront({ ...frontOptions(), listen: LOCAL });
    using client = await RawClient.to({ address: `http://127.0.0.1:${front.port}` });
    await client.write(`HEAD${PING.slice("GET".length)}${PING.replace("host", "connection: close\r\nhost")}`);
    assertMatch(
      await client.text(),
      /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nHTTP\/1.1 200 OK\r\n[^]*\r\n\r\npong$/,
    );
  },
});

guardTest("lets whoever is refused end its sentence, up to a point", async ({ clock, bob }) => {
  for (const isPatient of [true, false]) {
    using client = await RawClient.to(bob.mesh);
    await client.write(postHead(2_000_000));
    assertEquals((await client.answer())?.status, 413);
    for (let count = 0; count < 5; count++) {
      assertEquals(await client.write("x".repeat(20_000)), true); // Or its own system would throw the answer away.
      for (let turn = 0; turn < 20; turn++) await settled();
    }
    if (isPatient) await clock.advance(1_000);
    else while (await client.write("x".repeat(65_536))) await settled();
    await client.closed();
  }
});
