/**
 * The verdict on a kill loop: what the folders of both naras hold of what the journal says.
 * @module
 */
import { decodeEnvelope } from "../../messages/envelope.ts";
import type { Ledger } from "../../runtime/ledger/ledger.ts";
import { DEAD_LETTERS_SPACE } from "../../runtime/primitives/dead_letters.ts";
import { decodeKept } from "../../runtime/primitives/kept_message.ts";
import type { KeyValueFile } from "../../runtime/primitives/store.ts";
import type { Journal } from "./journal.ts";
import { KINDS, type Letter, letterOf, LETTERS } from "./kinds.ts";
import { openLoopFile } from "./loop_file.ts";

/** How a promise was kept. */
export interface Verdict {
  /** Messages of which their sender was told that they are in good hands. */
  readonly acknowledged: number;
  /** Messages of which their receiver said that it handled them. */
  readonly receipts: number;
  /** Messages that were handled. */
  readonly handled: number;
  /** Messages among the dead letters. */
  readonly deadLetters: number;
  /** Acknowledged messages that were never handled and are no dead letters. Best effort allows it; the others must have none. */
  readonly lost: readonly string[];
  /** Messages that their receiver said to have handled, and that are not among the handled ones, or not in its ledger if stored. */
  readonly forgotten: readonly string[];
  /** Messages whose effect is there more than once, or whose handler began once more though nothing had interrupted it. */
  readonly twice: readonly string[];
}

/** What is kept of a kind, by number. */
interface Kept {
  readonly effects: ReadonlyMap<string, number>;
  readonly deadLetters: ReadonlySet<string>;
  readonly stored: ReadonlySet<string>;
}

/** Judges a loop whose naras have left. */
export function judge(journal: Journal, folder: string): Record<Letter, Verdict> {
  using sender = openLoopFile(folder, "sender");
  using receiver = openLoopFile(folder, "receiver");
  const decoder = new TextDecoder();
  const effects = receiver.store.list("service:kill", "")
    .map(([key, value]) => [key, Number(decoder.decode(value))] as const);
  const kept: Kept = {
    effects: new Map(effects),
    deadLetters: new Set([sender.store, receiver.store].flatMap(lettersIn)),
    stored: storedIn(receiver.ledger),
  };
  return Object.fromEntries(LETTERS.map((letter) => [letter, verdictOn(letter, journal, kept)])) as Record<
    Letter,
    Verdict
  >;
}

function verdictOn(letter: Letter, journal: Journal, { effects, deadLetters, stored }: Kept): Verdict {
  const of = (keys: Iterable<string>) => [...keys].filter((key) => key.startsWith(letter));
  const isStored = !KINDS[letter].spec.receive.store.isNone;
  const ran = ([key, times]: [string, number]) => times > 1 + allowance(letter, key, journal);
  return {
    acknowledged: of(journal.accepted).length,
    receipts: of(journal.receipts).length,
    handled: of(effects.keys()).length,
    deadLetters: of(deadLetters).length,
    lost: of(journal.accepted).filter((key) => !effects.has(key) && !deadLetters.has(key)),
    forgotten: of(journal.receipts).filter((key) => !effects.has(key) || (isStored && !stored.has(key))),
    twice: of([
      ...[...effects].filter(([, count]) => count > 1).map(([key]) => key),
      ...[...journal.runs].filter(ran).map(([key]) => key),
    ]),
  };
}

/** How often a handler may begin once more: never for best effort, else as often as it was killed before its end. */
function allowance(letter: Letter, key: string, { interrupted }: Journal): number {
  return letter === "w" ? 0 : interrupted.get(key) ?? 0;
}

/** The messages among the dead letters. */
function lettersIn(file: KeyValueFile): string[] {
  const entries = file.list(DEAD_LETTERS_SPACE, "").filter(([key]) => /^\d+$/.test(key));
  return entries.map(([, value]) => keyOf(decodeKept(value).frame));
}

/** The messages in a ledger. */
function storedIn(ledger: Ledger): Set<string> {
  const keys = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = ledger.query({ cursor, limit: 1_000 });
    for (const { frame } of page.records) keys.add(keyOf(frame));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return keys;
}

function keyOf(frame: Uint8Array): string {
  const { kind, payload } = decodeEnvelope(frame);
  return `${letterOf(kind)}${(payload as { number: number }).number}`;
}
