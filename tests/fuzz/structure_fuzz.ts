/**
 * Structure-aware fuzzing (R51): a frame that was right, with one to five things wrong that still look like a message, signed again or
 * not, handed to a whole nara. Each comes to one outcome, and is taken only where the oracle would take it.
 *
 * A nara lives for a few hundred inputs. An input follows from the seed and its number, and what becomes of it from those that
 * its nara had before: a finding is replayed from the first of them.
 * @module
 */
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import type { Identity } from "../../utilities/identity.ts";
import type { Sample } from "../helpers/all_kinds.ts";
import { assertBalanced } from "../helpers/books.ts";
import { alice, gopher, mallory, stranger, Target } from "../helpers/hostile.ts";
import { members as membersOf } from "../interop/envelope_checker_text.ts";
import { type HandForm, type Member, signedAgain, spelled, withRightId } from "./by_hand.ts";
import type { Inputs } from "./envelope_fuzz.ts";
import { below, oneOf } from "./mutations.ts";
import { judge, type Verdict, type World } from "./oracle.ts";
import { wronged } from "./structure_edits.ts";

/** What came of it. */
export interface StructureReport {
  /** Inputs that were tried. */
  readonly inputs: number;
  /** How many ended how: `taken`, `kept for later`, or why they were refused, as the nara's books say. */
  readonly ends: Readonly<Record<string, number>>;
  /** What should not have happened; at most a few. */
  readonly findings: readonly StructureFinding[];
}

/** An input that came to another outcome than it should. */
export interface StructureFinding {
  /** What came of it, and what should have. */
  readonly what: string;
  /** The input. */
  readonly base64: string;
  /** Shows it again. */
  readonly command: string;
}

/** Inputs that one nara gets. */
export const LIFE = 400;
const FINDINGS_MAX = 16;
const FORMS: readonly HandForm[] = ["ours", "go", "both", "unsigned"];
const SENDERS = [alice, gopher, mallory, stranger] as const;
/** Reasons for which a good message may be refused: it is not the first, or there is no room. */
const WELL_BEHAVED = new Set(["duplicate_id", "rate_limited", "quarantine_full", "quota_exceeded"]);

/** Tries inputs one after the other. `tell` is told the number of each before it is tried. */
export async function fuzzStructures(
  { seed, first = 0, inputs }: Inputs,
  { tell = () => {}, judgeBy = judge }: { tell?: (number: number) => void; judgeBy?: typeof judge } = {},
): Promise<StructureReport> {
  const ends: Record<string, number> = {};
  const findings: StructureFinding[] = [];
  const start = first - first % LIFE;
  let number = start;
  while (number < first + inputs && findings.length < FINDINGS_MAX) {
    await using life = await Life.open(seed, judgeBy);
    for (const end = Math.min(first + inputs, number + LIFE); number < end; number++) {
      tell(number);
      const frame = await life.inputOf(number);
      const { end: how, complaint } = await life.attempt(frame);
      ends[how] = (ends[how] ?? 0) + 1;
      if (complaint) findings.push(findingOf(complaint, frame, seed, number));
    }
  }
  return { inputs: number - start, ends, findings };
}

function findingOf(what: string, frame: Uint8Array, seed: number, number: number): StructureFinding {
  const first = number - number % LIFE;
  const command = `deno task fuzz --what structure --seed ${seed} --first ${first} --inputs ${
    number - first + 1
  }`;
  return { what, base64: frame.toBase64(), command };
}

/** One nara, and what the oracle thinks that it knows. */
class Life implements AsyncDisposable {
  readonly #seed: number;
  readonly #target: Target;
  readonly #world: World;
  readonly #judge: typeof judge;
  readonly #samples: readonly Sample[];
  #before: Readonly<Record<string, number>>;

  private constructor(seed: number, target: Target, judgeBy: typeof judge) {
    this.#seed = seed;
    this.#target = target;
    this.#judge = judgeBy;
    const known = new Map(
      [...target.runtime.keyring.pins()].map(({ id, key, ours }) => [id, { key: key.toHex(), ours }]),
    );
    this.#samples = target.samples.map(remembering);
    this.#before = this.#counts();
    this.#world = { me: target.runtime.me.id, nowNs: target.clock.nowNs(), known };
  }

  static async open(seed: number, judgeBy: typeof judge): Promise<Life> {
    return new Life(seed, await Target.open(), judgeBy);
  }

  async inputOf(number: number): Promise<Uint8Array> {
    const random = new SeededRandom(Math.imul(this.#seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
    const from = oneOf(random, SENDERS);
    const sample: Sample = oneOf(random, this.#samples);
    const form = from === gopher ? oneOf(random, ["go", "ours"] as const) : oneOf(random, FORMS);
    const ageMs = below(random, 1_000);
    const right = await this.#target.frameOf(sample, { from, form, ageMs });
    const members = membersOf(new TextDecoder().decode(right)).map((
      [name, , value],
    ): Member => [name, value]);
    const known = [...SENDERS, this.#target.runtime.me];
    const wrong = wronged(members, random, { ids: known.map(({ id }) => id), nowNs: this.#world.nowNs });
    return new TextEncoder().encode(wrong.respell(spelled(await this.#finish(wrong.members, random, from))));
  }

  /** Signed again by whom it should be, by somebody else, or not at all; with the id that follows, or not. */
  async #finish(
    members: readonly Member[],
    random: SeededRandom,
    from: Identity,
  ): Promise<readonly Member[]> {
    const chance = random.next();
    if (chance < 0.15) return members;
    const withId = chance < 0.25 ? members : withRightId(members);
    const signer = random.next() < 0.85 ? from : oneOf(random, SENDERS);
    const form = random.next() < 0.6 ? "ours" : oneOf(random, FORMS);
    return await signedAgain(withId, signer, form);
  }

  /** Hands in a frame; says how it ended, and what was wrong with that. */
  async attempt(frame: Uint8Array): Promise<{ end: string; complaint?: string }> {
    const { receipt } = await this.#target.runtime.receive(frame, "mock:somewhere");
    let after = this.#counts();
    if (differences(this.#before, after).length < 2) { // Its handler has answered already, and still runs.
      await settled();
      after = this.#counts();
    }
    const gained = Object.fromEntries(differences(this.#before, after));
    this.#before = after;
    const verdict = this.#judge(frame, this.#world);
    const [end = "nothing", ...others] = Object.keys(gained).filter((name) => name !== "entered");
    const isOne = gained.entered === 1 && gained[end] === 1 && others.length === 0;
    if (!isOne) {
      return { end, complaint: `came to ${JSON.stringify(gained)} in the books, not to one outcome` };
    }
    const told = "reason" in receipt ? receipt.reason : receipt.outcome;
    const shown = end === "taken" ? "handled" : end === "kept for later" ? "quarantined" : end;
    if (told !== shown) return { end, complaint: `the books say ${end}, and its sender was told ${told}` };
    return { end, complaint: disagreement(end, verdict) };
  }

  #counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    const add = (name: string, count: number) => counts[name] = (counts[name] ?? 0) + count;
    for (const page of Object.values(this.#target.runtime.books.totals("receive"))) {
      add("entered", page.entered);
      add("taken", page.done);
      add("kept for later", page.quarantined);
      add("failed", page.retrying + page.queued);
      for (const [reason, count] of Object.entries(page.dropped)) add(reason, count);
      for (const [stage, count] of Object.entries(page.errored)) add(`failed in ${stage}`, count);
    }
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target[Symbol.asyncDispose]();
    assertBalanced(this.#target.runtime);
  }
}

function disagreement(end: string, verdict: Verdict): string | undefined {
  const isGood = verdict === "taken" || verdict === "kept for later";
  const isAgreed = isGood
    ? end === verdict || WELL_BEHAVED.has(end)
    : end !== "taken" && end !== "kept for later";
  return isAgreed ? undefined : `ended as ${end}; the oracle says ${verdict}`;
}

function differences(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): [name: string, gained: number][] {
  return Object.entries(after).map(([name, count]): [string, number] => [name, count - (before[name] ?? 0)])
    .filter(([, gained]) => gained !== 0);
}

const payloads = new Map<string, unknown>();

/** The same, whose payloads are made once: to make one takes longer than all the rest. */
function remembering(sample: Sample): Sample {
  const payload: Sample["payload"] = (sender) => {
    const key = `${sample.spec.kind} ${sample.version} ${sender.id}`;
    if (!payloads.has(key)) payloads.set(key, sample.payload(sender));
    return payloads.get(key);
  };
  return { ...sample, payload };
}
