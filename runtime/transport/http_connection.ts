/**
 * A connection to another nara: one request at a time, and its answer, read as it comes.
 *
 * A read is always open, so that a connection that the other side closes is known at once, and one that speaks unasked is closed.
 * @module
 */
import { toError } from "../../utilities/errors.ts";
import { nextTurn } from "../primitives/event_loop.ts";
import { type AnswerHead, readAnswerHead } from "./http_answer_head.ts";
import type { HttpExchange } from "./http_exchange.ts";
import { HeadScan } from "./http_head_scan.ts";
import { STATUS_CODE } from "./http_responses.ts";

/** Room for what is read, at first, and for a long answer. A head has to fit into it. */
const FIRST_BYTES = 4_096, ROOM_MAX = 65_536;
/** Bytes of a head, interim ones included. */
const HEAD_BYTES_MAX = 16_384;
/** Reads of one answer before others get their turn. */
const READS_A_TURN = 8;

/** Told how a connection fares. */
export interface ConnectionOwner {
  /** It may bear another request. */
  onIdle(connection: HttpConnection): void;
  /** It is closed. Called once. */
  onClosed(connection: HttpConnection): void;
}

/** What it reads from and writes to. */
type Wire = Pick<Deno.Conn, "read" | "write" | "close">;

/** An open connection. */
export class HttpConnection {
  /** Whether it has borne a request since somebody last set this to `false`. */
  wasUsed = false;
  /** Resolves when it is closed and nothing of it is under way. */
  readonly ended: Promise<void>;
  readonly #tcp: Wire;
  readonly #owner: ConnectionOwner;
  #exchange: HttpExchange | undefined;
  #scan = new HeadScan();
  #head: AnswerHead | undefined;
  #buffer = new Uint8Array(FIRST_BYTES);
  /** Bytes of a head that is not whole yet, at the start of the buffer. */
  #kept = 0;
  /** Bytes of interim heads that came before this answer. */
  #interim = 0;
  /** How often was read for this answer. */
  #reads = 0;
  /** Until all of a request was written; for ever where that failed. */
  #writing: Promise<void> | undefined;
  #isClosed = false;

  /**
   * @param tcp The connection, which is closed with this.
   * @param owner Whom to tell.
   */
  constructor(tcp: Wire, owner: ConnectionOwner) {
    this.#tcp = tcp;
    this.#owner = owner;
    this.ended = this.#read();
  }

  /** Whether it bears a request. */
  get isBusy(): boolean {
    return this.#exchange !== undefined;
  }

  /** Sends a request; `exchange` hears what comes back. Only while it is idle. */
  send(request: Uint8Array, exchange: HttpExchange): void {
    this.wasUsed = true;
    this.#exchange = exchange;
    exchange.begin(this);
    this.#writing = this.#write(request);
  }

  /** Closes it. A request that is under way hears nothing more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#exchange = undefined;
    this.#tcp.close();
    this.#owner.onClosed(this);
  }

  /** It never rejects. What is read decides: whoever does not read a request to its end may have answered it all the same. */
  async #write(bytes: Uint8Array): Promise<void> {
    try {
      let written = await this.#tcp.write(bytes);
      while (written < bytes.length) written += await this.#tcp.write(bytes.subarray(written));
      this.#writing = undefined;
    } catch {
      // Nothing can be written any more, so it stays as it is.
    }
  }

  /** Reads to the end. It never rejects. */
  async #read(): Promise<void> {
    try {
      while (!this.#isClosed) {
        const count = await this.#tcp.read(this.#room());
        if (count === null) return this.#endOfInput();
        this.#take(count);
        // What is there at once is read without a turn of the event loop: whoever has always more would keep it for itself.
        if (++this.#reads % READS_A_TURN === 0) await nextTurn();
      }
    } catch (thrown) {
      this.#fail(toError(thrown));
    }
  }

  /** Room to read into, behind what is kept of a head. */
  #room(): Uint8Array {
    const isFull = this.#kept === this.#buffer.length;
    if (isFull) this.#grow();
    return this.#kept === 0 ? this.#buffer : this.#buffer.subarray(this.#kept);
  }

  #grow(): void {
    const grown = new Uint8Array(Math.min(ROOM_MAX, this.#buffer.length * 4));
    grown.set(this.#buffer.subarray(0, this.#kept));
    this.#buffer = grown;
  }

  /** Looks at what was read. */
  #take(count: number): void {
    if (!this.#exchange) return this.close(); // It speaks unasked.
    if (this.#head) return this.#takeBody(this.#head, 0, count);
    const length = this.#kept + count;
    const bytes = this.#buffer.subarray(0, length);
    const progress = this.#scan.scan(bytes);
    if (progress === "broken") return this.#fail(new Error("it does not speak HTTP/1.1"));
    const scanned = this.#scan.length;
    if (this.#interim + scanned > HEAD_BYTES_MAX) {
      return this.#fail(new Error(`the head of its answer holds more than ${HEAD_BYTES_MAX} bytes`));
    }
    if (progress === "more") {
      this.#kept = length;
      return;
    }
    this.#scan = new HeadScan();
    this.#kept = 0;
    const head = readAnswerHead(bytes.subarray(0, scanned));
    if (typeof head === "string") return this.#fail(new Error(head));
    if (head.status < STATUS_CODE.OK) return this.#passInterim(head, scanned, length);
    this.#head = head;
    this.#exchange.onHead(head.status, head.retryAfter);
    this.#takeBody(head, scanned, length);
  }

  /** An interim answer says nothing that matters here; the one that counts may be behind it already. */
  #passInterim({ status }: AnswerHead, bytes: number, length: number): void {
    if (status === STATUS_CODE.SwitchingProtocols) {
      return this.#fail(new Error("it wants to speak something else"));
    }
    this.#interim += bytes;
    this.#buffer.copyWithin(0, bytes, length);
    if (length > bytes) this.#take(length - bytes);
  }

  /** Takes what lies between these places in the buffer. */
  #takeBody(head: AnswerHead, start: number, end: number): void {
    const exchange = this.#exchange!;
    const bytes = this.#buffer.subarray(start, end);
    const { frame } = head;
    if (!frame) exchange.onData(bytes);
    const taken = frame?.take(bytes, (part) => exchange.onData(part)) ?? bytes.length;
    if (this.#exchange !== exchange) return; // It had enough.
    if (frame?.problem) return this.#fail(new Error("the chunks of its answer are broken"));
    if (frame?.isDone) return this.#finish(head, taken === bytes.length);
    const fillsAll = end === this.#buffer.length;
    if (fillsAll && end < ROOM_MAX) this.#grow(); // It goes on, in larger parts.
  }

  /** The answer is whole. A connection on which more came bears no other. */
  #finish({ closes }: AnswerHead, isAll: boolean): void {
    const exchange = this.#exchange!;
    this.#exchange = undefined;
    this.#head = undefined;
    this.#interim = this.#reads = 0;
    if (this.#buffer.length > FIRST_BYTES) this.#buffer = new Uint8Array(FIRST_BYTES);
    exchange.onEnd();
    if (closes || !isAll) return this.close();
    if (!this.#writing) return this.#owner.onIdle(this);
    // An answer before the end of its request; whoever never reads the rest is closed as one that is not used.
    this.#writing.then(() => this.#writing ? this.close() : this.#isClosed || this.#owner.onIdle(this));
  }

  /** The other side has closed it, which ends an answer of no stated length. */
  #endOfInput(): void {
    const exchange = this.#exchange;
    if (exchange && this.#head && !this.#head.frame) {
      this.#exchange = undefined;
      exchange.onEnd();
    }
    this.#fail(new Error("it closed the connection before its answer was whole"));
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    this.close();
    exchange?.onError(error);
  }
}
