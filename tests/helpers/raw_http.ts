/**
 * HTTP by hand: connections on which a test writes what no client would, and reads what comes back.
 * @module
 */
import { assert } from "@std/assert";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import type { HttpMeshOptions } from "../../runtime/transport/http_mesh.ts";
import type { MeshTransport } from "../../runtime/transport/mesh.ts";
import { type Scene, withScene } from "./http_mesh.ts";
import { lacking } from "./permissions.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The two ways behind the guard. */
export const GUARDED: Readonly<Record<string, NonNullable<HttpMeshOptions["guard"]>>> = {
  "a Unix socket": { via: "unix" },
  "the loopback": { via: "loopback" },
};

/** Registers a test of the guard, for each way behind it. The options are added to those of the way. */
export function guardTest(
  says: string,
  fn: (scene: Scene) => Promise<void>,
  { guard, ...options }: Partial<HttpMeshOptions> = {},
): void {
  for (const [where, via] of Object.entries(GUARDED)) {
    Deno.test({
      name: `Guard before ${where} ${says}`,
      ignore: lacking("net", "read", "write"),
      fn: () => withScene(fn, { guard: Object.assign({}, via, guard), ...options }),
    });
  }
}

/** One answer, as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** In lower case. */
  readonly head: string;
  readonly body: string;
}

/** A connection of a test. Dispose of it to close it. */
export class RawClient implements Disposable {
  readonly #connection: Deno.TcpConn;
  #unread = "";
  #isClosed = false;
  #closing: Promise<void> | undefined;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to a nara. */
  static async to({ address }: Pick<MeshTransport, "address">): Promise<RawClient> {
    const { hostname, port } = new URL(address!);
    return new RawClient(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Writes all of it; returns whether the other side took it. */
  async write(data: string | Uint8Array): Promise<boolean> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    try {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
      return true;
    } catch {
      return false;
    }
  }

  /** Ends its own half. */
  async end(): Promise<void> {
    await this.#connection.closeWrite();
  }

  /** Reads one answer that says how long it is; `undefined` when the other side closed before. */
  async answer(): Promise<RawAnswer | undefined> {
    for (;;) {
      const end = this.#unread.indexOf("\r\n\r\n");
      if (end >= 0) {
        const head = this.#unread.slice(0, end + 4).toLowerCase();
        const length = Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1] ?? 0);
        const body = this.#unread.slice(end + 4, end + 4 + length);
        if (body.length === length) {
          this.#unread = this.#unread.slice(end + 4 + length);
          return { status: Number(head.slice(9, 12)), head, body };
        }
      }
      if (!await this.#more()) return undefined;
    }
  }

  /** Reads to the end, and returns every answer. It never rejects: a reset is an end. */
  async answers(): Promise<RawAnswer[]> {
    const all: RawAnswer[] = [];
    for (let answer = await this.answer(); answer; answer = await this.answer()) all.push(answer);
    assert(this.#unread === "", `the last answer is not whole: ${this.#unread}`);
    return all;
  }

  /** Reads to the end, and returns it as it is. */
  async text(): Promise<string> {
    while (await this.#more());
    return this.#unread;
  }

  /** Waits for the other side to close; what comes before is thrown away. To be called when nothing else is read any more. */
  closed(): Promise<void> {
    return this.#closing ??= this.#readToEnd();
  }

  async #readToEnd(): Promise<void> {
    while (await this.#more()) this.#unread = "";
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const read = await this.#connection.read(buffer).catch(() => null);
    if (read === null) return false;
    this.#unread += decoder.decode(buffer.subarray(0, read));
    return true;
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.#connection.close();
    this.#isClosed = true;
  }
}

/** Sends `bytes` on a connection of its own, and returns every answer until the other side has closed. */
export async function exchange(
  mesh: Pick<MeshTransport, "address">,
  bytes: string | Uint8Array,
): Promise<RawAnswer[]> {
  using client = await RawClient.to(mesh);
  await client.write(bytes);
  return await client.answers();
}

/** The head of a post of so many bytes. */
export function postHead(length: number, ...fields: string[]): string {
  const lines = ["POST /mesh/message HTTP/1.1", "host: bob", `content-length: ${length}`, ...fields];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A request for a ping. */
export const PING = "GET /ping HTTP/1.1\r\nhost: bob\r\n\r\n";

/** How much of a bound is in use, and how often it was met. */
export function bound(mesh: MeshTransport, name: string): { inUse: number; overflows: number } {
  const limit = mesh.limits?.().find((limit) => limit.name === name);
  assert(limit, `there is no bound ${name}`);
  return { inUse: limit.inUse(), overflows: limit.overflows() };
}

/** Waits until so many connections are seated. */
export async function connectionsOpen(mesh: MeshTransport, count: number): Promise<void> {
  while (bound(mesh, "http.connections").inUse !== count) await settled();
}
