/**
 * The answering half of the HTTP mesh: `POST /mesh/message` and `GET /ping`.
 * @module
 */
import { canonicalString } from "../../utilities/canonical_json.ts";
import { encodeBase64 } from "../../utilities/base64.ts";
import { Lanes } from "../lanes.ts";
import { Deadlines } from "../primitives/deadlines.ts";
import { nextTurn } from "../primitives/event_loop.ts";
import type { Limit } from "../primitives/limits.ts";
import { Admission, type Ticket } from "./admission.ts";
import type { AdmissionBounds } from "./admission_options.ts";
import type { GuardSettings } from "./guard_options.ts";
import { admit, admitBare, MESSAGE_REQUEST, responseHeaders } from "./http_auth.ts";
import { BATCH_FRAMES_MAX, isBatch, splitFrames } from "./http_batch.ts";
import { BatchAnswer } from "./http_batch_answer.ts";
import { type BodyProblem, readBody } from "./http_body.ts";
import { type HttpFront, openFront } from "./http_front.ts";
import { HttpInbox, type Settled } from "./http_inbox.ts";
import { writeReceipt, type WrittenReceipt } from "./http_receipt.ts";
import { RefusalCount } from "./http_refusals.ts";
import {
  busyResponse,
  jsonResponse,
  methodResponse,
  RETRY_HEADERS,
  STATUS_CODE,
  textResponse,
} from "./http_responses.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { MeshHost, Receipt } from "./mesh.ts";
import { isWildcard, meshAddressOf, meshIpOf } from "./mesh_address.ts";

const PING_PATH = "/ping";
/** The guard times bodies itself, and says so in its counts: behind it this server waits a little longer. */
const GUARDED_MS = 1_000;
/** Bytes of a body that is read to no purpose, at most. */
const THROWN_AWAY_MAX = 65_536;
/** Turns of the event loop that a frame of a batch waits for room: its sender has just as many under way as it was let. */
const FULL_TURNS = 8;
/** Frames of a batch that are handed over in one turn of the event loop. */
const SLICE_FRAMES = 8;
const BATCH_RULE = `A batch holds 1 to ${BATCH_FRAMES_MAX} frames, a line each`;
const UNAUTHORIZED: Receipt = { outcome: "drop", reason: "unauthorized" };
const BUSY: Receipt = { outcome: "drop", reason: "peer_busy" };
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
  /** How much is admitted. @default {the bounds of an admission} */
  readonly admission?: Partial<AdmissionBounds>;
  /** Whether memory is too short for any more. @default {never} */
  readonly isMemoryShort?: () => boolean;
}

/** Room for so many frames of the largest size, where that is more than an admission has by itself. */
const LARGE_FRAMES = 8;
const REQUEST_BYTES = 32 * 1024 * 1024;

/** Listens for other naras. Dispose of it to stop. */
export class HttpServer implements AsyncDisposable {
  /** Where others reach this nara; `undefined` when it listens on every address and was told none. */
  readonly address: string | undefined;
  /** The port at which it listens. */
  readonly port: number;
  readonly #host: MeshHost;
  readonly #options: HttpServerOptions;
  readonly #inbox: HttpInbox;
  readonly #deadlines: Deadlines;
  readonly #front: HttpFront;
  readonly #refusals = new RefusalCount();
  readonly #identity: string;
  readonly #admission: Admission;
  /** Batches whose frames are not all settled. */
  readonly #batches = new Set<Ticket>();
  /**
   * Batches, whose frames are handed over one batch of a sender after another. Were all handed over in turns, all would be answered
   * at the end, and sender and receiver would wait for each other. The admission bounds how many there are.
   */
  readonly #handing = new Lanes<void>({ stageMax: Infinity, laneMax: Infinity, width: 1 });
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
    this.#admission = new Admission({
      clock: host.clock,
      isMemoryShort: options.isMemoryShort,
      bytesMax: Math.max(REQUEST_BYTES, LARGE_FRAMES * options.frameBytesMax),
      ...options.admission,
    });
    this.#inbox = new HttpInbox({ clock: host.clock, answerMs: options.answerMs });
    this.#deadlines = new Deadlines(host.clock);
    this.port = this.#front.port;
    this.address = options.publicUrl ?? addressOf(options.listen.hostname, this.port);
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

  /** The same by reason. */
  refusalReasons(): ReadonlyMap<string, number> {
    return this.#refusals.byReason();
  }

  /** Notes who was proven to have sent what came from `peer` last. */
  proven(peer: string, id: NaraId): void {
    this.#admission.proven(peer, id);
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    return [...this.#admission.limits(), ...this.#inbox.limits(), ...this.#front.limits()];
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

  #busy(reason: string, headers?: Readonly<Record<string, string>>): Response | Promise<Response> {
    this.#refusals.add(STATUS_CODE.ServiceUnavailable, reason);
    const held = this.#admission.refused();
    return held === true ? busyResponse(reason, headers) : held.then(() => busyResponse(reason, headers));
  }

  /** A small body is read and thrown away: unread, it would cost its sender the connection, and perhaps the answer. */
  async #turnedAway(request: Request, reason: string): Promise<Response> {
    const length = request.headers.get("content-length");
    if (bytesOf(length, THROWN_AWAY_MAX) === 0) return await this.#busy(reason, CLOSE);
    await this.#body(request, length, () => false);
    return await this.#busy(reason);
  }

  #body(
    request: Request,
    length: string | null,
    takes: (bytes: number) => boolean,
  ): ReturnType<typeof readBody> {
    const { frameBytesMax: bytesMax, bodyMs, guard } = this.#options;
    const ms = bodyMs + (guard ? GUARDED_MS : 0);
    return readBody(request, { length, bytesMax, ms, deadlines: this.#deadlines, takes });
  }

  /** Nothing is done for a request before it is admitted. */
  #message(request: Request, peer: string): Response | Promise<Response> {
    const length = request.headers.get("content-length");
    const ticket = this.#admission.enter(peer, bytesOf(length, this.#options.frameBytesMax));
    if (typeof ticket === "string") return this.#turnedAway(request, ticket);
    if (!this.#inbox.hasRoom) {
      this.#admission.leave(ticket);
      return this.#turnedAway(request, "inbox_full");
    }
    return this.#admitted(request, ticket, length);
  }

  async #admitted(request: Request, ticket: Ticket, length: string | null): Promise<Response> {
    try {
      const frame = await this.#body(request, length, (bytes) => this.#admission.grow(ticket, bytes));
      return await this.#read(request, ticket, frame);
    } finally {
      if (!this.#batches.has(ticket)) this.#admission.leave(ticket);
    }
  }

  /** Goes on with a body that was read, if it was. */
  async #read(request: Request, ticket: Ticket, frame: Uint8Array | BodyProblem): Promise<Response> {
    if (frame === "no_room") return this.#busy("too_many_bytes", CLOSE);
    if (typeof frame === "string") return this.#refused(bodyResponse(frame, this.#options));
    if (!this.#inbox.hasRoom) return this.#busy("inbox_full"); // Others came in while this one was read.
    const isOfMany = isBatch(request.headers);
    const frames = isOfMany ? splitFrames(frame) : [frame];
    if (!frames) return this.#refused(textResponse(STATUS_CODE.BadRequest, BATCH_RULE));
    const turn = this.#admission.turn(ticket, frames.length);
    if (turn !== true && !await turn) return this.#busy("waited_too_long");
    if (isOfMany) return await this.#batch(frames, ticket);
    const judged = admit(request.headers, frame, this.#host);
    const admission = judged instanceof Promise ? await judged : judged;
    if (!admission.admitted) {
      const why = `Authentication failed: ${admission.reason}`;
      return this.#refused(textResponse(STATUS_CODE.Unauthorized, why));
    }
    if (!this.#inbox.hasRoom) return this.#busy("inbox_full");
    return await this.#take(frame, ticket.connection, admission.signed);
  }

  /** Hands over the frames of a batch when it is their turn, and answers a line for each as they are settled. */
  #batch(frames: readonly Uint8Array[], ticket: Ticket): Promise<Response> {
    const { connection, sender = connection } = ticket;
    this.#answering++;
    this.#batches.add(ticket); // Its answer may go on after its first byte, and for so long it is under way.
    return new Promise((resolve) => {
      const task = () => {
        const answer = new BatchAnswer(frames.length, this.#deadlines);
        answer.response.then(resolve);
        return this.#hand(frames, ticket, answer);
      };
      this.#handing.run(sender, task, () => {});
    });
  }

  async #hand(frames: readonly Uint8Array[], ticket: Ticket, answer: BatchAnswer): Promise<void> {
    let open = frames.length;
    const settle = (index: number, receipt: WrittenReceipt) => {
      answer.add(index, receipt);
      this.#admission.settled(ticket);
      if (--open > 0) return;
      this.#answering--;
      this.#batches.delete(ticket);
      this.#admission.leave(ticket);
    };
    for (let index = 0; index < frames.length; index++) {
      // In between others come in, and get their turn before all of this one is done.
      if (index > 0 && index % SLICE_FRAMES === 0) await nextTurn();
      for (let turn = 0; this.#inbox.isFull && turn < FULL_TURNS; turn++) await nextTurn();
      this.#line(frames[index], ticket.connection, (receipt) => settle(index, receipt));
    }
  }

  #line(frame: Uint8Array, peer: string, settle: (receipt: WrittenReceipt) => void): void {
    if (!admitBare(frame, this.#host).admitted) return settle(writeReceipt(UNAUTHORIZED));
    if (!this.#inbox.hasRoom) return settle(writeReceipt(BUSY));
    this.#inbox.take(frame, peer, (settled) => settle(this.#written(settled)));
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
  #written({ receipt, reply }: Settled): WrittenReceipt {
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
    this.#admission[Symbol.dispose]();
    this.#inbox[Symbol.dispose]();
    while (this.#answering > 0) await nextTurn(); // What was taken is settled by now, and only has to come round.
    await this.#front.flush();
    await this.#front[Symbol.asyncDispose]();
    this.#deadlines[Symbol.dispose]();
  }
}

/** What a body holds by its own word, to which the server holds it: nothing yet where it gives none, nor where it will not be read. */
function bytesOf(stated: string | null, bytesMax: number): number {
  const length = Number(stated);
  return length > 0 && length <= bytesMax ? length : 0;
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
  { status, body }: WrittenReceipt,
  headers?: Readonly<Record<string, string>>,
): Response {
  if (status !== STATUS_CODE.ServiceUnavailable) return jsonResponse(status, body, headers);
  return jsonResponse(status, body, { ...RETRY_HEADERS, ...headers });
}

/** The connection is of no more use where a body was not read to its end. */
const CLOSE = { "connection": "close" };

function bodyResponse(
  problem: Exclude<BodyProblem, "no_room">,
  { frameBytesMax, bodyMs }: HttpServerOptions,
): Response {
  switch (problem) {
    case "too_large":
      return textResponse(STATUS_CODE.ContentTooLarge, `A frame holds at most ${frameBytesMax} bytes`, CLOSE);
    case "too_slow":
      return textResponse(STATUS_CODE.RequestTimeout, `The body did not arrive within ${bodyMs} ms`, CLOSE);
    case "broken":
      return textResponse(STATUS_CODE.BadRequest, "The body broke off", CLOSE);
  }
}
