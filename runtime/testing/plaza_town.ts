/**
 * A town of naras on a plaza, without their runtimes: guests who publish and listen, for tests of a {@linkcode Plaza}.
 * @module
 */
import { systemClock } from "../../utilities/clock.ts";
import { createIdentity } from "../../utilities/identity.ts";
import { systemRandom } from "../../utilities/random.ts";
import type { Plaza, PlazaFactory, PlazaFrame } from "../transport/plaza.ts";

/** A plaza that naras can join. */
export interface PlazaPlace extends Partial<AsyncDisposable> {
  /** Joins for a host. */
  readonly join: PlazaFactory;
  /** Cuts everybody off; left out where a test cannot do that. */
  readonly cut?: () => void | Promise<void>;
  /** Mends what {@linkcode PlazaPlace.cut} did. */
  readonly mend?: () => void | Promise<void>;
}

/** How a guest joins. */
export interface GuestOptions {
  /** What it listens to. @default {nothing} */
  readonly topics?: readonly string[];
  /** Its root. @default {the town's} */
  readonly root?: string;
}

/** Milliseconds that a frame may take to arrive before a test gives up: far more than any broker needs. */
const PATIENCE_MS = 10_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A nara in a {@linkcode PlazaTown}. */
export class Guest {
  /** Its way to the plaza. */
  readonly plaza: Plaza;
  readonly #reader: ReadableStreamDefaultReader<PlazaFrame>;

  /** A guest who reads all that comes. */
  constructor(plaza: Plaza) {
    this.plaza = plaza;
    this.#reader = plaza.inbound.getReader();
  }

  /** Says a text on a topic. */
  async say(topic: string, text: string): Promise<void> {
    await this.plaza.publish(topic, encoder.encode(text));
  }

  /**
   * What comes next; `undefined` when nothing will any more.
   *
   * @throws {Error} When nothing comes for ten seconds.
   */
  async next(): Promise<PlazaFrame | undefined> {
    const { value } = await within(this.#reader.read(), "Expected a frame on the plaza");
    return value;
  }

  /** The next `count` frames as topic and text. */
  async hear(count: number): Promise<[topic: string, text: string][]> {
    const heard: [string, string][] = [];
    while (heard.length < count) {
      const inbound = await this.next();
      if (!inbound) break;
      heard.push([inbound.topic, decoder.decode(inbound.frame)]);
    }
    return heard;
  }
}

/** Some naras that share one plaza, and a root that no other town has. Dispose of it to make everybody leave. */
export class PlazaTown implements AsyncDisposable {
  /** Where they are. */
  readonly place: PlazaPlace;
  /** What stands before their topics. */
  readonly root: string = `suite-${systemRandom.bytes(8).toHex()}`;
  readonly #guests: Guest[] = [];

  /** An empty town on the plaza `place`. */
  constructor(place: PlazaPlace) {
    this.place = place;
  }

  /** Makes a nara of that name join. */
  async join(name: string, { topics = [], root = this.root }: GuestOptions = {}): Promise<Guest> {
    const { identity: { id, keypair } } = await createIdentity({ name, keypair: "node" });
    const me = { id, name, publicKey: keypair.publicKey };
    const guest = new Guest(await this.place.join({ me, root, clock: systemClock, random: systemRandom }));
    this.#guests.push(guest);
    if (topics.length > 0) await guest.plaza.subscribe(topics);
    return guest;
  }

  /** Makes everybody leave. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { plaza } of this.#guests) await plaza[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]?.();
  }
}

/**
 * Waits until something holds, looking again and again.
 *
 * @throws {Error} When it does not within ten seconds.
 */
export async function eventually(holds: () => boolean | Promise<boolean>, expected: string): Promise<void> {
  const endMs = systemClock.monotonicMs() + PATIENCE_MS;
  while (!await holds()) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`${expected}: waited ${PATIENCE_MS} ms`);
    await systemClock.sleep(5);
  }
}

async function within<T>(promise: Promise<T>, expected: string): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const late = systemClock.sleep(PATIENCE_MS, { signal }).then(
    () => Promise.reject(new Error(`${expected}: waited ${PATIENCE_MS} ms`)),
    () => promise,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
  }
}
