/**
 * A pool of connections to a raw server, with time in a test's hand.
 * @module
 */
import { assertEquals } from "@std/assert";
import { Deadlines } from "../../runtime/primitives/deadlines.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { HttpExchange } from "../../runtime/transport/http_exchange.ts";
import { HttpPool } from "../../runtime/transport/http_pool.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { type RawPeer, RawServer, until } from "./raw_server.ts";

/** Milliseconds that connecting may take. */
export const CONNECT_MS = 5_000;
const NOTHING = new Uint8Array(0);
const LONG = new Uint8Array(16_000_000);

/** A request that was posted, and what became of it. */
export interface Posted {
  readonly exchange: HttpExchange;
  /** The body of its answer, or why there is none. */
  outcome: string | undefined;
}

/** A pool, its time, and what it sends to. */
export class PoolScene implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly server = new RawServer();
  readonly pool: HttpPool;
  readonly posted: Posted[] = [];
  readonly #deadlines = new Deadlines(this.clock);
  #serving: Promise<void> | undefined;

  constructor({ connectionsMax = 2, host = "127.0.0.1" } = {}) {
    this.pool = new HttpPool(`http://${host}:${this.server.port}`, {
      connectionsMax,
      connectMs: CONNECT_MS,
      deadlines: this.#deadlines,
    });
  }

  /** What became of the requests, in the order in which they were posted. */
  get outcomes(): (string | undefined)[] {
    return this.posted.map(({ outcome }) => outcome);
  }

  /** Posts to these paths; to the one that is called long, more than a socket takes at once. Returns the last. */
  post(...paths: string[]): Posted {
    for (const path of paths) this.#post(path, path === "/long" ? LONG : NOTHING);
    return this.posted.at(-1)!;
  }

  /** Posts to these paths, and waits until each is answered or has failed. */
  async over(...paths: string[]): Promise<(string | undefined)[]> {
    const before = this.posted.length;
    this.post(...paths);
    await until(() => this.outcomes.slice(before).every((outcome) => outcome !== undefined));
    return this.outcomes.slice(before);
  }

  /** Serves every connection in the background, until this is disposed of. */
  serve(serve: (peer: RawPeer) => Promise<void>): void {
    this.#serving = this.server.serveAll(serve);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close();
    this.#deadlines[Symbol.dispose]();
    assertEquals(this.clock.pending, 0);
    this.server[Symbol.dispose]();
    await this.#serving;
  }

  #post(path: string, body: Uint8Array): void {
    const exchange = new HttpExchange("bob", 1_000, () => {}, {});
    const posted: Posted = { exchange, outcome: undefined };
    exchange.answer.then(
      ({ status, body }) => posted.outcome = status === 200 ? new TextDecoder().decode(body) : `${status}`,
      (error: Error) => posted.outcome = error instanceof MeshError ? "unreachable" : error.message,
    );
    this.posted.push(posted);
    this.pool.post({ path, body }, exchange);
  }
}
