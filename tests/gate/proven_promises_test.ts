import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { PROMISE_TESTS } from "../../runtime/promise.ts";
import { lacking } from "../helpers/permissions.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { proofsOf, testsIn } from "./proven_promises.ts";

/** A test in a report, in the form in which Deno writes it. */
function testCase(name: string, content = ""): string {
  return `        <testcase name="${name}" classname="./a_test.ts" time="0.001" line="1" col="6">\n${content}        </testcase>\n`;
}

function reportOf(...cases: string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="${cases.length}" failures="0" errors="0" time="0.007">
    <testsuite name="./a_test.ts" tests="${cases.length}" disabled="0" errors="0" failures="0">
${cases.join("")}    </testsuite>
</testsuites>`;
}

const SKIPPED = "            <skipped/>\n";
const FAILED = `            <failure message="boom &lt;/testcase&gt;">Error: &lt;skipped/&gt;</failure>\n`;
const PROMISES = { tea: "R10 tea", cake: "R10 cake" };

/** What a report says of the promises, as far as they are not proven. */
function complaints(...cases: string[]): string[] {
  const proofs = proofsOf(PROMISES, testsIn(reportOf(...cases)));
  return proofs.filter(({ holds }) => !holds).map(({ says }) => says);
}

Deno.test("testsIn() a report reads names and outcomes", () => {
  const cases = [
    testCase("R10 &lt;tea&gt; &quot;x&quot; &amp; &apos;y&apos; &#252; &#x1F375;"),
    testCase("skipped", SKIPPED),
    testCase("failed", FAILED),
    `<testcase name="short" classname="./a_test.ts"/>`,
  ];
  assertEquals(testsIn(reportOf(...cases)), [
    { name: `R10 <tea> "x" & 'y' ü 🍵`, outcome: "passed" },
    { name: "skipped", outcome: "skipped" },
    { name: "failed", outcome: "failed" },
    { name: "short", outcome: "passed" },
  ]);
  assertEquals(testsIn(""), []);
});

Deno.test("proofsOf() finds every promise proven by tests that passed", () => {
  const proofs = proofsOf(PROMISES, testsIn(reportOf(testCase("R10 tea: hot"), testCase("R10 cake"))));
  assertEquals(proofs, [
    { holds: true, says: '"tea" is proven by: R10 tea: hot' },
    { holds: true, says: '"cake" is proven by: R10 cake' },
  ]);
});

Deno.test("proofsOf() does not hold for a test that is missing", () => {
  assertEquals(complaints(testCase("R10 tea: hot"), testCase("a test of R10 cake")), [
    'NOT PROVEN "cake": no test ran whose name begins with "R10 cake"',
  ]);
  assertEquals(complaints().length, 2);
});

Deno.test("proofsOf() does not hold for a test that was skipped", () => {
  assertEquals(complaints(testCase("R10 tea: hot", SKIPPED), testCase("R10 cake")), [
    'NOT PROVEN "tea": skipped: R10 tea: hot',
  ]);
});

Deno.test("proofsOf() does not hold for a test that failed, nor for one of whose steps one was skipped", () => {
  const cases = [testCase("R10 tea"), testCase("R10 tea &gt; a step", SKIPPED), testCase("R10 cake", FAILED)];
  assertEquals(complaints(...cases), [
    'NOT PROVEN "tea": skipped: R10 tea > a step',
    'NOT PROVEN "cake": failed: R10 cake',
  ]);
});

Deno.test("proofsOf() does not hold for one of several that begin alike and did not pass", () => {
  assertEquals(complaints(testCase("R10 tea: a"), testCase("R10 tea: b", FAILED), testCase("R10 cake")), [
    'NOT PROVEN "tea": failed: R10 tea: b',
  ]);
});

const program = fileURLToPath(import.meta.resolve("./proven_promises.ts"));

async function run(...args: string[]): Promise<{ code: number; said: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-read", program, ...args],
  });
  const { code, stdout, stderr } = await command.output();
  return { code, said: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
}

Deno.test({
  name: "The gate for promises passes on a real run that has all of them, and fails on one that skipped any",
  ignore: lacking("read", "write", "run"),
  fn: () =>
    withFolder(async (folder) => {
      const names = Object.values(PROMISE_TESTS);
      const report = `${folder}/report.xml`;
      for (const skipped of [-1, names.length - 1]) {
        const tests = names.map((name, at) =>
          `Deno.test({ name: ${JSON.stringify(`${name}: & more`)}, ignore: ${at === skipped}, fn() {} });`
        );
        Deno.writeTextFileSync(`${folder}/a_test.ts`, tests.join("\n"));
        const args = [
          "test",
          "--quiet",
          "--no-config",
          "--no-check",
          `--junit-path=${report}`,
          `${folder}/a_test.ts`,
        ];
        assert((await new Deno.Command(Deno.execPath(), { args }).output()).success);
        const { code, said } = await run(report);
        assertEquals(code, skipped < 0 ? 0 : 1, said);
        assertEquals(said.match(/is proven by/g)?.length, skipped < 0 ? 3 : 2);
      }
    }),
});

Deno.test({
  name: "The gate for promises says so and exits with 2 where there is no report",
  ignore: lacking("read", "run"),
  fn: async () => {
    for (const args of [[], ["/nowhere/report.xml"]]) {
      const { code, said } = await run(...args);
      assertEquals(code, 2);
      assertStringIncludes(said, "Cannot read the test report: ");
    }
  },
});
