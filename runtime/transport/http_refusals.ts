/**
 * How many requests ended as what, of those that never became a frame.
 * @module
 */
import { STATUS_CODE } from "./http_responses.ts";

/** Why a request was refused, where its status says it all. */
const REASONS: ReadonlyMap<number, string> = new Map<number, string>([
  [STATUS_CODE.BadRequest, "malformed"],
  [STATUS_CODE.Unauthorized, "unauthorized"],
  [STATUS_CODE.Forbidden, "forbidden"],
  [STATUS_CODE.NotFound, "no_such_path"],
  [STATUS_CODE.MethodNotAllowed, "no_such_method"],
  [STATUS_CODE.RequestTimeout, "too_slow"],
  [STATUS_CODE.ContentTooLarge, "body_too_large"],
  [STATUS_CODE.RequestHeaderFieldsTooLarge, "head_too_large"],
  [STATUS_CODE.ServiceUnavailable, "too_busy"],
]);

/** Requests by the status that they were answered with, and by reason. Both are few, so it needs no bound. */
export class RefusalCount {
  readonly #byStatus = new Map<number, number>();
  readonly #byReason = new Map<string, number>();

  /**
   * Counts one.
   *
   * @param reason Why. @default {what the status says}
   */
  add(status: number, reason: string = REASONS.get(status) ?? `status_${status}`): void {
    this.#byStatus.set(status, this.of(status) + 1);
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
  }

  /** How many so far. */
  of(status: number): number {
    return this.#byStatus.get(status) ?? 0;
  }

  /** All of them, by status. */
  all(): ReadonlyMap<number, number> {
    return this.#byStatus;
  }

  /** All of them, by reason. */
  byReason(): ReadonlyMap<string, number> {
    return this.#byReason;
  }
}
