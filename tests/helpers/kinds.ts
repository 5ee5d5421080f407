/**
 * Kinds for tests of the runtime, and services around them.
 * @module
 */
import * as z from "zod";
import type { Message } from "../../messages/message.ts";
import type { Behavior } from "../../runtime/behavior.ts";
import type { RuntimeApi, Service } from "../../runtime/service.ts";
import { local, meshRequest } from "../../runtime/templates.ts";

/** The payload of every kind in here. */
export interface Text {
  /** Anything. */
  text: string;
}

/** Schema of {@linkcode Text}. */
export const textSchema = z.strictObject({ text: z.string() });

/** A behavior with one version, whose payload is a {@linkcode Text}. */
export type TextBehavior = Behavior<Text, { readonly 1: Text }>;

/** Whoever emits hears of a failure at once: most tests look at one try. */
const ONCE = { onError: { transport: "log" } } as const;

/** A message to one nara that nothing answers. */
export const note: TextBehavior = meshRequest("test:note", "Says something").withVersion(1, textSchema)
  .with(ONCE);

/** Answers a {@linkcode question}. */
export const answer: TextBehavior = meshRequest("test:answer", "Answers").withVersion(1, textSchema)
  .with(ONCE);

/** Asks one nara something. */
export const question: TextBehavior = meshRequest("test:question", "Asks").withVersion(1, textSchema)
  .with(ONCE).withReplies(answer);

/** Stays in the process. */
export const whisper: TextBehavior = local("test:whisper", "Says something at home").withVersion(
  1,
  textSchema,
);

/** A service made of functions, which shows the runtime that it got. */
export class TestService implements Service {
  readonly net: readonly string[] = [];
  /** The runtime as this service sees it, once it registered. */
  rt!: RuntimeApi;

  /** @param register Registers what the service speaks. @param name Its name. */
  constructor(readonly register: (rt: RuntimeApi) => void = () => {}, readonly name: string = "test") {}

  registerBehaviors(rt: RuntimeApi): void {
    this.rt = rt;
    this.register(rt);
  }
}

/** A service that registers `behavior` and keeps what its handler got. */
export class Recorder extends TestService {
  /** What the handler got, in order. */
  readonly heard: Message<Text>[] = [];

  /** @param behaviors What it registers. */
  constructor(...behaviors: TextBehavior[]) {
    super((rt) => {
      for (const behavior of behaviors) {
        rt.register(behavior, { 1: (message) => void this.heard.push(message) });
      }
    });
  }

  /** The texts that came, in order. */
  get texts(): string[] {
    return this.heard.map(({ payload }) => payload.text);
  }
}
