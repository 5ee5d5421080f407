/**
 * Outbox entries: one message that waits to be sent again, in memory and in the data folder.
 * @module
 */
import { frameOf } from "../../messages/envelope.ts";
import type { MessageId } from "../../utilities/names.ts";
import { MessageError } from "../../messages/message_error.ts";
import type { Message } from "../../messages/message.ts";
import { NaraError } from "../../utilities/errors.ts";
import { BehaviorError } from "../behavior_error.ts";
import { MeshError } from "../transport/mesh.ts";
import { PlazaError } from "../transport/plaza.ts";
import type { Deadline } from "./deadlines.ts";
import {
  decodeKept,
  encodeKept,
  errorIn,
  type Kept,
  type KeptError,
  numberIn,
  optionalTextIn,
  type ReadKept,
  textIn,
} from "./kept_message.ts";

/**
 * Why a message is not, or no longer, in the outbox.
 *
 * - `behind`: it was not tried, for others to the same target wait before it.
 * - `deadline`: soon its receiver would not take it any more.
 * - `attempts`: it was tried often enough.
 */
export class OutboxError extends NaraError<"behind" | "deadline" | "attempts"> {}

/** A message that waits to be sent. */
export interface OutboxEntry {
  /** Its key in the data folder. */
  readonly key: string;
  /** The message. */
  readonly message: Message;
  /** The stage that failed, where its emit chain has to go on. */
  readonly stage: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly keptAtMs: number;
  /** After that it is given up, in milliseconds since 1970. */
  readonly deadlineMs: number;
  /** How often it was tried, the first time included. */
  attempts: number;
  /** What the last try said. */
  error: KeptError | undefined;
  /** Bytes that it takes. */
  bytes: number;
  /** Whether it survives `kill -9` by now; until then it is not sent. */
  isOnDisk: boolean;
  /** Ends its wait. */
  expiry: Deadline | undefined;
}

/** What waits for one target. */
export interface OutboxQueue {
  /** Whom it waits for. */
  readonly target: string;
  /** In order; only the first is sent. */
  readonly entries: OutboxEntry[];
  /** Tries in a row that failed. */
  failures: number;
  /** Whether the first is being sent. */
  isSending: boolean;
  /** Ends the pause after a failure. */
  wake: Deadline | undefined;
  /** Whether the pause was cut short already: once each, or a peer that only talks would cost all tries. */
  isDrained: boolean;
}

/** What an entry is made of. */
export type NewEntry = Omit<OutboxEntry, "bytes" | "isOnDisk" | "expiry">;

/** The value to keep. */
export function writeEntry(
  { message, stage, keptAtMs, attempts, error }: Pick<
    OutboxEntry,
    "message" | "stage" | "keptAtMs" | "attempts" | "error"
  >,
): Uint8Array {
  const { toAddress } = message;
  const meta = { target: targetOf(message), stage, keptAtMs, attempts, error, toAddress };
  return encodeKept(meta, frameOf(message));
}

/** Whom a kept entry waits for, without reading its frame; `undefined` when it is damaged. */
export function keptTarget(value: Uint8Array): string | undefined {
  try {
    return optionalTextIn(decodeKept(value).meta, "target");
  } catch {
    return undefined; // Reading all of it says more.
  }
}

/**
 * Reads a kept entry. The message has its id, its time and its target; what was not signed yet is signed when it is sent.
 *
 * @throws When it is damaged, or its kind is not spoken any more.
 */
export function readEntry(
  { meta, frame }: Kept,
  read: ReadKept,
): Pick<OutboxEntry, "message" | "stage" | "keptAtMs" | "attempts" | "error"> {
  const toAddress = optionalTextIn(meta, "toAddress");
  return {
    message: read(frame, { toAddress, proof: "envelope", direction: "emit" }),
    stage: textIn(meta, "stage"),
    keptAtMs: numberIn(meta, "keptAtMs"),
    attempts: numberIn(meta, "attempts"),
    error: meta.error === undefined ? undefined : errorIn(meta),
  };
}

/** Whom a message waits for: what waits for one target is sent one after the other. Everybody is a target too. */
export function targetOf({ toId, toAddress }: Pick<Message, "toId" | "toAddress">): string {
  return toId ?? toAddress ?? "";
}

/** Failures of the mesh that no waiting mends. */
const HOPELESS = new Set(["frame_too_large", "no_target", "refused"]);

/** The failure of a message that is not tried, for others to its target wait before it. */
export function behindOthers(message: Message): OutboxError {
  return new OutboxError(
    "behind",
    `Cannot send ${message.kind} to ${nameOf(message)} before what waits already: it queues behind`,
  );
}

/** Where a message waits in a queue, in words; `undefined` when it does not. */
export function placeIn(
  { entries, isSending }: { readonly entries: readonly OutboxEntry[]; readonly isSending: boolean },
  id: MessageId,
): string | undefined {
  const at = entries.findIndex(({ message }) => message.id === id);
  if (at < 0) return undefined;
  const now = at > 0
    ? `behind ${at} others to the same target`
    : isSending
    ? "being tried again now"
    : "to be tried again";
  return `in the outbox, tried ${entries[at].attempts} times, ${now}`;
}

/** Whether a message that failed like this may come through later. */
export function isWorthRetrying(error: Error): boolean {
  if (error instanceof MessageError || error instanceof BehaviorError) return false;
  if (error instanceof PlazaError) return error.code === "unreachable";
  return !(error instanceof MeshError && HOPELESS.has(error.code));
}

/** When a peer that was too busy asked to be tried again, in milliseconds. */
export function retryAfterMsOf(error: Error | undefined): number | undefined {
  return error instanceof MeshError ? error.retryAfterMs : undefined;
}

/** Why an entry is given up at its deadline. */
export function tooLate(entry: OutboxEntry): OutboxError {
  return new OutboxError("deadline", `${gaveUp(entry)}: its deadline has passed${lastSaid(entry)}`);
}

/** Why an entry is given up after its last try. */
export function tooOften(entry: OutboxEntry): OutboxError {
  return new OutboxError("attempts", `${gaveUp(entry)}: that is often enough${lastSaid(entry)}`);
}

function gaveUp({ message, attempts }: OutboxEntry): string {
  return `Gave up sending ${message.kind} to ${nameOf(message)} after ${attempts} tries`;
}

function nameOf({ to, toId, toAddress }: Message): string {
  return to ?? toId ?? toAddress ?? "everybody";
}

function lastSaid({ error }: OutboxEntry): string {
  return error ? `; the last said: ${error.message}` : "";
}
