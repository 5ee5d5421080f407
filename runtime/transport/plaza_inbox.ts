/**
 * The inbox of a plaza: what waits for its reader, bounded and counted. For whoever writes an adapter.
 * @module
 */
import type { Limit } from "../primitives/limits.ts";
import { PLAZA_INBOUND_MAX, type PlazaFrame } from "./plaza.ts";

/** A stream of frames into which an adapter puts what comes in. */
export class PlazaInbox {
  /** What its reader reads. */
  readonly stream: ReadableStream<PlazaFrame>;
  /** How full it is. */
  readonly limit: Limit;
  #controller!: ReadableStreamDefaultController<PlazaFrame>;
  #isOpen = true;
  #overflows = 0;

  /** An empty inbox. */
  constructor() {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      cancel: () => void (this.#isOpen = false),
    }, { highWaterMark: PLAZA_INBOUND_MAX });
    this.limit = {
      name: "plaza.inbound",
      unit: "frames",
      max: PLAZA_INBOUND_MAX,
      rule: "what comes is lost",
      inUse: () =>
        PLAZA_INBOUND_MAX -
        (this.#isOpen ? this.#controller.desiredSize ?? PLAZA_INBOUND_MAX : PLAZA_INBOUND_MAX),
      overflows: () => this.#overflows,
    };
  }

  /** Puts a frame in, or counts it as lost. Returns whether it is in. */
  put(frame: PlazaFrame): boolean {
    if (!this.#isOpen) return false;
    if ((this.#controller.desiredSize ?? 0) <= 0) {
      this.#overflows++;
      return false;
    }
    this.#controller.enqueue(frame);
    return true;
  }

  /** Ends the stream behind what waits in it. Closing twice is closing once. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#controller.close();
  }
}
