/**
 * A service that speaks a kind of every promise, for simulations: questions with answers, notes, facts that are stored before
 * they are acknowledged, news for everybody, a diary, and whispers at home.
 * @module
 */
import * as z from "zod";
import type { Behavior } from "../../runtime/behavior.ts";
import type { RuntimeApi, Service } from "../../runtime/service.ts";
import { meshOnly } from "../../runtime/stages/transport.ts";
import { broadcastEvent, local, meshRequest, protocol, storedEvent } from "../../runtime/templates.ts";

/** The payload of every kind in here. */
export interface Word {
  /** Counts up, so that no two messages say the same. */
  n: number;
  /** Anything. */
  text: string;
}

const Word = z.strictObject({ n: z.int().nonnegative(), text: z.string().max(200) });
type WordKind = Behavior<Word, { readonly 1: Word }>;

/** Answers a {@linkcode question}. */
export const answer: WordKind = meshRequest("town:answer", "Answers a question").withVersion(1, Word);
/** Asks one nara something. */
export const question: WordKind = meshRequest("town:question", "Asks something").withVersion(1, Word)
  .withReplies(answer);
/** Says something to one nara; it may get lost. */
export const note: WordKind = meshRequest("town:note", "Says something").withVersion(1, Word);
/** Tells one nara a fact, which stores it before it says that it has it. */
export const fact: WordKind = storedEvent("town:fact", "Tells a fact", 2).withVersion(1, Word)
  .withContentKey(({ n, text }) => `town:${n}:${text}`).with({ emit: { transport: meshOnly() } });
/** Tells everybody. */
export const news: WordKind = protocol("town:news", "Tells everybody", "town/news").withVersion(1, Word);
/** Tells everybody something that is stored. */
export const chronicle: WordKind = broadcastEvent(
  "town:chronicle",
  "Tells everybody a fact",
  3,
  "town/chronicle",
).withVersion(1, Word);
/** Is stored, and waits to be gossiped. */
export const diary: WordKind = storedEvent("town:diary", "Is written down", 3).withVersion(1, Word);
/** Stays at home. */
export const whisper: WordKind = local("town:whisper", "Says something at home").withVersion(1, Word);

/** Milliseconds that an answer may take. */
const ANSWER_MS = 8_000;

/** Talks about everything. */
export class TownService implements Service {
  /** The service's name. */
  readonly name = "town";
  /** It opens no connections. */
  readonly net: readonly string[] = [];
  #rt!: RuntimeApi;
  #count = 0;

  /** Registers every kind. */
  registerBehaviors(rt: RuntimeApi): void {
    this.#rt = rt;
    rt.register(answer);
    rt.register(question, {
      1: async (message) => void await rt.emit(answer.reply(message, message.payload)),
    });
    rt.register(note, { 1: () => {} });
    rt.register(fact, {
      1: ({ payload: { text } }, { effects }) => effects.set("fact", new TextEncoder().encode(text)),
    });
    rt.register(news, { 1: () => {} });
    rt.register(chronicle, { 1: () => {} });
    rt.register(diary);
    rt.register(whisper, { 1: (message) => this.#remember(message.payload) });
  }

  /** Does one thing by chance. */
  async act(): Promise<void> {
    const { random, peers, emit, me } = this.#rt;
    const others = peers.proven().filter(({ id }) => id !== me.id);
    const to = others[Math.floor(random.next() * others.length)]?.id;
    const word: Word = {
      n: this.#count++,
      text: `${me.name} in life ${this.#rt.clock.nowNs() / 1_000_000_000n}`,
    };
    const choice = random.next();
    if (choice < 0.1) return void await emit(whisper.draft(word));
    if (choice < 0.15) return void await emit(diary.draft(word));
    if (to === undefined) return;
    if (choice < 0.2) return void await emit(news.draft(word));
    if (choice < 0.25) return void await emit(chronicle.draft(word));
    if (choice < 0.4) return void await emit(note.draft(word, { to }));
    if (choice < 0.65) return void await emit(fact.draft(word, { to }));
    await this.#rt.call(question.draft(word, { to }), answer, { deadlineMs: ANSWER_MS });
  }

  async #remember({ text }: Word): Promise<void> {
    await this.#rt.store.set("word", new TextEncoder().encode(text));
  }
}
