/**
 * The asking half of the HTTP mesh: a deadline on every request, a bound on every answer, and only errors of the mesh.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { Deadlines } from "../primitives/deadlines.ts";
import type { Limit } from "../primitives/limits.ts";
import { HttpExchange, unreachable } from "./http_exchange.ts";
import { HttpPools } from "./http_pools.ts";
import type { HttpPost } from "./http_request.ts";
import type { HttpAnswer } from "./http_receipt.ts";
import { MeshError } from "./mesh.ts";

/** Requests under way at once, those that wait for a connection included; past it the answer is `peer_busy`. */
const UNDER_WAY_MAX = 4_096;

/** Options of an {@linkcode HttpClient}. */
export interface HttpClientOptions {
  /** The runtime's time. */
  readonly clock: Clock;
  /** Milliseconds that a request may take. */
  readonly requestMs: number;
  /** Bytes that an answer may hold. */
  readonly answerBytesMax: number;
  /** Connections to one address. */
  readonly connectionsMax: number;
  /** Addresses whose connections are kept. */
  readonly poolsMax: number;
}

/** Posts to other naras. Dispose of it to close every connection. */
export class HttpClient implements AsyncDisposable {
  readonly #options: HttpClientOptions;
  readonly #deadlines: Deadlines;
  readonly #pools: HttpPools;
  readonly #underWay = new Set<HttpExchange>();
  #isClosed = false;
  #overflows = 0;

  /** @param options Time and bounds. */
  constructor(options: HttpClientOptions) {
    const { clock, connectionsMax, poolsMax, requestMs } = options;
    this.#options = options;
    this.#deadlines = new Deadlines(clock);
    this.#pools = new HttpPools({
      connectionsMax,
      poolsMax,
      connectMs: requestMs,
      deadlines: this.#deadlines,
    });
  }

  /**
   * Posts to `address`. Redirects are answers like others, and not followed.
   *
   * It rejects with a {@linkcode MeshError}, `unreachable`, `peer_busy` or `closed`, or the signal's reason, when it aborts.
   */
  post(address: string, post: HttpPost, signal?: AbortSignal): Promise<HttpAnswer> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#isClosed) return Promise.reject(left());
    if (this.#underWay.size >= UNDER_WAY_MAX) {
      this.#overflows++;
      return Promise.reject(crowded());
    }
    const { requestMs, answerBytesMax } = this.#options;
    const exchange = new HttpExchange(address, answerBytesMax, () => {
      this.#underWay.delete(exchange);
      signal?.removeEventListener("abort", abort);
      this.#deadlines.remove(deadline);
    }, post);
    const deadline = this.#deadlines.add(requestMs, () => {
      exchange.fail(unreachable(address, `no answer within ${requestMs} ms`));
    });
    const abort = () => exchange.fail(signal?.reason);
    signal?.addEventListener("abort", abort);
    this.#underWay.add(exchange);
    this.#pools.post(address, post, exchange);
    return exchange.answer;
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "http.sending",
      unit: "requests",
      max: UNDER_WAY_MAX,
      rule: "sending fails with peer_busy",
      inUse: () => this.#underWay.size,
      overflows: () => this.#overflows,
    }, ...this.#pools.limits()];
  }

  /** Ends what is under way as `closed`, and closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const exchange of this.#underWay) exchange.fail(left());
    await this.#pools[Symbol.asyncDispose]();
    this.#deadlines[Symbol.dispose]();
  }
}

function left(): MeshError {
  return new MeshError("closed", "Cannot send: this nara has left the mesh");
}

function crowded(): MeshError {
  return new MeshError(
    "peer_busy",
    `Cannot send now as ${UNDER_WAY_MAX} requests are under way: try again later`,
  );
}
