/**
 * One HTTP request and its answer, part by part as it comes.
 * @module
 */
import { concatBytes } from "../../utilities/bytes.ts";
import { toError } from "../../utilities/errors.ts";
import type { HttpAnswer } from "./http_receipt.ts";
import { STATUS_CODE } from "./http_responses.ts";
import { AnswerError, MeshError } from "./mesh.ts";

/** What bears a request. */
interface Bearer {
  /** Ends the request, and itself. */
  close(): void;
}

/** A request under way. It ends once: with an answer, or with the first failure. */
export class HttpExchange {
  readonly #peer: string;
  readonly #bytesMax: number;
  readonly #onEnd: () => void;
  readonly #onPart: ((part: Uint8Array) => void) | undefined;
  readonly #answer = Promise.withResolvers<HttpAnswer>();
  readonly #chunks: Uint8Array[] = [];
  #bearer: Bearer | undefined;
  #failure: Error | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  #length = 0;

  /**
   * @param peer Who is asked, for messages.
   * @param bytesMax Bytes that the answer may hold.
   * @param onEnd Called once, when it has ended.
   * @param onPart Told each part of an answer with status 200 as it comes; the answer's body is empty then.
   */
  constructor(peer: string, bytesMax: number, onEnd: () => void, onPart?: (part: Uint8Array) => void) {
    this.#onPart = onPart;
    this.#peer = peer;
    this.#onEnd = onEnd;
    this.#bytesMax = bytesMax;
  }

  /** Resolves when the whole answer is there; rejects with a {@linkcode MeshError} or what {@linkcode HttpExchange.fail} got. */
  get answer(): Promise<HttpAnswer> {
    return this.#answer.promise;
  }

  /** Gives up for this reason. After the end it does nothing. */
  fail(reason: unknown): void {
    if (this.#failure) return;
    this.#failure = toError(reason);
    this.#onEnd();
    this.#bearer?.close();
    this.#answer.reject(reason);
  }

  /** Whether it has failed, as may happen while it waits for a connection. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
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
    if (this.#failure) return;
    this.#length += chunk.length;
    if (this.#length > this.#bytesMax) {
      const why = `its answer holds more than ${this.#bytesMax} bytes`;
      return this.fail(
        unreachable(this.#peer, why, new AnswerError("too_long", `Cannot read it all: ${why}`)),
      );
    }
    if (this.#onPart && this.#status === STATUS_CODE.OK) {
      return this.#pass(new Uint8Array(chunk), this.#onPart);
    }
    this.#chunks.push(new Uint8Array(chunk)); // A copy: a connection reads into one buffer again and again.
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
    if (this.#failure) return;
    this.#onEnd();
    this.#answer.resolve({ status: this.#status, body: this.#body(), retryAfterMs: msOf(this.#retryAfter) });
  }

  /** The connection failed. */
  onError(error: Error): void {
    this.fail(error instanceof MeshError ? error : unreachable(this.#peer, error.message, error));
  }

  #body(): Uint8Array {
    return this.#chunks.length === 1 ? this.#chunks[0] : concatBytes(this.#chunks);
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
