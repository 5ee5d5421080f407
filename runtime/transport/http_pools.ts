/**
 * Connections to other naras: a pool per address, kept open between requests.
 * @module
 */
import { messageOf } from "../../utilities/errors.ts";
import type { Limit } from "../primitives/limits.ts";
import { type HttpExchange, unreachable } from "./http_exchange.ts";
import { HttpPool, type HttpPoolOptions } from "./http_pool.ts";
import type { HttpPost } from "./http_request.ts";

/** Options of {@linkcode HttpPools}. */
export interface HttpPoolsOptions extends HttpPoolOptions {
  /** Addresses whose connections are kept; past it those used longest ago are closed. */
  readonly poolsMax: number;
}

/** Pools by address. Dispose of it to close every connection. */
export class HttpPools implements AsyncDisposable {
  readonly #options: HttpPoolsOptions;
  readonly #pools = new Map<string, HttpPool>();
  readonly #closing = new Set<HttpPool>();
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
      this.#use(address).post(post, exchange);
    } catch (thrown) {
      exchange.fail(unreachable(address, messageOf(thrown)));
    }
  }

  #use(address: string): HttpPool {
    const pool = this.#pools.get(address) ?? new HttpPool(address, this.#options);
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
    pool.retire(() => this.#closing.delete(pool));
  }

  /** Closes every connection at once. Requests under way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    const pools = [...this.#pools.values(), ...this.#closing];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.close()));
  }
}
