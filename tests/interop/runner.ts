/**
 * Checks vector files: hands every case to the check of its list, and counts.
 * @module
 */
import { BadCase, CaseReader, type Fields } from "./case_reader.ts";
import { allStricter, findStricter, RULES, type Stricter } from "./stricter.ts";
import type { CaseContext, CheckCase, Topic, VectorFile } from "./topic.ts";
import { canonicalJsonTopic } from "./topics/canonical_json.ts";
import { ed25519Topic } from "./topics/ed25519.ts";
import { envelopeTopic } from "./topics/envelope.ts";
import { identityTopic } from "./topics/identity.ts";
import { meshAuthTopic } from "./topics/mesh_auth.ts";
import { messagesRejectTopic } from "./topics/messages_reject.ts";
import { messagesTopic } from "./topics/messages.ts";
import { prngTopic } from "./topics/prng.ts";
import { sealTopic } from "./topics/seal.ts";

/** The topics that are checked. */
export const TOPICS: ReadonlyMap<string, Topic> = new Map(
  [
    canonicalJsonTopic,
    ed25519Topic,
    envelopeTopic,
    identityTopic,
    meshAuthTopic,
    messagesTopic,
    messagesRejectTopic,
    prngTopic,
    sealTopic,
  ].map((topic) => [topic.name, topic]),
);

/** The topics of later work: their cases are counted, not checked. */
export const SKIPPED_TOPICS: ReadonlySet<string> = new Set([
  "sync_events",
  "zines",
  "presence",
  "checkpoints",
  "attestations",
  "postcards",
  "algorithms",
]);

const SHOWN_CHARS = 160;

/** A file to check: its name and its parsed JSON. */
export interface InputFile {
  /** For messages. */
  readonly name: string;
  /** The parsed text. */
  readonly json: unknown;
}

/** What came of it. */
export interface Report {
  /** A line per failing case, per skipped topic and per rule; the last one has the counts. */
  readonly lines: readonly string[];
  /** Cases that came out as they should. */
  readonly passed: number;
  /** Cases that did not, and whatever else is wrong with a file. */
  readonly failed: number;
  /** Cases of the topics of later work. */
  readonly skipped: number;
  /** How often each rule of the table was the reason for a pass. */
  readonly stricter: ReadonlyMap<string, number>;
}

/** Checks all of `files`, one after another. */
export async function checkVectors(files: readonly InputFile[]): Promise<Report> {
  const tally = new Tally();
  const run: Run = { tally, seedsOf: findSeeds(files) };
  for (const file of files) await checkFile(file, run);
  return tally.report();
}

/** What the checks of all files share. */
interface Run extends Pick<CaseContext, "seedsOf"> {
  readonly tally: Tally;
}

/** Files speak of naras by name; any of them may say who that is. */
function findSeeds(files: readonly InputFile[]): CaseContext["seedsOf"] {
  const seeds = new Map<string, Set<string>>();
  const cases = files.flatMap(({ json }) =>
    isFields(json) ? Object.values(json).filter(Array.isArray).flat() : []
  );
  for (const vector of cases) {
    if (!isFields(vector) || typeof vector.seed_hex !== "string") continue;
    const name = String(vector.nara_name ?? vector.name);
    seeds.set(name, (seeds.get(name) ?? new Set()).add(vector.seed_hex));
  }
  return (name) => seeds.size === 0 ? undefined : [...seeds.get(name) ?? []];
}

async function checkFile({ name, json }: InputFile, run: Run): Promise<void> {
  const { tally } = run;
  if (!isFields(json) || typeof json.topic !== "string") {
    return tally.fail(name, 'expected an object with a text "topic"');
  }
  const { topic: topicName, about: _about, ...rest } = json;
  const isList = ([, value]: [string, unknown]) => Array.isArray(value);
  const lists = new Map(Object.entries(rest).filter(isList) as [string, Fields[]][]);
  if (SKIPPED_TOPICS.has(topicName)) return tally.skip(name, topicName, lists);

  const topic = TOPICS.get(topicName);
  if (!topic) return tally.fail(name, `the topic ${JSON.stringify(topicName)} is unheard of`);
  const notes = Object.fromEntries(Object.entries(rest).filter((entry) => !isList(entry)));
  for (const note of Object.keys(notes)) {
    if (!topic.notes?.includes(note)) tally.fail(name, `no check looks at ${JSON.stringify(note)}`);
  }
  const file = { name, topic: topicName, notes, lists };
  for (const list of lists.keys()) await checkList(file, topic, list, run);
}

async function checkList(file: VectorFile, topic: Topic, list: string, run: Run): Promise<void> {
  const { tally } = run;
  const cases = file.lists.get(list)!;
  const check = Object.hasOwn(topic.lists, list) ? topic.lists[list] : undefined;
  const unknown = `no check knows the list ${JSON.stringify(list)} of the topic ${topic.name}`;
  if (!check && cases.length === 0) return tally.fail(`${file.name} ${list}`, unknown);
  const names = new Set<string>();
  for (const [index, fields] of cases.entries()) {
    const name = isFields(fields) && typeof fields.name === "string" ? fields.name : `#${index}`;
    const problems = !check
      ? [unknown]
      : names.has(name)
      ? ["another case of this list has the same name"]
      : await problemsOf(fields, name, file, list, check, run);
    names.add(name);
    tally.count(`${file.name} ${list} ${shown(name)}`, problems);
  }
}

async function problemsOf(
  fields: unknown,
  name: string,
  file: VectorFile,
  list: string,
  check: CheckCase,
  { tally, seedsOf }: Run,
): Promise<string[]> {
  if (!isFields(fields)) return [`expected an object, got ${shown(fields)}`];
  const vector = new CaseReader(name, fields);
  const applied = new Set<Stricter>();
  const stricter: CaseContext["stricter"] = (part) => {
    const entry = findStricter(file.topic, list, name, part);
    if (entry) applied.add(entry);
    return entry;
  };
  const problems: string[] = [];
  try {
    vector.text("name");
    await check(vector, { file, stricter, seedsOf });
  } catch (error) {
    problems.push(error instanceof BadCase ? error.message : `the check itself failed: ${error}`);
  }
  for (const { field, expected, got } of vector.mismatches) {
    problems.push(`${field}: expected ${shown(expected)}, got ${shown(got)}`);
  }
  if (problems.length === 0) {
    const due = allStricter(file.topic, list, name).filter((entry) => !applied.has(entry));
    problems.push(...vector.unread().map((field) => `no check looks at the field "${field}"`));
    problems.push(...due.map(({ ours }) => `no check looks for the outcome "${ours}" that the table names`));
  }
  if (problems.length > 0) return problems;
  for (const { rule } of applied) tally.countRule(rule);
  return [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value on one line, cut where it is long. */
function shown(value: unknown): string {
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…(${text.length} characters)` : text;
}

class Tally {
  readonly #lines: string[] = [];
  readonly #stricter = new Map<string, number>();
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  fail(where: string, words: string): void {
    this.#failed++;
    this.#lines.push(`FAIL ${where}: ${words.replaceAll("\n", " ")}`);
  }

  skip(name: string, topic: string, lists: ReadonlyMap<string, readonly unknown[]>): void {
    const count = lists.values().reduce((sum, cases) => sum + cases.length, 0);
    this.#skipped += count;
    this.#lines.push(`SKIP ${name}: the topic ${topic} is later work (${count} cases)`);
  }

  count(where: string, problems: readonly string[]): void {
    if (problems.length === 0) this.#passed++;
    else this.fail(where, problems.join("; "));
  }

  countRule(rule: string): void {
    this.#stricter.set(rule, (this.#stricter.get(rule) ?? 0) + 1);
  }

  report(): Report {
    const rules = [...this.#stricter].sort().map(([rule, count]) =>
      `stricter than Go in ${count} ${count === 1 ? "case" : "cases"}: ${RULES[rule]}`
    );
    const [passed, failed, skipped] = [this.#passed, this.#failed, this.#skipped];
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    return { lines: [...this.#lines, ...rules, counts], passed, failed, skipped, stricter: this.#stricter };
  }
}
