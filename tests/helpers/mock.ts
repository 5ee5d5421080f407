/**
 * A MockRuntime around the test kinds, with frames that a test can spoil before they are delivered.
 * @module
 */
import type { Draft } from "../../messages/draft.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import {
  type DeliverOptions,
  MockRuntime,
  type MockRuntimeOptions,
} from "../../runtime/testing/mock_runtime.ts";
import type { Receipt } from "../../runtime/transport/mesh.ts";
import type { Identity } from "../../utilities/identity.ts";
import { assertBalanced, totalsOf } from "./books.ts";
import { answer, note, question, Recorder, type TextBehavior, whisper } from "./kinds.ts";

/** The members of an envelope on its way. */
export type Wire = Record<string, unknown>;

/** A runtime that speaks the test kinds, and keeps what its handlers got. */
export class Bench implements AsyncDisposable {
  /** The runtime. */
  readonly mock: MockRuntime;
  /** Its service. */
  readonly service: Recorder;
  /** A peer that it knows. */
  readonly alice: Identity;
  #stamp = 0n;

  private constructor(mock: MockRuntime, service: Recorder, alice: Identity) {
    this.mock = mock;
    this.service = service;
    this.alice = alice;
  }

  /** Makes one. `kinds` are registered beside the test kinds, or in place of those with the same name. */
  static async create(kinds: readonly TextBehavior[] = [], options: MockRuntimeOptions = {}): Promise<Bench> {
    const all = new Map(
      [note, question, answer, whisper, ...kinds].map((behavior) => [behavior.kind, behavior]),
    );
    const service = new Recorder(...all.values());
    const mock = await MockRuntime.create({ services: [service], ...options });
    return new Bench(mock, service, await mock.peer("alice"));
  }

  /** A frame as a runtime of `from` would send it now. */
  async frame(draft: Draft, { from, form, ageMs = 0 }: Partial<DeliverOptions> = {}): Promise<Uint8Array> {
    const { spec } = this.mock.runtime.catalog.forDraft(draft.kind);
    const atNs = this.mock.clock.nowNs() - BigInt(ageMs) * 1_000_000n + 500n + this.#stamp++;
    return await signedFrame(draft, { from: from ?? this.alice, form, spec, atNs });
  }

  /** A note to this nara. */
  note(text: string = "hello", options?: Partial<DeliverOptions>): Promise<Uint8Array> {
    return this.frame(note.draft({ text }, { to: this.mock.runtime.me.id }), options);
  }

  /** Receives a frame. */
  async receive(frame: Uint8Array | string): Promise<Receipt> {
    const bytes = typeof frame === "string" ? new TextEncoder().encode(frame) : frame;
    return (await this.mock.runtime.receive(bytes, "mock:somewhere")).receipt;
  }

  /** The counts of received messages of one kind. */
  received(kind: string = "test:note"): ReturnType<typeof totalsOf> {
    return totalsOf(this.mock.runtime, "receive", kind);
  }

  /** Stops it; its books must balance. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.mock[Symbol.asyncDispose]();
    assertBalanced(this.mock.runtime);
  }
}

/** The same frame with other members; `undefined` takes one out. */
export function altered(frame: Uint8Array, members: Wire): Uint8Array {
  const wire = { ...JSON.parse(new TextDecoder().decode(frame)) as Wire, ...members };
  return new TextEncoder().encode(JSON.stringify(wire));
}
