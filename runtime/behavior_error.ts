/**
 * What can be wrong with a declaration.
 * @module
 */
import { NaraError } from "../utilities/errors.ts";

/** A behavior that cannot be registered, or a use of a kind that its declaration does not allow. */
export class BehaviorError extends NaraError<
  | "bad_freshness"
  | "bad_kind"
  | "bad_size"
  | "bad_version"
  | "duplicate_kind"
  | "no_schema"
  | "unsafe_order"
  | "unregistered_kind"
  | "too_late"
> {}
