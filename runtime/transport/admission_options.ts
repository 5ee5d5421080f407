/**
 * What an admission is told, and why it turns requests away.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";

/** Bounds of an admission. */
export interface AdmissionBounds {
  /** Requests in all, from head to answer. More ride out a longer burst, and all wait longer in it. @default {1_024} */
  readonly requestsMax: number;
  /** Bytes of their bodies, by what they say of themselves. @default {32 MiB} */
  readonly bytesMax: number;
  /** Turns at once. More keep the processor busier, and whoever comes next waits longer. @default {16} */
  readonly turnsMax: number;
  /** Milliseconds without any turn's end after which all of them are over: they wait for something, and others need not. @default {5} */
  readonly turnMs: number;
  /** Milliseconds that a request may wait for its turn: then its sender soon gives up, and it is not worth the work. @default {2_000} */
  readonly waitMs: number;
  /** Refusals in a second that are given at once; those past it are held back. @default {64} */
  readonly promptMax: number;
  /** Milliseconds that such a refusal is held back: who asks again at once, whatever it was told, asks less often. @default {500} */
  readonly holdMs: number;
  /** Connections whose sender is remembered; past it the one that came first is a stranger's again. @default {1_024} */
  readonly sendersMax: number;
}

/** What an admission works with. */
export interface AdmissionOptions extends Partial<AdmissionBounds> {
  /** The runtime's time. */
  readonly clock: Clock;
  /** Whether memory is too short for any more. @default {never} */
  readonly isMemoryShort?: () => boolean;
}

/** Why a request was turned away. */
export type AdmissionRefusal =
  | "memory_short"
  | "too_many_requests"
  | "too_many_bytes"
  | "share_of_address"
  | "share_of_sender"
  | "waited_too_long";

/** What holds where nothing else is said. */
export const DEFAULTS: AdmissionBounds = {
  requestsMax: 1_024,
  bytesMax: 32 * 1024 * 1024,
  turnsMax: 16,
  turnMs: 5,
  waitMs: 2_000,
  promptMax: 64,
  holdMs: 500,
  sendersMax: 1_024,
};
