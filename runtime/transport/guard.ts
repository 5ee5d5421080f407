/**
 * The guard: what stands at the public port, in front of `Deno.serve`, which knows no deadlines, speaks HTTP/2 on a plain port and
 * answers requests that others could read in another way.
 *
 * - Heads, bodies, pauses and slow readers have a time (`guard_options.ts`), heads and bodies a size.
 * - Seats are counted, in all and by address (`guard_seats.ts`).
 * - What is not plain HTTP/1.1 is refused (`guard_head.ts`, `guard_frame.ts`), as is every path that nobody serves.
 * - The rest goes to the server behind (`guard_behind.ts`), byte for byte, with the address of the client in a field of its own.
 *
 * Why not `node:http` in front: its parser has the deadlines, but for slow readers of an answer, and then a second client, parser
 * and server would stand between the two.
 * @module
 */
import type { Limit } from "../primitives/limits.ts";
import { refusalBytes } from "./guard_answer.ts";
import { GuardConnection } from "./guard_connection.ts";
import { GuardDesk, type GuardParts } from "./guard_desk.ts";
import { isLoopbackHost } from "./guard_options.ts";
import { STATUS_CODE } from "./http_responses.ts";
import { hostPort } from "./mesh_address.ts";

/** Pause after the machine had no connection to give: it is out of file descriptors, and some will come free. */
const ACCEPT_PAUSE_MS = 100;
const BUSY = refusalBytes({ status: STATUS_CODE.ServiceUnavailable, why: "Too many connections" });

/** Listens on a public port. Dispose of it to close every connection at once. */
export class Guard implements AsyncDisposable {
  readonly #desk: GuardDesk;
  readonly #listener: Deno.TcpListener;
  readonly #abort = new AbortController();
  readonly #accepting: Promise<void>;
  readonly #serving = new Set<Promise<void>>();

  /**
   * Starts to accept.
   *
   * @param listener The public port; it belongs to the guard from now on.
   * @param parts What it needs.
   */
  constructor(listener: Deno.TcpListener, parts: GuardParts) {
    this.#listener = listener;
    this.#desk = new GuardDesk(parts);
    this.#accepting = this.#accept();
  }

  /** Requests that were handed on whole and whose answers the clients do not have yet. */
  get answering(): number {
    return this.#desk.seats.count("work") + this.#desk.seats.count("answer");
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    return this.#desk.limits();
  }

  /** Takes no more connections. */
  stopAccepting(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#listener.close();
  }

  /** Closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stopAccepting();
    await this.#accepting;
    for (const seated of this.#desk.seats.all()) seated.end();
    await Promise.all(this.#serving);
    this.#desk[Symbol.dispose]();
  }

  async #accept(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        this.#admit(await this.#listener.accept());
      } catch {
        if (signal.aborted) return;
        this.#desk.parts.refusals.add(STATUS_CODE.ServiceUnavailable, "no_descriptors");
        await this.#desk.parts.clock.sleep(ACCEPT_PAUSE_MS, { signal }).catch(() => {});
      }
    }
  }

  #admit(client: Deno.TcpConn): void {
    const { hostname, port } = client.remoteAddr;
    const address = hostname.replace(/^::ffff:(?=\d+\.)/, ""); // An IPv4 number on a listener of IPv6.
    const isBounded = this.#desk.parts.settings.boundsLoopback || !isLoopbackHost(address);
    const bounded = isBounded ? address : undefined;
    const connection = new GuardConnection(client, hostPort(address, port), bounded, this.#desk);
    if (this.#desk.seats.take(connection)) {
      client.setNoDelay(true);
      this.#keep(connection.serve());
    } else {
      this.#desk.parts.refusals.add(STATUS_CODE.ServiceUnavailable, "too_many_connections");
      this.#keep(turnAway(client));
    }
  }

  #keep(serving: Promise<void>): void {
    const kept = serving.finally(() => this.#serving.delete(kept));
    this.#serving.add(kept);
  }
}

/** It never rejects. So few bytes find room in the machine's own buffers: nobody has to be waited for. */
async function turnAway(client: Deno.TcpConn): Promise<void> {
  try {
    await client.write(BUSY);
    await client.closeWrite();
  } catch {
    // It is gone already.
  }
  client.close();
}
