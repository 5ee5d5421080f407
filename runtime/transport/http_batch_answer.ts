/**
 * The response to a batch: whole, where all its frames came to their outcomes at once, or else line by line as they do.
 * @module
 */
import { concatBytes } from "../../utilities/bytes.ts";
import type { Deadline, Deadlines } from "../primitives/deadlines.ts";
import { BATCH_HEADERS, receiptLine } from "./http_batch.ts";
import type { WrittenReceipt } from "./http_receipt.ts";
import { STATUS_CODE } from "./http_responses.ts";

/** Milliseconds after which the lines that are there leave, and the others as they come. */
const WHOLE_MS = 5;
const INIT = { status: STATUS_CODE.OK, headers: BATCH_HEADERS };

/** A response in the making. */
export class BatchAnswer {
  /** Resolves as soon as its first byte may leave. */
  readonly response: Promise<Response>;
  readonly #deadlines: Deadlines;
  readonly #patience: Deadline;
  readonly #resolve: (response: Response) => void;
  #lines: Uint8Array<ArrayBuffer>[] = [];
  #stream: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #isGone = false;
  #missing: number;

  /**
   * A response without a line.
   *
   * @param frames How many lines it will have.
   * @param deadlines The timer that all requests share.
   */
  constructor(frames: number, deadlines: Deadlines) {
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#resolve = resolve;
    this.#missing = frames;
    this.#deadlines = deadlines;
    this.#patience = deadlines.add(WHOLE_MS, () => this.#begin());
  }

  /** Adds the line of a frame. To be called once for each. */
  add(index: number, receipt: WrittenReceipt): void {
    const line = receiptLine(index, receipt);
    if (!this.#stream) this.#lines.push(line);
    else if (!this.#isGone) this.#stream.enqueue(line);
    if (--this.#missing > 0) return;
    this.#deadlines.remove(this.#patience);
    if (!this.#stream) this.#resolve(new Response(concatBytes(this.#lines), INIT));
    else if (!this.#isGone) this.#stream.close();
  }

  #begin(): void {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#stream = controller;
        if (this.#lines.length > 0) controller.enqueue(concatBytes(this.#lines));
        this.#lines = [];
      },
      cancel: () => void (this.#isGone = true), // Who asked does not listen any more.
    });
    this.#resolve(new Response(body, INIT));
  }
}
