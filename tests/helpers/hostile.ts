/**
 * A nara under attack: every kind registered, a peer of each sort known, and every door through which a frame can get in.
 * After each attempt it says which outcome was counted, and what else changed anywhere: for a forgery, nothing may.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Draft } from "../../messages/draft.ts";
import type { Message } from "../../messages/message.ts";
import { MemoryLedger } from "../../runtime/ledger/memory_ledger.ts";
import type { LogRecord } from "../../runtime/primitives/logger.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import type { Change } from "../../runtime/primitives/store.ts";
import { environmentVariable } from "../../runtime/process/settings.ts";
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import { continueWith, type StageContext } from "../../runtime/stage.ts";
import { local, meshRequest } from "../../runtime/templates.ts";
import { type FrameForm, signedFrame } from "../../runtime/testing/frames.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import type { Receipt } from "../../runtime/transport/mesh.ts";
import type { Identity } from "../../utilities/identity.ts";
import { allServices, type EveryTemplate, type Sample, samplesOf } from "./all_kinds.ts";
import { assertBalanced } from "./books.ts";
import { type Door, ENTRY_POINTS, type EntryPoint } from "./hostile_doors.ts";
import { TestService, type TextBehavior, textSchema } from "./kinds.ts";
import { alice, mallory, naraNamed } from "./stage_context.ts";

/** A peer whose key is pinned, and of which no envelope signature was ever seen: a nara of Go's. */
export const gopher: Identity = await naraNamed("gopher");
/** Somebody whose key nobody has. */
export const stranger: Identity = await naraNamed("stranger");
export { alice, mallory };
export { ENTRY_POINTS };

/** A store that counts what is written. */
class CountingStore extends MemoryStore {
  writes = 0;

  override setAll(...args: Parameters<MemoryStore["setAll"]>): void {
    if (args[0] !== "runtime:evidence") this.writes++; // That somebody tried is written down, and changes nothing.
    super.setAll(...args);
  }

  override write(changes: readonly Change[]): Promise<void> {
    this.writes++;
    return super.write(changes);
  }

  override delete(...args: Parameters<MemoryStore["delete"]>): void {
    this.writes++;
    super.delete(...args);
  }
}

/** What outlives a nara's process. */
export interface Remains {
  /** Its store. */
  readonly store: MemoryStore & { readonly writes: number };
  /** Its time. */
  readonly clock: VirtualClock;
}

/** Everything that a message could change, by name. Two that are equal are the same everywhere. */
export type Effects = Readonly<Record<string, string | number>>;

/** What came of one frame. */
export interface Attempt {
  /** What its sender was told, where it was told anything. */
  readonly receipt: Receipt | undefined;
  /** Why it was dropped: as the books say, one reason for each drop. */
  readonly dropped: readonly string[];
  /** How many messages the books saw enter. */
  readonly entered: number;
  /** Names of all effects that it had. */
  readonly changed: readonly string[];
}

/** How a frame of a sample is made. */
export interface FrameOfOptions {
  /** Who stands in it as the sender, and signs it. */
  readonly from: Identity;
  /** Whose payload it bears. @default {the sender's} */
  readonly shown?: Identity;
  /** Which signatures it bears. @default {"ours"} */
  readonly form?: FrameForm;
  /** How old it is, in milliseconds. @default {0} */
  readonly ageMs?: number;
  /** To whom, for a kind that goes to one nara. @default {the target} */
  readonly to?: string;
  /** Parts of the draft in place of the sample's. */
  readonly draft?: Partial<Draft>;
}

interface TargetParts extends Pick<Target, "runtime" | "context" | "service" | "remains"> {
  readonly heard: Message[];
  readonly said: Message[];
  readonly logs: LogRecord[];
  readonly probe: TestService;
  readonly door: Door;
}

const probe: TextBehavior = local("sec:probe", "Shows a stage's context").withVersion(1, textSchema);
const trigger: TextBehavior = meshRequest("sec:trigger", "Gets an answer").withVersion(1, textSchema);

/** A nara that is attacked. */
export class Target implements AsyncDisposable {
  /** The nara. */
  readonly runtime: Runtime;
  /** What its stages may touch. */
  readonly context: StageContext;
  /** The service that speaks the test kinds. */
  readonly service: EveryTemplate;
  /** What outlives it. */
  readonly remains: Remains;
  /** Its time. */
  readonly clock: VirtualClock;
  /** A sample of every kind that it takes from others. */
  readonly samples: readonly Sample[];
  /** What its subscribers heard from others. */
  readonly heard: Message[];
  /** What it said itself. */
  readonly said: Message[];
  /** What it wrote to its log. */
  readonly logs: LogRecord[];
  readonly #door: Door;
  readonly #probe: TestService;
  #stamp = 0n;

  private constructor(parts: TargetParts) {
    const { probe, door } = parts;
    this.said = parts.said;
    this.logs = parts.logs;
    this.runtime = parts.runtime;
    this.context = parts.context;
    this.service = parts.service;
    this.remains = parts.remains;
    this.heard = parts.heard;
    this.clock = parts.remains.clock;
    this.samples = samplesOf(parts.runtime.catalog);
    this.#probe = probe;
    this.#door = door;
  }

  /** Starts one. In its first life it gets to know alice and mallory as peers of ours and the gopher as one of Go's. */
  static async open(
    entry: EntryPoint = ENTRY_POINTS[0],
    { remains = newRemains(), name = "target" }: { remains?: Remains; name?: string } = {},
  ): Promise<Target> {
    const door = entry.open();
    const [service, ...others] = allServices();
    const [heard, said, logs]: [Message[], Message[], LogRecord[]] = [[], [], []];
    let context: StageContext | undefined;
    const spying = probe.with({
      emit: {
        store: {
          order: "stream",
          name: "spy",
          describe: () => "keeps its context",
          process: (message, given) => {
            context = given;
            return continueWith(message);
          },
        },
      },
    });
    const inside = new TestService((rt) => [spying, trigger].forEach((kind) => rt.register(kind)), "probe");
    const identity = await naraNamed(name);
    const runtime = await createRuntime({
      identity,
      services: [service, ...others, inside],
      mesh: door.mesh,
      ...remains,
      ledger: new MemoryLedger(), // A nara's memory ledger ends with it.
      random: new SeededRandom(1),
      log: (record) => void logs.push(record),
      tap: (message) => void (message.fromId === identity.id ? said : heard).push(message),
    });
    await runtime.start();
    const isFirstLife = remains.store.list("runtime:keys", "").length === 0;
    for (const peer of isFirstLife ? [alice, mallory, gopher] : []) {
      runtime.keyring.pin(peer.id, peer.keypair.publicKey, peer.name);
      if (peer !== gopher) runtime.keyring.markOurs(peer.id);
    }
    await inside.rt.emit(spying.draft({ text: "look" }));
    await settled();
    return new Target({
      runtime,
      context: context!,
      service,
      remains,
      heard,
      said,
      logs,
      probe: inside,
      door,
    });
  }

  /** What services see of it. */
  get rt(): TestService["rt"] {
    return this.#probe.rt;
  }

  /** Sends alice something. */
  async trigger(): Promise<void> {
    await this.#probe.rt.emit(trigger.draft({ text: "well?" }, { to: alice.id }));
  }

  /** A frame of a sample, as `from` would send it to this nara. No two bear the same instant. */
  frameOf(sample: Sample, options: FrameOfOptions): Promise<Uint8Array> {
    const { spec, version } = sample;
    const { from, shown = from, form, ageMs = 0, to = this.runtime.me.id, draft } = options;
    const isMesh = spec.emit.transport.name === "mesh";
    const whole: Draft = {
      kind: spec.kind,
      version,
      payload: sample.payload(shown),
      ...isMesh && { to, toName: this.runtime.me.name },
      ...!this.#isReply(spec.kind) && { inReplyTo: "2222222222222222" },
      ...draft,
    };
    const atNs = this.clock.nowNs() - BigInt(ageMs) * 1_000_000n - this.#stamp++;
    return signedFrame(whole, { from, form, spec, atNs });
  }

  /** Hands in a frame, and says what came of it. */
  async attempt(frame: Uint8Array): Promise<Attempt> {
    const before = this.#state();
    const receipt = await this.#door.send(frame, this);
    let after = this.#state();
    if (JSON.stringify(after.effects) !== JSON.stringify(before.effects)) {
      await settled(); // A handler may still run that has answered already.
      after = this.#state();
    }
    return {
      receipt,
      entered: after.entered - before.entered,
      dropped: Object.entries(after.drops).flatMap(([reason, count]) =>
        Array<string>(count - (before.drops[reason] ?? 0)).fill(reason)
      ),
      changed: Object.keys(after.effects).filter((name) => after.effects[name] !== before.effects[name]),
    };
  }

  /** Everything that a message could change. */
  effects(): Effects {
    return this.#state().effects;
  }

  /** Stops it. Its books must balance, and it must not have stopped by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = "the test is over";
    await this.runtime.stop(reason);
    assertEquals(await this.runtime.stopped, reason, "it stopped by itself");
    assertBalanced(this.runtime);
  }

  #isReply(kind: string): boolean {
    return this.runtime.catalog.isReply(kind);
  }

  #state(): { effects: Effects; drops: Record<string, number>; entered: number } {
    const { books, calls, keyring, peers } = this.runtime;
    const { gossip, seen } = this.context;
    const counts: Record<string, number> = {};
    const drops: Record<string, number> = {};
    let [entered, underWay] = [0, 0];
    for (const [kind, page] of Object.entries(books.totals("receive"))) {
      const [dropped, errored] = [sum(page.dropped), sum(page.errored)];
      const accepted = page.entered - dropped - errored - page.inFlight;
      if (accepted > 0) counts[`accepted ${kind}`] = accepted;
      if (errored > 0) counts[`errored ${kind}`] = errored;
      for (const [reason, count] of Object.entries(page.dropped)) {
        drops[reason] = (drops[reason] ?? 0) + count;
      }
      entered += page.entered;
      underWay += page.inFlight;
    }
    for (const [kind, page] of Object.entries(books.totals("emit"))) {
      if (kind !== trigger.kind) counts[`emitted ${kind}`] = page.entered;
    }
    const effects = {
      ...counts,
      "under way": underWay,
      handled: this.service.handled.length,
      "told to subscribers": this.heard.length,
      ledger: this.context.ledger.count(),
      gossip: gossip.size,
      seen: seen.size,
      calls: calls.size,
      pins: [...keyring.pins()].map(({ id, key, name, ours }) => `${id} ${key.toHex()} ${name} ${ours}`)
        .join(),
      peers: `${peers.size} ${peers.proven().map(({ id, name, address }) => `${id} ${name} ${address}`)}`,
      "written to the store": this.remains.store.writes,
    };
    return { effects, drops, entered };
  }
}

/** How often a test of many tries shall try: `NARA_TRIES` times as often as by default, where that is set. */
export function tries(count: number): number {
  return count * Number(environmentVariable("NARA_TRIES") ?? 1);
}

/** What a nara has that starts for the first time. */
export function newRemains(): Remains {
  return { store: new CountingStore(), clock: new VirtualClock() };
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** An envelope on its way. */
export type Wire = Record<string, unknown>;

/** The members of a frame. */
export function wireOf(frame: Uint8Array): Wire {
  return JSON.parse(decoder.decode(frame));
}

/** The frame of these members. */
export function frameFrom(wire: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(wire));
}

/** Bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}
