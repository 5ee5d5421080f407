/**
 * Importing lines into a ledger: each is checked by the very stages of its kind's receive pipeline, and kept only if it passes.
 *
 * Left out are the stages that ask whether a message comes at the right time (freshness, the seen-set, rate limit, filter), and those
 * that spread it (gossip, notify). What an import can change is the ledger, and nothing else.
 * @module
 */
import { decodeEnvelope, decodeMessage } from "../../messages/envelope.ts";
import type { Message } from "../../messages/message.ts";
import type { Clock } from "../../utilities/clock.ts";
import { messageOf, NaraError } from "../../utilities/errors.ts";
import { Keyring } from "../../utilities/keyring.ts";
import type { Keypair } from "../../utilities/keypair.ts";
import type { NaraId, NaraName } from "../../utilities/names.ts";
import type { Personality } from "../../utilities/personality.ts";
import type { Random } from "../../utilities/random.ts";
import type { BehaviorSpec } from "../behavior.ts";
import { receiveStages } from "../chains.ts";
import { EventBus } from "../primitives/event_bus.ts";
import { GossipQueue } from "../primitives/gossip_queue.ts";
import { OpenRequests } from "../primitives/open_requests.ts";
import { PeerDirectory } from "../primitives/peer_directory.ts";
import { SeenSet } from "../primitives/seen_set.ts";
import type { Registry } from "../registry.ts";
import type { Me, Stage, StageContext } from "../stage.ts";
import { type Ledger, LedgerError } from "./ledger.ts";
import { LINE_BYTES_MAX, readLines } from "./ledger_lines.ts";

/** What an import needs of a nara, which need not have started. */
export interface ImportOptions {
  /** Where good lines are kept. */
  readonly ledger: Ledger;
  /** The kinds that are spoken here. */
  readonly registry: Pick<Registry, "forReceived">;
  /** Whose ledger it is. */
  readonly me: Me;
  /** Verifies signatures. */
  readonly keypair: Keypair;
  /** The pinned keys. No line adds one. */
  readonly keyring: Keyring;
  /** Time, for what stages may ask. */
  readonly clock: Clock;
  /** Chance, for the same. */
  readonly random: Random;
  /** What the nara is like, for the same. */
  readonly personality: Personality;
  /** Told of every bad line, in order. @default {nobody} */
  readonly onBad?: (bad: BadLine) => void;
  /** Ends the import between two commits. */
  readonly signal?: AbortSignal;
}

/** A line that was not kept. */
export interface BadLine {
  /** Its number, from 1. */
  readonly line: number;
  /** What is wrong with it: a drop reason of the pipeline, or the code of an error. */
  readonly reason: string;
  /** More of that, where there is more to say. */
  readonly detail?: string;
}

/** What became of the lines. */
export interface ImportTotals {
  /** Kept now. */
  readonly added: number;
  /** Kept before, or the same fact from somebody else, who is noted as an observer. */
  readonly known: number;
  /** Not kept. */
  readonly bad: number;
}

/** Lines that are checked together, so that they share a commit, and their bytes. */
const BATCH_LINES = 256;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Whatever stands in a line's way is about this line; any other error of the ledger ends the import. */
const OF_ONE_LINE = ["ledger_full", "bad_record"];

/** A line as it came. */
interface Candidate {
  readonly line: number;
  readonly bytes: Uint8Array | undefined;
}

/** A line that may be kept. */
interface Checked {
  readonly line: number;
  readonly message: Message;
  readonly keeping: readonly Stage[];
  readonly context: StageContext;
}

/**
 * Keeps the good ones among the lines, and reports the others. Each is kept whole or not at all; importing the same lines again
 * changes nothing.
 *
 * Good is a line whose message can be read, is of a kind that is stored here, concerns this nara or everybody, has the id and the
 * content key that follow from its content, and bears the signature of its sender's pinned key (or whatever else its kind is
 * verified by). How old it is does not matter.
 *
 * @throws {LedgerError} When the ledger itself fails (`disk_full`, `closed` …): the lines before were kept.
 * @throws What `text` fails with, and the signal's reason.
 */
export async function importLines(
  text: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportTotals> {
  const totals = { added: 0, known: 0, bad: 0 };
  const run = new Import(options);
  let batch: Candidate[] = [];
  let bytes = 0;
  const flush = async () => {
    options.signal?.throwIfAborted();
    for (const outcome of await run.take(batch)) totals[outcome]++;
    [batch, bytes] = [[], 0];
  };
  for await (const { number, bytes: line } of readLines(text)) {
    batch.push({ line: number, bytes: line });
    bytes += line?.length ?? 0;
    if (batch.length >= BATCH_LINES || bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  return totals;
}

/** Why a line is bad. */
class Refusal extends NaraError<string> {}

class Import {
  readonly #options: ImportOptions;
  readonly #context: Omit<StageContext, "behavior">;

  constructor(options: ImportOptions) {
    this.#options = options;
    this.#context = isolatedContext(options);
  }

  /** Checks lines side by side, then keeps the good ones in their order. */
  async take(batch: readonly Candidate[]): Promise<(keyof ImportTotals)[]> {
    const checked = await Promise.all(
      batch.map((candidate) => this.#attempt(candidate, () => this.#check(candidate))),
    );
    const kept = await Promise.allSettled(
      checked.map((each) => "reason" in each ? each : this.#attempt(each, () => this.#keep(each))),
    );
    return kept.map((settled) => {
      if (settled.status === "rejected") throw settled.reason;
      const outcome = settled.value;
      if (typeof outcome === "string") return outcome;
      this.#options.onBad?.(outcome);
      return "bad";
    });
  }

  async #attempt<T>({ line }: { readonly line: number }, work: () => Promise<T>): Promise<T | BadLine> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof LedgerError && !OF_ONE_LINE.includes(thrown.code)) throw thrown;
      if (thrown instanceof Refusal && thrown.message === "") return { line, reason: thrown.code };
      const reason = thrown instanceof NaraError ? thrown.code : "error";
      return { line, reason, detail: messageOf(thrown) };
    }
  }

  /** All that can be known of a line without changing anything. */
  async #check({ line, bytes }: Candidate): Promise<Checked> {
    if (!bytes) throw new Refusal("too_large", `Cannot take a line of more than ${LINE_BYTES_MAX} bytes`);
    const envelope = decodeEnvelope(bytes);
    const { spec } = this.#options.registry.forReceived(envelope.kind, envelope.version);
    const isOwn = envelope.fromId === this.#options.me.id;
    if ((isOwn ? spec.emit : spec.receive).store.isNone) {
      throw new Refusal("not_stored", `Cannot keep ${spec.kind}: messages of this kind are not stored`);
    }
    const message = decodeMessage(envelope, spec.schemas.get(envelope.version)!, bytes);
    if (!message.signature && !message.envelopeSignature) {
      throw new Refusal(
        "unsigned",
        `Cannot keep ${spec.kind} as nothing proves who said it: it bears no signature`,
      );
    }
    const { checking, keeping } = importStages(spec, isOwn);
    const context = { ...this.#context, behavior: spec };
    return { line, keeping, context, message: await pass(message, checking, context) };
  }

  async #keep({ message, keeping, context }: Checked): Promise<"added" | "known"> {
    if (context.ledger.hasId(message.id)) return "known";
    try {
      await pass(message, keeping, context);
      return "added";
    } catch (thrown) {
      const isFactKnown = thrown instanceof Refusal &&
        ["content_exists", "duplicate_content"].includes(thrown.code);
      if (isFactKnown) return "known";
      throw thrown;
    }
  }
}

/**
 * The stages of the receive pipeline that an import takes over: whatever is added to it belongs to an import too, unless it is named
 * here.
 */
function importStages(spec: BehaviorSpec, isOwn: boolean): { checking: Stage[]; keeping: Stage[] } {
  const { rateLimit, filter, gossip, dedupe, store } = spec.receive;
  const leftOut = new Set<Stage>([rateLimit, filter, gossip]);
  const names = new Set(["freshness", "notify", ...isOwn ? ["target"] : []]);
  const stages = receiveStages(spec).filter((stage) => !leftOut.has(stage) && !names.has(stage.name));
  const first = stages.indexOf(dedupe);
  const keeping = stages.slice(first).map((stage) => stage === store && isOwn ? spec.emit.store : stage);
  return { checking: stages.slice(0, first), keeping };
}

/**
 * The message as it comes out of the stages.
 *
 * @throws {Refusal} Where a stage drops it.
 * @throws What a stage throws, rejects or fails with.
 */
async function pass(message: Message, stages: readonly Stage[], context: StageContext): Promise<Message> {
  for (const stage of stages) {
    const processed = stage.process(message, context);
    // Without a needless wait: lines are kept in the order in which they came.
    const result = processed instanceof Promise ? await processed : processed;
    if (result.outcome === "drop") throw new Refusal(result.reason, "");
    if (result.outcome === "error") throw result.error;
    message = result.message;
  }
  return message;
}

/** What stages may touch: the ledger, keys to read, and otherwise things that end with the import. */
function isolatedContext(options: ImportOptions): Omit<StageContext, "behavior"> {
  const { me, keypair, keyring, ledger, clock, random, personality } = options;
  return {
    me,
    clock,
    keypair,
    keyring: new PinnedKeys(keyring),
    ledger,
    seen: new NothingSeen({ clock }),
    mesh: undefined,
    peers: new PeerDirectory({ clock, random }),
    openRequests: new OpenRequests(),
    gossip: new GossipQueue(),
    bus: new EventBus(() => {}),
    personality,
    signal: options.signal ?? new AbortController().signal,
    takeReply: () => {},
  };
}

/** The ledger alone says what was there before: a line is no replay. */
class NothingSeen extends SeenSet {
  override add(): "new" {
    return "new";
  }
}

/** The pinned keys, to which nothing is added: a file proves no first contact. */
class PinnedKeys extends Keyring {
  readonly #keyring: Keyring;

  constructor(keyring: Keyring) {
    super();
    this.#keyring = keyring;
  }

  override get(id: NaraId): Uint8Array | undefined {
    return this.#keyring.get(id);
  }

  override isOurs(id: NaraId): boolean {
    return this.#keyring.isOurs(id);
  }

  override pin(id: NaraId, key: Uint8Array, _name?: NaraName): "pinned" | "known" {
    if (this.#keyring.get(id)) return this.#keyring.pin(id, key);
    throw new Refusal("unknown_sender", "");
  }

  override markOurs(): void {}
}
