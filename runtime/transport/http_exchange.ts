/**
 * One HTTP request and its answer, part by part as it comes.
 * @module
 */
import { toError } from "../../utilities/errors.ts";
import { GrowingBytes } from "../../utilities/growing_bytes.ts";
import type { HttpAnswer } from "./http_receipt.ts";
import type { HttpPost } from "./http_request.ts";
import { STATUS_CODE } from "./http_responses.ts";
import { AnswerError, MeshError } from "./mesh.ts";

/** What bears a request. */
interface Bearer {
  /** Ends the request, and itself. */
  close(): void;
}

/** What a request says about its answer. */
type Answered = Pick<HttpPost, "onPart" | "answers">;

/** A request under way. It ends once: with an answer, or with the first failure. */
export class HttpExchange {
  readonly #peer: string;
  readonly #bytesMax: number;
  readonly #onEnd: () => void;
  readonly #post: Answered;
  readonly #answer = Promise.withResolvers<HttpAnswer>();
  #bearer: Bearer | undefined;
  #outcome: "answered" | "failed" | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  /** What was kept of the body. */
  readonly #body: GrowingBytes;
  #length = 0;

  /**
   * @param peer Who is asked, for messages.
   * @param bytesMax Bytes that one answer may hold.
   * @param onEnd Called once, when it has ended.
   * @param post What is asked: who is told the parts of an answer, and how many answers these make.
   */
  constructor(peer: string, bytesMax: number, onEnd: () => void, post: Answered) {
    this.#post = post;
    this.#peer = peer;
    this.#onEnd = onEnd;
    this.#bytesMax = bytesMax;
    this.#body = new GrowingBytes(bytesMax);
  }

  /** Resolves when the whole answer is there; rejects with a {@linkcode MeshError} or what {@linkcode HttpExchange.fail} got. */
  get answer(): Promise<HttpAnswer> {
    return this.#answer.promise;
  }

  /** Gives up for this reason. After the end it does nothing. */
  fail(reason: unknown): void {
    if (this.#outcome) return;
    this.#outcome = "failed";
    this.#onEnd();
    this.#bearer?.close();
    this.#answer.reject(reason);
  }

  /** Whether it has failed, as may happen while it waits for a connection. */
  get hasFailed(): boolean {
    return this.#outcome === "failed";
  }

  /** It leaves. */
  begin(bearer: Bearer): void {
    this.#bearer = bearer;
  }

  /** The head of the answer is there. */
  onHead(status: number, retryAfter: string | undefined): void {
    this.#status = status;
    this.#retryAfter = retryAfter;
  }

  /** A part of the answer is there. */
  onData(chunk: Uint8Array): void {
    if (this.#outcome) return;
    this.#length += chunk.length;
    const onPart = this.#status === STATUS_CODE.OK ? this.#post.onPart : undefined;
    const bytesMax = onPart ? this.#bytesMax * (this.#post.answers ?? 1) : this.#bytesMax;
    if (this.#length > bytesMax) {
      const why = `its answer holds more than ${bytesMax} bytes`;
      return this.fail(
        unreachable(this.#peer, why, new AnswerError("too_long", `Cannot read it all: ${why}`)),
      );
    }
    // Copies: a connection reads into one buffer again and again.
    if (onPart) this.#pass(new Uint8Array(chunk), onPart);
    else this.#body.add(chunk);
  }

  /** Whoever reads the parts may refuse them. */
  #pass(part: Uint8Array, onPart: (part: Uint8Array) => void): void {
    try {
      onPart(part);
    } catch (thrown) {
      const error = toError(thrown);
      this.fail(unreachable(this.#peer, error.message, error));
    }
  }

  /** The answer is whole. */
  onEnd(): void {
    if (this.#outcome) return;
    this.#outcome = "answered";
    this.#onEnd();
    this.#answer.resolve({
      status: this.#status,
      body: this.#body.whole,
      retryAfterMs: msOf(this.#retryAfter),
    });
  }

  /** The connection failed. */
  onError(error: Error): void {
    this.fail(error instanceof MeshError ? error : unreachable(this.#peer, error.message, error));
  }
}

/** Whoever asks for more patience than this gets no more, in seconds. */
const RETRY_AFTER_MAX = 60;

/** What `Retry-After` asks for: whole seconds; a date is not taken, as clocks differ. */
function msOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined || !/^\d{1,9}$/.test(retryAfter)) return undefined;
  return Math.min(Number(retryAfter), RETRY_AFTER_MAX) * 1_000;
}

/** A peer that cannot be reached, and why. */
export function unreachable(peer: string, why: string, cause?: Error): MeshError {
  return new MeshError("unreachable", `Cannot reach ${peer}: ${why}`, cause && { cause });
}
