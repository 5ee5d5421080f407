/**
 * The connections to one address: opened as they are needed, kept open between requests.
 * @module
 */
import { toError } from "../../utilities/errors.ts";
import type { Deadline, Deadlines } from "../primitives/deadlines.ts";
import { type ConnectionOwner, HttpConnection } from "./http_connection.ts";
import { type HttpExchange, unreachable } from "./http_exchange.ts";
import { type HttpPost, requestBytes } from "./http_request.ts";
import { isMeshAddress } from "./mesh_address.ts";

/**
 * Milliseconds between two looks for connections to close: those that nobody used since the last. Twice this is less than the
 * patience of any server, the guard's included.
 */
const SWEEP_MS = 2_000;
/** Milliseconds until it tries to open one more connection beside others, when that has failed. */
const AGAIN_MS = 250;
/** Fewer requests that wait are not looked through for those that have failed. */
const PURGE_MIN = 128;

/** Options of a {@linkcode HttpPool}. */
export interface HttpPoolOptions {
  /** Connections that may be open; more requests than that wait. */
  readonly connectionsMax: number;
  /** Milliseconds that connecting may take. */
  readonly connectMs: number;
  /** The timer that all requests share. */
  readonly deadlines: Deadlines;
}

/** Connections to one address. */
export class HttpPool implements ConnectionOwner {
  readonly #address: string;
  readonly #hostname: string;
  readonly #port: number;
  readonly #host: string;
  readonly #options: HttpPoolOptions;
  /** The one used last is used first, so that those that are not needed grow old. */
  readonly #idle: HttpConnection[] = [];
  readonly #open = new Set<HttpConnection>();
  readonly #attempts = new Map<AbortController, Promise<void>>();
  #waiting: { readonly request: Uint8Array; readonly exchange: HttpExchange }[] = [];
  /** How many may wait before those that have failed are let go. */
  #purgeAt = PURGE_MIN;
  #sweep: Deadline | undefined;
  #again: Deadline | undefined;
  #onDrained: (() => void) | undefined;

  /**
   * No connections yet.
   *
   * @param address Where to, as `http://HOST:PORT`.
   * @param options Bounds and times.
   * @throws {TypeError} If the address is none.
   */
  constructor(address: string, options: HttpPoolOptions) {
    if (!isMeshAddress(address)) throw new TypeError("its address is no http://HOST:PORT");
    const { hostname, port, host } = new URL(address);
    this.#address = address;
    this.#hostname = hostname.replace(/^\[|\]$/g, "");
    this.#port = Number(port || 80);
    this.#host = host;
    this.#options = options;
  }

  /**
   * Sends `post`, as soon as a connection is free; `exchange` hears what becomes of it.
   *
   * @throws {TypeError} If a header holds what none may.
   */
  post(post: HttpPost, exchange: HttpExchange): void {
    const request = requestBytes(this.#host, post);
    const connection = this.#idle.pop();
    if (connection) return connection.send(request, exchange);
    if (this.#waiting.length >= this.#purgeAt) this.#purge();
    this.#waiting.push({ request, exchange });
    this.#connectIfNeeded();
  }

  onIdle(connection: HttpConnection): void {
    const next = this.#next();
    if (next) return connection.send(next.request, next.exchange);
    if (this.#onDrained) return connection.close();
    this.#idle.push(connection);
  }

  onClosed(connection: HttpConnection): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    // It is forgotten once nothing of it is under way, so that whoever closes all can wait for that.
    void connection.ended.then(() => {
      this.#open.delete(connection);
      this.#connectIfNeeded();
      this.#checkDrained();
    });
  }

  /** Finishes what was begun, and closes its connections one by one. `onDrained` is called when none is left. */
  retire(onDrained: () => void): void {
    this.#onDrained = onDrained;
    for (const connection of [...this.#idle]) connection.close();
    this.#checkDrained();
  }

  /** Closes every connection at once, also those that are being opened. Requests under way hear nothing more. */
  async close(): Promise<void> {
    this.#waiting.length = 0;
    for (const deadline of [this.#sweep, this.#again]) if (deadline) this.#options.deadlines.remove(deadline);
    const attempts = [...this.#attempts];
    for (const [attempt] of attempts) attempt.abort();
    const connections = [...this.#open];
    for (const connection of connections) connection.close();
    await Promise.all([...attempts.map(([, over]) => over), ...connections.map(({ ended }) => ended)]);
  }

  /** The request that has waited longest, of those that still want to leave. */
  #next() {
    let next = this.#waiting.shift();
    while (next?.exchange.hasFailed) next = this.#waiting.shift();
    return next;
  }

  /** Lets go of requests that failed while they waited, and of their bytes. Seldom, so that it costs little for each. */
  #purge(): void {
    this.#waiting = this.#waiting.filter(({ exchange }) => !exchange.hasFailed);
    this.#purgeAt = Math.max(PURGE_MIN, 2 * this.#waiting.length);
  }

  #connectIfNeeded(): void {
    const { size: attempts } = this.#attempts;
    const mayOpen = this.#open.size + attempts < this.#options.connectionsMax;
    if (attempts < this.#waiting.length && mayOpen) this.#connect();
  }

  #connect(): void {
    const { connectMs, deadlines } = this.#options;
    const attempt = new AbortController();
    const deadline = deadlines.add(connectMs, () => {
      attempt.abort(unreachable(this.#address, `no connection within ${connectMs} ms`));
    });
    const over = this.#attempt(attempt).finally(() => {
      deadlines.remove(deadline);
      this.#attempts.delete(attempt);
      this.#checkDrained();
    });
    this.#attempts.set(attempt, over);
  }

  /** It never rejects. */
  async #attempt(attempt: AbortController): Promise<void> {
    const { signal } = attempt;
    let tcp: Deno.TcpConn | undefined;
    try {
      tcp = await Deno.connect({
        hostname: this.#hostname,
        port: this.#port,
        signal,
      });
      signal.throwIfAborted(); // It may have come through all the same.
      tcp.setNoDelay(true);
      tcp.setKeepAlive(true);
    } catch (thrown) {
      tcp?.close();
      this.#attempts.delete(attempt); // Now, as others may fail in the same turn: the last one speaks for all that wait.
      return this.#failed(signal.aborted ? signal.reason : toError(thrown));
    }
    const connection = new HttpConnection(tcp, this);
    this.#open.add(connection);
    this.#sweep ??= this.#options.deadlines.add(SWEEP_MS, () => this.#closeUnused());
    this.onIdle(connection);
  }

  /** Without a connection no request gets away; while there are others they will serve those that wait, or a later one. */
  #failed(error: Error): void {
    if (this.#open.size > 0) {
      this.#again ??= this.#options.deadlines.add(AGAIN_MS, () => {
        this.#again = undefined;
        this.#connectIfNeeded();
      });
      return;
    }
    const isLast = this.#attempts.size === 0;
    do this.#next()?.exchange.onError(error); while (isLast && this.#waiting.length > 0);
  }

  #closeUnused(): void {
    this.#sweep = undefined;
    for (const connection of [...this.#open]) {
      if (connection.isBusy) continue;
      if (!connection.wasUsed) connection.close();
      connection.wasUsed = false;
    }
    if (this.#open.size > 0) {
      this.#sweep = this.#options.deadlines.add(SWEEP_MS, () => this.#closeUnused());
    }
  }

  #checkDrained(): void {
    const isDrained = this.#open.size + this.#attempts.size + this.#waiting.length === 0;
    if (isDrained) this.#onDrained?.();
  }
}
