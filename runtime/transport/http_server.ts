/**
 * The answering half of the HTTP mesh: `POST /mesh/message` and `GET /ping`.
 * @module
 */
import { canonicalString } from "../../utilities/canonical_json.ts";
import { encodeBase64 } from "../../utilities/base64.ts";
import { messageOf } from "../../utilities/errors.ts";
import { Deadlines } from "../primitives/deadlines.ts";
import type { Limit } from "../primitives/limits.ts";
import { admit, MESSAGE_REQUEST, responseHeaders } from "./http_auth.ts";
import { type BodyProblem, readBody } from "./http_body.ts";
import { HttpInbox, type Settled } from "./http_inbox.ts";
import { writeReceipt } from "./http_receipt.ts";
import {
  busyResponse,
  jsonResponse,
  methodResponse,
  RETRY_HEADERS,
  STATUS_CODE,
  textResponse,
} from "./http_responses.ts";
import { MeshError, type MeshHost } from "./mesh.ts";
import { hostPort, isWildcard, meshAddressOf, meshIpOf } from "./mesh_address.ts";

/** Requests that may be open at once; past it the answer is 503. */
const OPEN_MAX = 1_024;
/** Turns of the event loop in which the last responses are taken over and written; few are enough for 150. */
const FLUSH_TURNS = 8;
const PING_PATH = "/ping";
const encoder = new TextEncoder();

/** Options of an {@linkcode HttpServer}. */
export interface HttpServerOptions {
  /** Where to listen; port 0 takes any that is free. */
  readonly listen: { readonly hostname: string; readonly port: number };
  /** Bytes that a frame may hold. */
  readonly frameBytesMax: number;
  /** Milliseconds that a body may take to arrive. */
  readonly bodyMs: number;
  /** Milliseconds after which the sender of a frame that nobody settled is told `unknown`. */
  readonly answerMs: number;
  /** Where others reach this nara. @default {where it listens} */
  readonly publicUrl?: string;
}

/** Listens for other naras. Dispose of it to stop. */
export class HttpServer implements AsyncDisposable {
  /** Where others reach this nara; `undefined` when it listens on every address and was told none. */
  readonly address: string | undefined;
  readonly #host: MeshHost;
  readonly #options: HttpServerOptions;
  readonly #inbox: HttpInbox;
  readonly #deadlines: Deadlines;
  readonly #abort = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #identity: string;
  #open = 0;
  /** Requests that were turned away. */
  #overflows = 0;
  /** Requests that were taken and not answered yet. */
  #answering = 0;

  /**
   * Starts to listen.
   *
   * @throws {MeshError} `address_in_use` or `cannot_listen`.
   */
  constructor(host: MeshHost, options: HttpServerOptions) {
    this.#host = host;
    this.#options = options;
    this.#server = listen(options.listen, this.#abort.signal, (request, info) => this.#handle(request, info));
    this.#inbox = new HttpInbox({ clock: host.clock, answerMs: options.answerMs });
    this.#deadlines = new Deadlines(host.clock);
    this.address = options.publicUrl ?? addressOf(options.listen.hostname, this.#server.addr.port);
    this.#identity = identityJson(host.me, meshIpOf(this.address));
  }

  /** What comes in. */
  get inbound(): HttpInbox["inbound"] {
    return this.#inbox.inbound;
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "http.requests",
      unit: "requests",
      max: OPEN_MAX,
      rule: "the answer is 503",
      inUse: () => this.#open,
      overflows: () => this.#overflows,
    }, ...this.#inbox.limits()];
  }

  #handle(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Response | Promise<Response> {
    const path = pathOf(request.url);
    if (path === MESSAGE_REQUEST.path) {
      return request.method === MESSAGE_REQUEST.method
        ? this.#message(request, info)
        : methodResponse("POST");
    }
    if (path === PING_PATH) return request.method === "GET" ? this.#ping() : methodResponse("GET");
    return textResponse(STATUS_CODE.NotFound, "Not found");
  }

  /** Go's fields in Go's order, and behind them the id, which Go's naras do not tell. */
  #ping(): Response {
    const { me, clock } = this.#host;
    const json = `{${this.#identity},"t":${clock.nowNs()},"id":${canonicalString(me.id)}}\n`;
    return jsonResponse(STATUS_CODE.OK, json);
  }

  async #message(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Promise<Response> {
    if (this.#open >= OPEN_MAX) {
      this.#overflows++;
      return busyResponse();
    }
    if (!this.#inbox.hasRoom) return busyResponse();
    this.#open++;
    try {
      const frame = await readBody(request, {
        bytesMax: this.#options.frameBytesMax,
        ms: this.#options.bodyMs,
        deadlines: this.#deadlines,
      });
      if (typeof frame === "string") return bodyResponse(frame, this.#options);
      const judged = admit(request.headers, frame, this.#host);
      const admission = judged instanceof Promise ? await judged : judged;
      if (!admission.admitted) {
        return textResponse(STATUS_CODE.Unauthorized, `Authentication failed: ${admission.reason}`);
      }
      if (!this.#inbox.hasRoom) return busyResponse(); // Others came in while this one was read.
      return await this.#take(frame, info.remoteAddr, admission.signed);
    } finally {
      this.#open--;
    }
  }

  /** Hands a frame over, and answers with what became of it. */
  #take(frame: Uint8Array, { hostname, port }: Deno.NetAddr, signed: boolean): Promise<Response> {
    this.#answering++;
    return new Promise((resolve, reject) => {
      this.#inbox.take(frame, hostPort(hostname, port), (settled) => {
        if (signed) {
          this.#signedResponse(settled).then(resolve, reject).finally(() => this.#answering--);
          return;
        }
        this.#answering--;
        resolve(receiptResponse(this.#written(settled)));
      });
    });
  }

  /** A reply that the other side would not take is none. */
  #written({ receipt, reply }: Settled): ReturnType<typeof writeReceipt> {
    const { frameBytesMax } = this.#options;
    if (!reply || reply.length <= frameBytesMax) return writeReceipt(receipt, reply);
    return writeReceipt({
      outcome: "error",
      reason: "reply_too_large",
      detail: `The reply holds ${reply.length} bytes, a frame at most ${frameBytesMax}`,
    });
  }

  async #signedResponse(settled: Settled): Promise<Response> {
    const { status, body } = this.#written(settled);
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    return receiptResponse({ status, body: bytes }, await responseHeaders(this.#host, bytes));
  }

  /** Answers what is open, lets the answers leave, and closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#inbox[Symbol.dispose]();
    while (this.#answering > 0) await turns(1); // What was taken is settled by now, and only has to come round.
    await turns(FLUSH_TURNS);
    // Not `shutdown`: it would wait for whoever never reads its response.
    this.#abort.abort();
    await this.#server.finished;
    this.#deadlines[Symbol.dispose]();
  }
}

/**
 * Lets the event loop go round: a response that was returned is with the server soon, which writes it in its next turn.
 * No clock, for no time has to pass.
 */
async function turns(count: number): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(turn);
    });
  }
  port1.close();
  port2.close();
}

function listen(
  { hostname, port }: HttpServerOptions["listen"],
  signal: AbortSignal,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const at = hostPort(hostname, port);
  try {
    return Deno.serve({ hostname, port, signal, onListen: () => {} }, handler);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) {
      throw new MeshError(
        "address_in_use",
        `Cannot listen on ${at} as another program does: choose another port, or 0 for any that is free`,
        { cause: thrown },
      );
    }
    throw new MeshError("cannot_listen", `Cannot listen on ${at}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function addressOf(hostname: string, port: number): string | undefined {
  return isWildcard(hostname) ? undefined : meshAddressOf(hostname, port);
}

function pathOf(url: string): string {
  const start = url.indexOf("/", "http://".length);
  const end = url.indexOf("?", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

function identityJson({ name, publicKey }: MeshHost["me"], meshIp: string): string {
  return `"from":${canonicalString(name)},"mesh_ip":${canonicalString(meshIp)},"public_key":"${
    encodeBase64(publicKey)
  }"`;
}

function receiptResponse(
  { status, body }: ReturnType<typeof writeReceipt>,
  headers?: Readonly<Record<string, string>>,
): Response {
  if (status !== STATUS_CODE.ServiceUnavailable) return jsonResponse(status, body, headers);
  return jsonResponse(status, body, { ...RETRY_HEADERS, ...headers });
}

/** The connection is of no more use where a body was not read to its end. */
const CLOSE = { "connection": "close" };

function bodyResponse(problem: BodyProblem, { frameBytesMax, bodyMs }: HttpServerOptions): Response {
  switch (problem) {
    case "too_large":
      return textResponse(STATUS_CODE.ContentTooLarge, `A frame holds at most ${frameBytesMax} bytes`, CLOSE);
    case "too_slow":
      return textResponse(STATUS_CODE.RequestTimeout, `The body did not arrive within ${bodyMs} ms`, CLOSE);
    case "broken":
      return textResponse(STATUS_CODE.BadRequest, "The body broke off", CLOSE);
  }
}
