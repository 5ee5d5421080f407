/**
 * What can become of a call, other than its reply.
 * @module
 */
import { NaraError } from "../utilities/errors.ts";

/** A call that got no reply. */
export class CallError extends NaraError<
  /** The deadline passed. */
  | "timeout"
  /** The other side took the request and said that it went no further. */
  | "refused"
  /** Too many calls wait for replies. */
  | "too_many"
  /** The runtime stopped meanwhile. */
  | "stopped"
> {}
