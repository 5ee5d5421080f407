/**
 * Behaviors: one declaration per kind of how it is signed, stored, gossiped, sent, verified, deduplicated, limited
 * and filtered. Data, immutable, without handlers, so that other services can import them and subscribe.
 *
 * @example A kind of one's own
 * ```ts
 * import { meshRequest } from "@nara/nara/runtime";
 * import * as z from "zod";
 * const tea = meshRequest("tea:offer", "Would you like some tea?").withVersion(1, z.strictObject({ sort: z.string() }));
 * const draft = tea.draft({ sort: "mint" }, { to: "5puGXP8Ljasf8FPfv2TRSDKXxK5At1SGRsk1tJzzpDk8" });
 * ```
 * @module
 */
import { type Draft, replyTo } from "../messages/draft.ts";
import type { Message } from "../messages/message.ts";
import type { PayloadSchema } from "../messages/payload_schema.ts";
import { isKind, type NaraId, type NaraName } from "../utilities/names.ts";
import { BehaviorError } from "./behavior_error.ts";
import type { Effects } from "./primitives/effects.ts";
import type { ErrorStrategies } from "./error_strategy.ts";
import type { Stage, StreamStage } from "./stage.ts";
import { rateLimit, type RateLimitOptions } from "./stages/rate_limit.ts";

/** The replaceable stages of the emit pipeline, in order. */
export interface EmitStages {
  /** Signs, or not. */
  readonly sign: Stage;
  /** Stores in the ledger, or not. */
  readonly store: Stage;
  /** Queues for gossip, or not. */
  readonly gossip: Stage;
  /** Sends, or not. */
  readonly transport: Stage;
}

/** The replaceable stages of the receive pipeline, in order. */
export interface ReceiveStages {
  /** Proves the sender, or not. */
  readonly verify: Stage;
  /** Refuses what was seen before. */
  readonly dedupe: Stage;
  /** Refuses a loud sender, or not. */
  readonly rateLimit: Stage;
  /** Refuses what this nara does not care for, or not. */
  readonly filter: Stage;
  /** Stores in the ledger, or not. */
  readonly store: Stage;
  /** Passes on to others, or not. */
  readonly gossip: Stage;
}

/** Stages to put in place of a template's. */
export interface StageOverrides {
  /** In the emit pipeline. */
  readonly emit?: Partial<EmitStages>;
  /** In the receive pipeline. */
  readonly receive?: Partial<ReceiveStages>;
  /** What happens when a stage fails, on the way out and on the way in. */
  readonly onError?: Partial<ErrorStrategies>;
  /** The same for the way in only, where that should differ. */
  readonly onReceiveError?: Partial<ErrorStrategies>;
  /** How old, and how far ahead, a message may be. */
  readonly freshness?: Partial<Freshness>;
}

/** How far a message's time may lie from the receiver's, in milliseconds. */
export interface Freshness {
  /** Back. Longer takes slow routes and skewed clocks along, and keeps more ids in memory. */
  readonly pastMs: number;
  /** Ahead. */
  readonly futureMs: number;
}

/** The window in which a message is taken unless its kind says otherwise: 5 minutes back, 1 minute ahead. */
export const DEFAULT_FRESHNESS: Freshness = { pastMs: 300_000, futureMs: 60_000 };

/** A behavior as plain data: what the runtime compiles and the catalog prints. */
export interface BehaviorSpec {
  /** What the messages are called on the wire. */
  readonly kind: string;
  /** What they say, in a few words. */
  readonly description: string;
  /** Which template it was made from. */
  readonly template: string;
  /** Payload schemas by version. */
  readonly schemas: ReadonlyMap<number, PayloadSchema<unknown>>;
  /** The version of new messages: the highest that has a schema. */
  readonly current: number;
  /** The oldest version that is still taken. */
  readonly min: number;
  /** Kinds that may answer it. */
  readonly replies: readonly string[];
  /** Computes the content key of the current version's payload. */
  readonly contentKey: ((payload: never) => string) | undefined;
  /** Says whom the current version's payload is about. */
  readonly subject: ((payload: never) => NaraId | undefined) | undefined;
  /** Stages of the emit pipeline. */
  readonly emit: EmitStages;
  /** Stages of the receive pipeline. */
  readonly receive: ReceiveStages;
  /** What happens when a stage of the emit pipeline fails. */
  readonly onError: ErrorStrategies;
  /** What happens when a stage of the receive pipeline fails, or the handler. */
  readonly onReceiveError: ErrorStrategies;
  /** How old, and how far ahead, a message may be. */
  readonly freshness: Freshness;
  /** Whether messages of one peer pass strictly one after another. */
  readonly isOrdered: boolean;
  /** Bytes that one message may hold, its envelope included. */
  readonly bytesMax: number;
}

/** Bytes that a message may hold unless its kind declares more. */
export const DEFAULT_BYTES_MAX: number = 64 * 1024;
/** Bytes that a kind may allow its messages at most. */
export const BYTES_MAX: number = 1024 * 1024;

/** Whether messages of this kind never leave their nara; nor are they taken from outside. */
export function isLocal({ emit }: BehaviorSpec): boolean {
  return emit.transport.isNone === true && emit.gossip.isNone === true;
}

/** Handlers by version; a version without one is taken and ends as handled. */
export type Handlers<V> = {
  readonly [N in keyof V]?: (message: Message<V[N]>, options: HandlerOptions) => void | Promise<void>;
};

/** What a handler gets beside its message. */
export interface HandlerOptions {
  /** Aborts when the handler's 30 s are over or the runtime stops. */
  readonly signal: AbortSignal;
  /**
   * What it changes together with the note that the message was handled: all of it, or nothing when it throws or the process
   * ends before. Use it where an effect must be there once, and once only.
   */
  readonly effects: Effects;
}

/** Where a draft should go. */
export interface DraftOptions {
  /** The target's id. */
  readonly to?: NaraId;
  /** The target's name, for display only. */
  readonly toName?: NaraName;
  /** An older version to write. The payload is then in that version's form. */
  readonly version?: number;
  /** An address to send to before its owner's id is known; only presence needs it. */
  readonly toAddress?: string;
}

/**
 * The declaration of one kind. `P` is the payload of its highest version, `V` maps each version to its payload.
 * Every method returns a new behavior.
 */
export class Behavior<P = unknown, V = unknown> {
  /** The declaration as plain data. */
  readonly spec: BehaviorSpec;
  /** Carries the payload types by version for the compiler; never set. */
  declare readonly payloads: V;

  /**
   * A behavior from plain data.
   *
   * @param spec The declaration; use a template (`meshRequest`, `local` …) rather than this.
   * @throws {BehaviorError} `bad_kind`.
   */
  constructor(spec: BehaviorSpec) {
    if (!isKind(spec.kind)) {
      throw new BehaviorError(
        "bad_kind",
        `Cannot declare the kind ${
          JSON.stringify(spec.kind)
        }: expected lower-case words joined by ":", at most 64 characters`,
      );
    }
    this.spec = Object.freeze(spec);
  }

  /** What the messages are called on the wire. */
  get kind(): string {
    return this.spec.kind;
  }

  /**
   * Adds the payload schema of a version. Versions are added in ascending order; the last is the current one.
   *
   * @throws {BehaviorError} `bad_version`.
   */
  withVersion<N extends number, Q>(
    version: N,
    schema: PayloadSchema<Q>,
  ): Behavior<Q, V & { readonly [K in N]: Q }> {
    const { current, schemas, min } = this.spec;
    if (!Number.isSafeInteger(version) || version < 1 || version <= current) {
      throw new BehaviorError(
        "bad_version",
        `Cannot add version ${version} to ${this.kind}: expected a whole number above ${current}, in ascending order`,
      );
    }
    return new Behavior<Q, V & { readonly [K in N]: Q }>({
      ...this.spec,
      schemas: new Map(schemas).set(version, schema as PayloadSchema<unknown>),
      current: version,
      min: min || version,
    });
  }

  /** Raises the oldest version that is still taken. Checked when the behavior is registered. */
  withMin(version: number): Behavior<P, V> {
    return new Behavior<P, V>({ ...this.spec, min: version });
  }

  /** Names the kinds that may answer this one: only such a reply resolves a call. */
  withReplies(...replies: { readonly kind: string }[]): Behavior<P, V> {
    return new Behavior<P, V>({ ...this.spec, replies: replies.map(({ kind }) => kind) });
  }

  /** Says when two messages mean the same fact, whoever tells it. */
  withContentKey(key: (payload: P) => string): Behavior<P, V> {
    return new Behavior<P, V>({ ...this.spec, contentKey: key as (payload: never) => string });
  }

  /** Says whom a message is about, so that the ledger finds it by that. */
  withSubject(subject: (payload: P) => NaraId | undefined): Behavior<P, V> {
    return new Behavior<P, V>({ ...this.spec, subject: subject as (payload: never) => NaraId | undefined });
  }

  /** Hears at most so many messages in a window: per sender, unless the options name another key. */
  withRateLimit(options: RateLimitOptions<P>): Behavior<P, V> {
    return this.with({ receive: { rateLimit: rateLimit(options) } });
  }

  /** Lets this nara ignore what it does not care for. */
  withFilter(stage: StreamStage): Behavior<P, V> {
    return this.with({ receive: { filter: stage } });
  }

  /**
   * Takes messages of up to so many bytes, envelope included; 64 KiB unless this says otherwise.
   *
   * @throws {BehaviorError} `bad_size`, unless it is 1 to 1 048 576.
   */
  withBytesMax(bytes: number): Behavior<P, V> {
    if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > BYTES_MAX) {
      throw new BehaviorError(
        "bad_size",
        `Cannot let messages of ${this.kind} hold ${bytes} bytes: expected a whole number from 1 to ${BYTES_MAX}`,
      );
    }
    return new Behavior<P, V>({ ...this.spec, bytesMax: bytes });
  }

  /** Passes messages of one peer strictly one after another, at half the rate or less. */
  ordered(): Behavior<P, V> {
    return new Behavior<P, V>({ ...this.spec, isOrdered: true });
  }

  /** Replaces any stage. What could act on something unverified is refused when the behavior is registered. */
  with({ emit, receive, onError, onReceiveError, freshness }: StageOverrides): Behavior<P, V> {
    return new Behavior<P, V>({
      ...this.spec,
      emit: { ...this.spec.emit, ...emit },
      receive: { ...this.spec.receive, ...receive },
      onError: { ...this.spec.onError, ...onError },
      onReceiveError: { ...this.spec.onReceiveError, ...onError, ...onReceiveError },
      freshness: { ...this.spec.freshness, ...freshness },
    });
  }

  /** A message of this kind, to be emitted: in this declaration's highest version, even where the owner knows a later one. */
  draft(payload: P, options: DraftOptions = {}): Draft<P> {
    return { kind: this.kind, payload, version: this.spec.current, ...options };
  }

  /** A message of this kind that answers `request`, in the same version. */
  reply(request: Message, payload: P): Draft<P> {
    return replyTo(request, this.kind, payload, this.spec.current);
  }
}
