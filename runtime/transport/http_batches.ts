/**
 * The sending half of batches: a batcher per address, and what becomes of each frame.
 * @module
 */
import { toError } from "../../utilities/errors.ts";
import type { Clock } from "../../utilities/clock.ts";
import { Deadlines } from "../primitives/deadlines.ts";
import { MESSAGE_REQUEST } from "./http_auth.ts";
import { BATCH_HEADERS, fitsALine, joinFrames, ReceiptLines } from "./http_batch.ts";
import { Batcher, type Passenger } from "./http_batcher.ts";
import type { HttpClient, HttpClientOptions } from "./http_client.ts";
import { readReceipt, readReceiptLine } from "./http_receipt.ts";
import { STATUS_CODE } from "./http_responses.ts";
import type { Answer } from "./mesh.ts";

/** Bytes of frames in one request at most. */
const BATCH_BYTES_MAX = 256 * 1024;
/** For how long an address that knew no batches is sent none, and how many such addresses are remembered. */
const WITHOUT_MS = 600_000, WITHOUT_MAX = 1_024;

/** Batchers that are kept though nothing is under way: who is spoken to is mostly spoken to again. */
const BATCHERS_KEPT = 256;

/** Options of {@linkcode HttpBatches}. */
export interface HttpBatchesOptions extends Pick<HttpClientOptions, "clock"> {
  /** How requests leave. */
  readonly client: Pick<HttpClient, "post">;
  /** Bytes that a frame may hold. */
  readonly frameBytesMax: number;
  /** Bytes that the answer to one frame may hold. */
  readonly answerBytesMax: number;
}

/** Frames to naras of this implementation, in company where they would wait. Dispose of it to stop its timer. */
export class HttpBatches implements Disposable {
  readonly #client: Pick<HttpClient, "post">;
  readonly #bytesMax: number;
  readonly #lineBytesMax: number;
  readonly #clock: Clock;
  /** Addresses that knew no batches, and until when that is believed. */
  readonly #without = new Map<string, number>();
  readonly #deadlines: Deadlines;
  readonly #batchers = new Map<string, Batcher>();

  /** @param options How requests leave, and bounds. */
  constructor({ clock, client, frameBytesMax, answerBytesMax }: HttpBatchesOptions) {
    this.#clock = clock;
    this.#lineBytesMax = answerBytesMax;
    this.#client = client;
    this.#bytesMax = Math.min(BATCH_BYTES_MAX, frameBytesMax);
    this.#deadlines = new Deadlines(clock);
  }

  /** Whether this frame may travel with others to `address`. */
  takes(frame: Uint8Array, address: string): boolean {
    return frame.length <= this.#bytesMax && this.#knowsBatches(address) && fitsALine(frame);
  }

  /** Sends a frame, which {@linkcode HttpBatches.takes}, to `address`. Rejects as {@linkcode HttpClient.post} and {@linkcode readReceipt}. */
  send(frame: Uint8Array, address: string): Promise<Answer> {
    return this.#batcher(address).send(frame);
  }

  /** Stops its timer: what waits leaves when a request comes back. */
  [Symbol.dispose](): void {
    this.#deadlines[Symbol.dispose]();
  }

  #batcher(address: string): Batcher {
    const known = this.#batchers.get(address);
    if (known) return known;
    const batcher = new Batcher(
      this.#deadlines,
      this.#bytesMax,
      (passengers) => this.#send(passengers, address),
      () => this.#batchers.size > BATCHERS_KEPT && this.#batchers.delete(address),
    );
    this.#batchers.set(address, batcher);
    return batcher;
  }

  async #send(passengers: readonly Passenger[], address: string): Promise<void> {
    if (passengers.length === 1) return await this.#alone(passengers[0], address);
    const open = new Map(passengers.entries());
    const lines = new ReceiptLines(this.#lineBytesMax, (index, line) => {
      const passenger = open.get(index);
      open.delete(index);
      if (passenger) settle(passenger, () => readReceiptLine(line, address));
    });
    try {
      const body = joinFrames(passengers.map(({ frame }) => frame));
      const onPart = (part: Uint8Array) => lines.take(part);
      const post = {
        path: MESSAGE_REQUEST.path,
        body,
        headers: BATCH_HEADERS,
        onPart,
        answers: passengers.length,
      };
      const answer = await this.#client.post(address, post);
      if (answer.status === STATUS_CODE.ServiceUnavailable) readReceipt(answer, address); // It throws.
      if (open.size < passengers.length) return leaveUnknown(open.values()); // It said nothing of these.
      // Whoever knows no batches took none of it: each goes by itself, which any nara understands.
      this.#remember(address);
      await Promise.all(passengers.map((one) => this.#alone(one, address)));
    } catch (thrown) {
      for (const { reject } of open.values()) reject(toError(thrown));
    }
  }

  #knowsBatches(address: string): boolean {
    const untilMs = this.#without.get(address);
    if (untilMs === undefined) return true;
    if (untilMs > this.#clock.monotonicMs()) return false;
    return this.#without.delete(address);
  }

  #remember(address: string): void {
    if (this.#without.size >= WITHOUT_MAX) this.#without.delete(this.#without.keys().next().value!);
    this.#without.set(address, this.#clock.monotonicMs() + WITHOUT_MS);
  }

  async #alone(passenger: Passenger, address: string): Promise<void> {
    try {
      const answer = await this.#client.post(address, { path: MESSAGE_REQUEST.path, body: passenger.frame });
      settle(passenger, () => readReceipt(answer, address));
    } catch (thrown) {
      passenger.reject(toError(thrown));
    }
  }
}

function leaveUnknown(passengers: Iterable<Passenger>): void {
  for (const { resolve } of passengers) resolve({ receipt: { outcome: "unknown" } });
}

function settle({ resolve, reject }: Passenger, read: () => Answer): void {
  try {
    resolve(read());
  } catch (thrown) {
    reject(toError(thrown));
  }
}
