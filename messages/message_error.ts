/**
 * What can be wrong with a message, apart from who sent it.
 * @module
 */
import { NaraError } from "../utilities/errors.ts";

/** What a {@linkcode MessageError} can say. */
export type MessageErrorCode =
  /** The bytes are no envelope, or the payload is not what its schema says. */
  | "undecodable"
  /** Nobody here registered that kind. */
  | "unknown_kind"
  /** The kind is known, this version of it is not. */
  | "unsupported_version"
  /** A payload that its own schema refuses, on its way out. */
  | "bad_payload"
  /** More bytes than the kind or the mesh allows. */
  | "too_large";

/** A message that cannot be read or cannot be written; the text names the field and what was expected. */
export class MessageError extends NaraError<MessageErrorCode> {}

interface Issue {
  readonly path?: readonly PropertyKey[];
  readonly message?: string;
}

/** Puts what a payload schema threw into one sentence; knows the shape of zod's errors without importing it. */
export function schemaComplaint(thrown: unknown): string {
  const [issue] = (thrown as { issues?: Issue[] })?.issues ?? [];
  if (!issue) return thrown instanceof Error ? thrown.message : String(thrown);
  const field = issue.path?.map(String).join(".");
  return field ? `field "${field}": ${issue.message}` : `${issue.message}`;
}
