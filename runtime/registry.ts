/**
 * The registry: every kind that this runtime speaks, who owns it, and its compiled chains.
 * @module
 */
import { MessageError } from "../messages/message_error.ts";
import type { Message } from "../messages/message.ts";
import { type BehaviorSpec, type HandlerOptions, isLocal } from "./behavior.ts";
import { checkBehavior } from "./behavior_check.ts";
import { BehaviorError } from "./behavior_error.ts";
import { Lanes } from "./lanes.ts";
import type { Books, Page } from "./primitives/books.ts";
import type { PendingEffects } from "./primitives/effects.ts";
import type { ServiceStore } from "./primitives/store.ts";
import type { Chain } from "./pipeline.ts";
import { type DeliveryPromise, promiseOf } from "./promise.ts";

/** A handler whose version the registry has matched. */
export type AnyHandler = (message: Message, options: HandlerOptions) => void | Promise<void>;

/** How a handler ended. */
export type Handled =
  | { readonly outcome: "done"; readonly effects?: PendingEffects }
  | { readonly outcome: "timeout" | "busy" | "stopped" }
  | { readonly outcome: "error"; readonly error: Error };

/** A kind that is spoken here. */
export interface Registered {
  /** The declaration. */
  readonly spec: BehaviorSpec;
  /** Whether its messages never leave this nara. */
  readonly isLocal: boolean;
  /** What is promised of its messages. */
  readonly promise: DeliveryPromise;
  /** The service that owns it. */
  readonly owner: string;
  /** What its owner keeps. */
  readonly store: ServiceStore;
  /** Handlers by version. */
  readonly handlers: Readonly<Record<number, AnyHandler>>;
  /** Where its handlers wait, a lane per sender. */
  readonly lanes: Lanes<Handled>;
  /** Its emitted messages. */
  readonly emitted: Page;
  /** Its received messages. */
  readonly received: Page;
  /** The compiled emit pipeline, once a message came. */
  emitChain?: Chain;
  /** The compiled receive pipeline, once a message came. */
  receiveChain?: Chain;
  /** What checks messages of later versions, once one came. */
  futureChain?: Chain;
}

/** Bytes that are read in any case: a later version of a kind may be larger than ours, and be kept for an upgrade. A zine is as large. */
const READ_BYTES_MIN = 256 * 1024;

/** Kinds by name. */
export class Registry {
  readonly #kinds = new Map<string, Registered>();
  readonly #replyKinds = new Set<string>();
  readonly #books: Books;
  #isSealed = false;
  #bytesMax = READ_BYTES_MIN;

  /**
   * An empty registry.
   *
   * @param books Where their messages are counted.
   */
  constructor(books: Books) {
    this.#books = books;
  }

  /** Bytes of the largest frame that is read. */
  get bytesMax(): number {
    return this.#bytesMax;
  }

  /**
   * Refuses a frame that is larger than any kind allows, and any that naras of today know, before anybody looks into it: to read
   * it would cost more than to send it.
   *
   * @throws {MessageError} `too_large`.
   */
  checkBytes(bytes: number): void {
    if (bytes <= this.#bytesMax) return;
    throw new MessageError(
      "too_large",
      `Cannot take ${bytes} bytes: no kind here holds more than ${this.#bytesMax}`,
    );
  }

  /** All kinds, in the order of registration. */
  all(): Registered[] {
    return [...this.#kinds.values()];
  }

  /** Takes no more kinds: what a nara speaks is known before it starts. */
  seal(): void {
    this.#isSealed = true;
  }

  /**
   * Adds a kind.
   *
   * @throws {BehaviorError} `too_late`, `duplicate_kind`, and what {@linkcode checkBehavior} finds.
   */
  add(
    spec: BehaviorSpec,
    handlers: Readonly<Record<number, AnyHandler>>,
    owner: string,
    store: ServiceStore,
  ): void {
    const { kind } = spec;
    if (this.#isSealed) {
      throw new BehaviorError(
        "too_late",
        `Cannot register ${kind} for "${owner}" as this nara has started: do it in registerBehaviors()`,
      );
    }
    const other = this.#kinds.get(kind);
    if (other) {
      throw new BehaviorError(
        "duplicate_kind",
        `Cannot register ${kind} for "${owner}" as "${other.owner}" owns it: subscribe to it, or choose another kind`,
      );
    }
    checkBehavior(spec, handlers);
    for (const reply of spec.replies) this.#replyKinds.add(reply);
    if (!isLocal(spec)) this.#bytesMax = Math.max(this.#bytesMax, spec.bytesMax);
    this.#kinds.set(kind, {
      spec,
      isLocal: isLocal(spec),
      promise: promiseOf(spec),
      owner,
      store,
      handlers,
      lanes: new Lanes({ release: "finish", width: spec.isOrdered ? 1 : undefined }),
      emitted: this.#books.page("emit", kind),
      received: this.#books.page("receive", kind),
    });
  }

  /** Whether messages of `kind` answer some other kind. */
  isReply(kind: string): boolean {
    return this.#replyKinds.has(kind);
  }

  /**
   * The kind of a draft.
   *
   * @throws {BehaviorError} `unregistered_kind`.
   */
  forDraft(kind: string): Registered {
    const registered = this.#kinds.get(kind);
    if (registered) return registered;
    throw new BehaviorError(
      "unregistered_kind",
      `Cannot emit ${kind} as no service of this nara registered it: add it to registerBehaviors()`,
    );
  }

  /** Whether messages of this kind and version can be read. */
  understands(kind: string, version: number): boolean {
    return this.#kinds.get(kind)?.spec.schemas.has(version) ?? false;
  }

  /** The kind of a received message whose version is above ours; `undefined` for any other. */
  ofFuture(kind: string, version: number): Registered | undefined {
    const registered = this.#kinds.get(kind);
    return registered && version > registered.spec.current && !isLocal(registered.spec)
      ? registered
      : undefined;
  }

  /**
   * The kind of a received message.
   *
   * @param bytes How large its frame is.
   * @throws {MessageError} `unknown_kind`, `unsupported_version` or `too_large`.
   */
  forReceived(kind: string, version: number, bytes: number = 0): Registered {
    const registered = this.#kinds.get(kind);
    // A local kind is nobody else's to send: from outside it does not exist.
    if (!registered || registered.isLocal) {
      throw new MessageError(
        "unknown_kind",
        `Cannot take a message of the unknown kind ${JSON.stringify(kind)}`,
      );
    }
    checkVersion(registered.spec, version);
    checkSize(registered.spec, bytes);
    return registered;
  }
}

function checkSize({ kind, bytesMax }: BehaviorSpec, bytes: number): void {
  if (bytes <= bytesMax) return;
  throw new MessageError(
    "too_large",
    `Cannot take ${bytes} bytes of ${kind}: at most ${bytesMax} are supported`,
  );
}

/**
 * Checks that a version lies within a kind's bounds.
 *
 * @throws {MessageError} `unsupported_version`.
 */
export function checkVersion({ kind, min, current, schemas }: BehaviorSpec, version: number): void {
  if (schemas.has(version) && version >= min) return;
  throw new MessageError(
    "unsupported_version",
    `Cannot take ${kind} v${version}: versions ${min} to ${current} are supported`,
  );
}
