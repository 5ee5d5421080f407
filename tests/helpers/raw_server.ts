/**
 * The answering side of HTTP by hand: a listener whose connections say what a test wants, when it wants it.
 * @module
 */
import { assert } from "@std/assert";
import { settled } from "../../runtime/testing/virtual_clock.ts";

const decoder = new TextDecoder("latin1"); // A byte a character.

/** The bytes of a text; each character below 256 is one byte. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A connection that somebody opened to a {@linkcode RawServer}. */
export class RawPeer implements Disposable {
  readonly #tcp: Deno.TcpConn;
  #unread = "";
  #isClosed = false;

  /** @param tcp What was accepted. */
  constructor(tcp: Deno.TcpConn) {
    this.#tcp = tcp;
  }

  /** Reads one request, as a text of its bytes; `undefined` when the other side closes before its end. */
  async request(): Promise<string | undefined> {
    while (!this.#unread.includes("\r\n\r\n")) if (!await this.#more()) return undefined;
    const head = this.#unread.slice(0, this.#unread.indexOf("\r\n\r\n") + 4);
    const length = head.length + Number(/\r\ncontent-length: (\d+)\r\n/.exec(head)?.[1]);
    while (this.#unread.length < length) if (!await this.#more()) return undefined;
    const request = this.#unread.slice(0, length);
    this.#unread = this.#unread.slice(length);
    return request;
  }

  /** Reads the next bytes, and leaves the rest of the request where it is. Returns whether there were any. */
  some(): Promise<boolean> {
    return this.#more();
  }

  /** Writes all of it; it never rejects, as the other side may go at any time. */
  async write(data: string): Promise<void> {
    const bytes = bytesOf(data);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#tcp.write(bytes.subarray(at));
    } catch {
      // It is gone.
    }
  }

  /** Waits until the other side has closed; what it sends is thrown away. */
  async closed(): Promise<void> {
    while (await this.#more()) this.#unread = "";
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    if (!this.#isClosed) this.#tcp.close();
    this.#isClosed = true;
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(65_536);
    const read = await this.#tcp.read(buffer).catch(() => null);
    if (read === null) return false;
    this.#unread += decoder.decode(buffer.subarray(0, read));
    return true;
  }
}

/** A listener in a test's hand. Dispose of it to close it and all that it accepted. */
export class RawServer implements Disposable {
  /** Where it listens, on the loopback. */
  readonly port: number;
  /** Whom it has accepted. */
  readonly peers: RawPeer[] = [];
  readonly #listener: Deno.TcpListener;
  #isStopped = false;

  /** Listens on a free port. */
  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
  }

  /** The next connection. */
  async accept(): Promise<RawPeer> {
    const peer = new RawPeer(await this.#listener.accept());
    this.peers.push(peer);
    return peer;
  }

  /** Serves all that comes, with `serve`, until it is stopped. It never rejects. */
  async serveAll(serve: (peer: RawPeer) => Promise<void>): Promise<void> {
    const served: Promise<void>[] = [];
    try {
      for (;;) served.push(serve(await this.accept()));
    } catch {
      await Promise.all(served);
    }
  }

  /** Listens no more: whoever connects is refused. */
  stop(): void {
    if (!this.#isStopped) this.#listener.close();
    this.#isStopped = true;
  }

  /** Closes everything. */
  [Symbol.dispose](): void {
    this.stop();
    for (const peer of this.peers) peer[Symbol.dispose]();
  }
}

/** What comes over a wire behind a request: bytes in these parts, then its end, silence, or what goes wrong. */
export interface Script {
  /** The bytes. */
  readonly parts: readonly Uint8Array[];
  /** What comes then. @default {"silence"} */
  readonly then?: "end" | "silence" | Error;
  /** Whether the request cannot be written. @default {false} */
  readonly breaks?: boolean;
}

/** A wire that brings its bytes in parts of the test's choice, which no real one does for certain. */
export class ScriptedWire {
  readonly #asked = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #script: Script;
  #next = 0;
  #rest = new Uint8Array(0);

  /** @param script What comes. */
  constructor(script: Script) {
    this.#script = script;
  }

  /** Reads what comes next, once something was written. */
  async read(buffer: Uint8Array): Promise<number | null> {
    await this.#asked.promise;
    const { parts, then = "silence" } = this.#script;
    if (this.#rest.length === 0 && this.#next < parts.length) {
      this.#rest = new Uint8Array(parts[this.#next++]);
    }
    const count = Math.min(this.#rest.length, buffer.length);
    if (count > 0) {
      buffer.set(this.#rest.subarray(0, count));
      this.#rest = this.#rest.subarray(count);
      return count;
    }
    if (then === "end") return null;
    if (then === "silence") await this.#closed.promise;
    throw then instanceof Error ? then : new Error("closed");
  }

  /** Takes all at once, unless the script says otherwise. */
  write(bytes: Uint8Array): Promise<number> {
    this.#asked.resolve();
    return this.#script.breaks ? Promise.reject(new Error("broken pipe")) : Promise.resolve(bytes.length);
  }

  /** Ends a read that waits. */
  close(): void {
    this.#asked.resolve();
    this.#closed.resolve();
  }
}

/** Resolves when all that was on any wire of this machine is read where somebody reads: it takes the same way once more. */
export async function wiresSettled(): Promise<void> {
  using server = new RawServer();
  const accepting = server.accept();
  using tcp = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const peer = await accepting;
  await peer.write("x");
  await tcp.read(new Uint8Array(1));
  await settled();
}

/** How connections are made. */
export type Connect = (options: Deno.ConnectOptions & { signal: AbortSignal }) => Promise<Deno.TcpConn>;

/** Replaces how connections are made, until it is disposed of. */
export function connectingBy(connect: Connect): Disposable {
  const before = Deno.connect;
  Object.assign(Deno, { connect });
  return { [Symbol.dispose]: () => void Object.assign(Deno, { connect: before }) };
}

/** Turns of the event loop after which what has not happened never will. */
const TURNS_MAX = 100_000;

/** Waits until `condition` holds, without moving any clock. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    assert(turn < TURNS_MAX, `this never holds: ${condition}`);
    await settled();
  }
}
