/**
 * Connections to other naras: a pool per address, kept open between requests. The library is loaded when the first
 * request leaves.
 * @module
 */
import { connect, type Socket } from "node:net";
import type { buildConnector, Pool } from "undici";
import { messageOf } from "../../utilities/errors.ts";
import type { Deadlines } from "../primitives/deadlines.ts";
import type { Limit } from "../primitives/limits.ts";
import { type HttpExchange, unreachable } from "./http_exchange.ts";
import { MeshError } from "./mesh.ts";

type Library = typeof import("undici");

let library: Promise<Library> | undefined;

/**
 * Loads the HTTP client, which otherwise happens at the first request. As it loads, the library reads two environment
 * variables, `UNDICI_NO_WASM_SIMD` and `UNDICI_USE_MILO`: whoever gives up the right to read them calls this before.
 *
 * @throws {MeshError} `cannot_send`, when it may not be loaded.
 */
export async function loadHttpClient(): Promise<void> {
  await loadLibrary();
}

async function loadLibrary(): Promise<Library> {
  try {
    return await (library ??= import("undici"));
  } catch (thrown) {
    library = undefined;
    throw new MeshError("cannot_send", `Cannot load the HTTP client: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** Options of {@linkcode HttpPools}. */
export interface HttpPoolsOptions {
  /** Connections to one address; more requests than that wait. */
  readonly connectionsMax: number;
  /** Addresses whose connections are kept; past it those used longest ago are closed. */
  readonly poolsMax: number;
  /** Milliseconds that connecting may take. */
  readonly connectMs: number;
  /** The timer that all requests share. */
  readonly deadlines: Deadlines;
}

/** A request that is a POST. */
export interface HttpPost {
  /** Where it goes. */
  readonly path: string;
  /** What it carries. */
  readonly body: Uint8Array;
  /** Its headers, beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told each part of an answer with status 200 as it comes; the answer's body is empty then. */
  readonly onPart?: (part: Uint8Array) => void;
  /** How many answers the response holds, each within its bound. @default {1} */
  readonly answers?: number;
}

type Open = (address: string) => Pool;

/** Pools by address. Dispose of it to close every connection. */
export class HttpPools implements AsyncDisposable {
  readonly #options: HttpPoolsOptions;
  readonly #pools = new Map<string, Pool>();
  readonly #closing = new Set<Pool>();
  readonly #connecting = new Set<Socket>();
  #open: Open | undefined;
  #isClosed = false;
  #retired = 0;

  /** @param options Bounds and times. */
  constructor(options: HttpPoolsOptions) {
    this.#options = options;
  }

  /** Addresses to which connections are kept. */
  get size(): number {
    return this.#pools.size;
  }

  /** Its bound, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "http.addresses",
      unit: "addresses",
      max: this.#options.poolsMax,
      rule: "connections to the one used longest ago are closed",
      inUse: () => this.size,
      overflows: () => this.#retired,
    }];
  }

  /** Sends `post` to `address`; `exchange` hears what becomes of it. It never throws. */
  post(address: string, post: HttpPost, exchange: HttpExchange): void {
    try {
      const pool = this.#use(address);
      const { path, body, headers } = post;
      if (pool) pool.dispatch({ method: "POST", path, body, headers }, exchange);
      else this.#load().then(() => this.post(address, post, exchange), (thrown) => exchange.fail(thrown));
    } catch (thrown) {
      exchange.fail(unreachable(address, messageOf(thrown)));
    }
  }

  /** The pool of `address`; none until the library is there. */
  #use(address: string): Pool | undefined {
    const pool = this.#pools.get(address) ?? this.#open?.(address);
    if (!pool) return undefined;
    this.#pools.delete(address); // A Map keeps insertion order: the one used last moves to the end.
    this.#pools.set(address, pool);
    if (this.#pools.size > this.#options.poolsMax) this.#retire();
    return pool;
  }

  /** Lets the pool used longest ago finish what it has begun. */
  #retire(): void {
    const [[address, pool]] = this.#pools;
    this.#pools.delete(address);
    this.#retired++;
    this.#closing.add(pool);
    pool.close().catch(() => {}).finally(() => this.#closing.delete(pool));
  }

  async #load(): Promise<void> {
    const { Pool } = await loadLibrary();
    if (this.#isClosed) throw new MeshError("closed", "Cannot send: this nara has left the mesh");
    const { connectionsMax } = this.#options;
    const timeouts = { headersTimeout: 0, bodyTimeout: 0 }; // The shared deadlines see to both.
    this.#open = (address) =>
      new Pool(address, {
        ...timeouts,
        connections: connectionsMax,
        connect: (options, done) => this.#connect(address, options, done),
      });
  }

  /** Connects within a time: the library's own timer for this outlives its connections. */
  #connect(address: string, { hostname, port }: buildConnector.Options, done: buildConnector.Callback): void {
    const { connectMs, deadlines } = this.#options;
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, keepAlive: true });
    const deadline = deadlines.add(connectMs, () => {
      socket.destroy(unreachable(address, `no connection within ${connectMs} ms`));
      this.#drop(address); // Or each request that waits there would try in vain for as long.
    });
    const end = () => {
      deadlines.remove(deadline);
      this.#connecting.delete(socket);
    };
    const fail = (error: Error) => {
      end();
      done(error, null);
    };
    this.#connecting.add(socket);
    socket.once("error", fail);
    socket.once("connect", () => {
      end();
      socket.off("error", fail);
      done(null, socket);
    });
  }

  /** Fails all that is under way to `address`. */
  #drop(address: string): void {
    const pool = this.#pools.get(address);
    if (!pool) return;
    this.#pools.delete(address);
    this.#closing.add(pool);
    pool.destroy().finally(() => this.#closing.delete(pool));
  }

  /** Closes every connection at once. Requests under way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#open = undefined;
    for (const socket of this.#connecting) socket.destroy();
    const pools = [...this.#pools.values(), ...this.#closing];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}
