/**
 * What nara says in the benches: one local kind, one that is only taken, one that is answered.
 * @module
 */
import * as z from "zod";
import type { RuntimeApi, Service } from "../../../runtime/mod.ts";
import { local, meshRequest } from "../../../runtime/mod.ts";

const Payload = z.strictObject({ text: z.string(), number: z.int() });

/** Makes an envelope of 600 bytes, envelope signature included, between the naras of the benches. */
export const PAYLOAD = { text: "x".repeat(190), number: 600 };

export const note = local("bench:note", "Stays at home").withVersion(1, Payload);
export const parcel = meshRequest("bench:parcel", "Is taken").withVersion(1, Payload);
export const answer = meshRequest("bench:answer", "Answers").withVersion(1, Payload);
export const question = meshRequest("bench:question", "Is answered").withVersion(1, Payload).withReplies(
  answer,
);

/** Speaks the kinds above. */
export class BenchService implements Service {
  readonly name = "bench";
  readonly net: readonly string[] = [];
  rt!: RuntimeApi;
  /** Told of every handled note. */
  onNote: () => void = () => {};

  registerBehaviors(rt: RuntimeApi): void {
    this.rt = rt;
    rt.register(note, { 1: () => this.onNote() });
    rt.register(parcel, { 1: () => {} });
    rt.register(answer);
    rt.register(question, { 1: async (message) => void await rt.emit(answer.reply(message, PAYLOAD)) });
  }
}
