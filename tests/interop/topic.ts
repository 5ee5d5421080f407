/**
 * What a topic is: the lists that it knows, and what to check in each of their cases.
 * @module
 */
import type { CaseReader, Fields } from "./case_reader.ts";
import type { Stricter } from "./stricter.ts";

/** A vector file as it was read. */
export interface VectorFile {
  /** The file's name, for messages. */
  readonly name: string;
  /** Its topic. */
  readonly topic: string;
  /** What stands beside the lists, such as who receives. */
  readonly notes: Fields;
  /** Its lists of cases. */
  readonly lists: ReadonlyMap<string, readonly Fields[]>;
}

/** What a check may look at beside its case. */
export interface CaseContext {
  /** The file in which the case stands. */
  readonly file: VectorFile;
  /**
   * The seeds, in hexadecimal, of the naras that go by a name in any of the files that are checked together;
   * `undefined` where none of the files introduces anybody.
   */
  seedsOf(name: string): readonly string[] | undefined;
  /**
   * What the table says about the case, if it is one in which we do otherwise than Go.
   *
   * @param part A part of the case, such as a step; the case as a whole when left out.
   */
  stricter(part?: string): Stricter | undefined;
}

/** Checks a case: reads all its fields and notes what came out differently. */
export type CheckCase = (vector: CaseReader, context: CaseContext) => void | Promise<void>;

/** A topic that can be checked. */
export interface Topic {
  /** As the files name it. */
  readonly name: string;
  /** What may stand beside the lists, other than `topic` and `about`. */
  readonly notes?: readonly string[];
  /** The check for each list. */
  readonly lists: Readonly<Record<string, CheckCase>>;
}

/** What this implementation did, in the words of the table: `otherwise` says in what it differs from Go. */
export type Outcome = "accepted" | `refused: ${string}` | `otherwise: ${string}`;

/**
 * Whether the table names this case, or `part` of it, as one in which we do otherwise than Go. If so, notes it when `ours` is
 * not the very outcome that the table promises; what Go made of it remains to be checked.
 */
export function isStricter(vector: CaseReader, context: CaseContext, ours: Outcome, part?: string): boolean {
  const stricter = context.stricter(part);
  if (!stricter) return false;
  if (stricter.ours !== ours) {
    vector.differ(part ? `our own outcome of "${part}"` : "our own outcome", stricter.ours, ours);
  }
  return true;
}
