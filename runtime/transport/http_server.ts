/**
 * The answering half of the HTTP mesh: `POST /mesh/message` and `GET /ping`.
 * @module
 */
import { canonicalString } from "../../utilities/canonical_json.ts";
import { encodeBase64 } from "../../utilities/base64.ts";
import { Deadlines } from "../primitives/deadlines.ts";
import type { Limit } from "../primitives/limits.ts";
import type { GuardSettings } from "./guard_options.ts";
import { admit, MESSAGE_REQUEST, responseHeaders } from "./http_auth.ts";
import { type BodyProblem, readBody } from "./http_body.ts";
import { type HttpFront, openFront, turns } from "./http_front.ts";
import { HttpInbox, type Settled } from "./http_inbox.ts";
import { writeReceipt } from "./http_receipt.ts";
import { RefusalCount } from "./http_refusals.ts";
import {
  busyResponse,
  jsonResponse,
  methodResponse,
  RETRY_HEADERS,
  STATUS_CODE,
  textResponse,
} from "./http_responses.ts";
import type { MeshHost } from "./mesh.ts";
import { isWildcard, meshAddressOf, meshIpOf } from "./mesh_address.ts";

/** Requests that may be open at once; past it the answer is 503. */
const OPEN_MAX = 1_024;
const PING_PATH = "/ping";
/** The guard times bodies itself, and says so in its counts: behind it this server waits a little longer. */
const GUARDED_MS = 1_000;
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
  /** What the guard at the port allows. @default {there is none} */
  readonly guard?: GuardSettings;
}

/** Listens for other naras. Dispose of it to stop. */
export class HttpServer implements AsyncDisposable {
  /** Where others reach this nara; `undefined` when it listens on every address and was told none. */
  readonly address: string | undefined;
  readonly #host: MeshHost;
  readonly #options: HttpServerOptions;
  readonly #inbox: HttpInbox;
  readonly #deadlines: Deadlines;
  readonly #front: HttpFront;
  readonly #refusals = new RefusalCount();
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
    this.#front = openFront({
      listen: options.listen,
      guard: options.guard,
      bodyBytesMax: options.frameBytesMax,
      paths: [MESSAGE_REQUEST.path, PING_PATH],
      clock: host.clock,
      refusals: this.#refusals,
      handler: (request, peer) => this.#handle(request, peer),
    });
    this.#inbox = new HttpInbox({ clock: host.clock, answerMs: options.answerMs });
    this.#deadlines = new Deadlines(host.clock);
    this.address = options.publicUrl ?? addressOf(options.listen.hostname, this.#front.port);
    this.#identity = identityJson(host.me, meshIpOf(this.address));
  }

  /** What comes in. */
  get inbound(): HttpInbox["inbound"] {
    return this.#inbox.inbound;
  }

  /** How many requests never became a frame, by the status of their answer. */
  refusals(): ReadonlyMap<number, number> {
    return this.#refusals.all();
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    return [
      {
        name: "http.requests",
        unit: "requests",
        max: OPEN_MAX,
        rule: "the answer is 503",
        inUse: () => this.#open,
        overflows: () => this.#overflows,
      },
      ...this.#inbox.limits(),
      ...this.#front.limits(),
    ];
  }

  #handle(request: Request, peer: string): Response | Promise<Response> {
    const path = pathOf(request.url);
    if (path === MESSAGE_REQUEST.path) {
      return request.method === MESSAGE_REQUEST.method
        ? this.#message(request, peer)
        : this.#refused(methodResponse("POST"));
    }
    if (path === PING_PATH) {
      return request.method === "GET" ? this.#ping() : this.#refused(methodResponse("GET"));
    }
    return this.#refused(textResponse(STATUS_CODE.NotFound, "Not found"));
  }

  /** Counts an answer to a request that is no frame. */
  #refused(response: Response): Response {
    this.#refusals.add(response.status);
    return response;
  }

  /** Go's fields in Go's order, and behind them the id, which Go's naras do not tell. */
  #ping(): Response {
    const { me, clock } = this.#host;
    const json = `{${this.#identity},"t":${clock.nowNs()},"id":${canonicalString(me.id)}}\n`;
    return jsonResponse(STATUS_CODE.OK, json);
  }

  async #message(request: Request, peer: string): Promise<Response> {
    if (this.#open >= OPEN_MAX) {
      this.#overflows++;
      return this.#refused(busyResponse());
    }
    if (!this.#inbox.hasRoom) return this.#refused(busyResponse());
    this.#open++;
    try {
      const frame = await readBody(request, {
        bytesMax: this.#options.frameBytesMax,
        ms: this.#options.bodyMs + (this.#options.guard ? GUARDED_MS : 0),
        deadlines: this.#deadlines,
      });
      if (typeof frame === "string") return this.#refused(bodyResponse(frame, this.#options));
      const judged = admit(request.headers, frame, this.#host);
      const admission = judged instanceof Promise ? await judged : judged;
      if (!admission.admitted) {
        const why = `Authentication failed: ${admission.reason}`;
        return this.#refused(textResponse(STATUS_CODE.Unauthorized, why));
      }
      if (!this.#inbox.hasRoom) return this.#refused(busyResponse()); // Others came in while this one was read.
      return await this.#take(frame, peer, admission.signed);
    } finally {
      this.#open--;
    }
  }

  /** Hands a frame over, and answers with what became of it. */
  #take(frame: Uint8Array, peer: string, signed: boolean): Promise<Response> {
    this.#answering++;
    return new Promise((resolve, reject) => {
      this.#inbox.take(frame, peer, (settled) => {
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
    await this.#front.flush();
    await this.#front[Symbol.asyncDispose]();
    this.#deadlines[Symbol.dispose]();
  }
}

function addressOf(hostname: string, port: number): string | undefined {
  return isWildcard(hostname) ? undefined : meshAddressOf(hostname, port);
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3); // Over a Unix socket it is `http+unix:`.
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
