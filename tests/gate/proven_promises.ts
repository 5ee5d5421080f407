/**
 * The gate for promises: every promise that the catalog prints is proven by a test of this very run.
 *
 * `deno run --allow-read tests/gate/proven_promises.ts REPORT`, where `REPORT` is what `deno test --junit-path=REPORT` wrote. It
 * exits with 1 when a promise's test is missing, was skipped or failed, and with 2 when there is no report.
 * @module
 */
import { PROMISE_TESTS } from "../../runtime/promise.ts";
import { messageOf } from "../../utilities/errors.ts";

/** A test as a report tells of it; steps stand in it as tests of their own. */
export interface ReportedTest {
  /** Its name; a step's begins with that of its test. */
  readonly name: string;
  /** What became of it. */
  readonly outcome: "passed" | "skipped" | "failed";
}

/** What a report says of a promise. */
export interface Proof {
  /** Whether it is proven. */
  readonly holds: boolean;
  /** By what, or why not: one line. */
  readonly says: string;
}

const TEST_CASE = /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** The tests in a JUnit report. */
export function testsIn(report: string): ReportedTest[] {
  return [...report.matchAll(TEST_CASE)].map(([, attributes, content = ""]) => {
    const name = plainText(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "");
    const isSkipped = /<skipped\b/.test(content);
    const hasFailed = /<(failure|error)\b/.test(content);
    return { name, outcome: hasFailed ? "failed" : isSkipped ? "skipped" : "passed" };
  });
}

/**
 * Looks the promises up among the tests that ran: each needs one whose name begins as stated, and all of those must have passed.
 *
 * @param promises Beginnings of test names, by promise.
 */
export function proofsOf(
  promises: Readonly<Record<string, string>>,
  tests: readonly ReportedTest[],
): Proof[] {
  return Object.entries(promises).map(([promise, beginning]) => {
    const proving = tests.filter(({ name }) => name.startsWith(beginning));
    const wrong = proving.find(({ outcome }) => outcome !== "passed");
    if (wrong) return { holds: false, says: `NOT PROVEN "${promise}": ${wrong.outcome}: ${wrong.name}` };
    if (proving.length > 0) return { holds: true, says: `"${promise}" is proven by: ${proving[0].name}` };
    return {
      holds: false,
      says: `NOT PROVEN "${promise}": no test ran whose name begins with "${beginning}"`,
    };
  });
}

function plainText(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi,
    (entity, decimal, hex, name) =>
      decimal
        ? String.fromCodePoint(Number(decimal))
        : hex
        ? String.fromCodePoint(parseInt(hex, 16))
        : ENTITIES[name] ?? entity,
  );
}

function main([path]: readonly string[]): number {
  let report: string;
  try {
    report = Deno.readTextFileSync(path ?? "");
  } catch (thrown) {
    console.error(`Cannot read the test report: ${messageOf(thrown)}; make one with deno test --junit-path`);
    return 2;
  }
  const proofs = proofsOf(PROMISE_TESTS, testsIn(report));
  for (const { says } of proofs) console.log(says);
  return proofs.every(({ holds }) => holds) ? 0 : 1;
}

if (import.meta.main) Deno.exit(main(Deno.args));
