/**
 * The shape of the project: which way imports point, what is banned where, and how long things may be. The rules are
 * in `helpers/architecture_rules.ts`; each is first shown to notice what it is there for.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import * as rules from "./helpers/architecture_rules.ts";
import { lacking } from "./helpers/permissions.ts";
import { filePaths, ROOT, sourceFile, sourceFiles, textOf, topLevel } from "./helpers/source_tree.ts";

/** What may stand at the top, beside dot-files: the design card's list. */
const TOP_LEVEL = [
  ...["deno.json", "mod.ts", "runtime", "services", "utilities", "messages", "tests", "docs"],
  ...["README.md", "LICENSE", "CHANGELOG.md", "deno.lock"],
];
/** What only an adapter may load, and only when it is used. */
const LOADED_ON_USE =
  /^(node:sqlite|(npm:\/?)?(mqtt|aedes|commander|prom-client|playwright-core|@nats-io\/[^/@]+)\b)/;

/** A rule, what the tree does when it holds, and sources that break it, by path. */
interface Case {
  readonly rule: rules.Rule;
  readonly says: string;
  readonly broken: Readonly<Record<string, string>>[];
}

const cases: Case[] = [
  {
    rule: rules.importsPointOneWay,
    says: "imports point one way",
    broken: [
      { "utilities/a.ts": 'import { b } from "../messages/b.ts";' },
      { "messages/a.ts": 'export { b } from "../runtime/b.ts";' },
      { "runtime/a.ts": 'import type { b } from "../services/b/mod.ts";' },
      { "runtime/a.ts": 'const b = await import("../services/b/mod.ts");' },
      { "services/a/b.ts": 'type B = import("../../mod.ts").B;' },
      { "mod.ts": 'import "./tests/helpers/permissions.ts";' },
      { "runtime/a.ts": 'import "./testing/mod.ts";' },
    ],
  },
  {
    rule: rules.standInsHaveBareNames,
    says: "the stand-ins for JSR are imported by their bare names",
    broken: [
      { "utilities/a.ts": 'import "./jsr/assert/mod.ts";' },
      { "tests/a_test.ts": 'import "../utilities/jsr/assert/mod.ts";' },
    ],
  },
  {
    rule: rules.dependenciesStayInOneFile,
    says: "each dependency is imported in one file",
    broken: [
      { "runtime/a.ts": 'import "undici";', "runtime/b.ts": 'import "undici";' },
      {
        "utilities/a.ts": 'import "@noble/ciphers/a.js";',
        "utilities/b.ts": 'import "@noble/ciphers/b.js";',
      },
      { "messages/a.ts": 'import "zod";', "runtime/b.ts": 'import "zod";' },
    ],
  },
  {
    rule: rules.specifiersAreBareOrRelative,
    says: "packages are named as deno.json does",
    broken: [{ "tests/a.ts": 'import "npm:zod";' }, { "services/a.ts": 'import "@nara/nara/runtime";' }],
  },
  {
    rule: rules.timeAndChanceComeFromTheRuntime,
    says: "time and chance come from the runtime",
    broken: [
      { "runtime/a.ts": "Date.now();" },
      { "runtime/a.ts": "new Date();" },
      { "services/a.ts": "setTimeout(() => {}, 1);" },
      { "services/a.ts": "globalThis.setInterval(() => {}, 1);" },
      { "runtime/a.ts": "const x = Math.random() + performance.now();" },
      { "runtime/a.ts": "Temporal.Now.zonedDateTimeISO();" },
      { "services/a.ts": "crypto.getRandomValues(new Uint8Array(1));" },
      { "runtime/a.ts": "globalThis.crypto.randomUUID();" },
      { "runtime/a.ts": 'import { randomBytes } from "node:crypto"; randomBytes(4);' },
      { "runtime/testing/a.ts": "Date.now();" },
    ],
  },
  {
    rule: rules.adaptersReachOutside,
    says: "files, sockets and processes are reached by adapters only",
    broken: [
      { "runtime/a.ts": "Deno.openSync(path);" },
      { "services/a/b.ts": "await Deno.readFile(path);" },
      { "runtime/primitives/a.ts": "Deno.serve(handler);" },
      { "runtime/a.ts": "await globalThis.fetch(url);" },
      { "services/a.ts": "Deno.listen({ port: 1 }); Deno.connect({ port: 1 });" },
      { "services/a.ts": 'import { readFileSync } from "node:fs";' },
      { "runtime/stages/a.ts": 'const fs = await import("node:fs/promises");' },
      { "runtime/testing/a.ts": 'import { DatabaseSync } from "node:sqlite";' },
      { "services/a.ts": 'new WebSocket("ws://127.0.0.1");' },
      { "runtime/a.ts": 'import { Pool } from "undici";' },
    ],
  },
  {
    rule: rules.exportsAreNamed,
    says: "exports are named",
    broken: [{ "mod.ts": 'export * from "./a.ts";' }],
  },
  {
    rule: rules.functionsAreShort,
    says: "no function is longer than a screen",
    broken: [
      { "mod.ts": `function f() {${"\n".repeat(70)}}` },
      { "mod.ts": `class C { m() {${"\n".repeat(70)}} }` },
      { "mod.ts": `const f = () => {${"\n".repeat(70)}};` },
    ],
  },
  {
    rule: rules.filesAreShort,
    says: "no file is longer than 400 lines",
    broken: [{ "mod.ts": "\n".repeat(401) }],
  },
  {
    rule: rules.testsMirrorTheTree,
    says: "tests mirror the tree",
    broken: [
      { "runtime/a.ts": "", "tests/runtime/a.ts": "" },
      { "runtime/a.ts": "", "tests/runtime/b/a_test.ts": "" },
    ],
  },
  {
    rule: rules.testsAreNotSwitchedOff,
    says: "no test is switched off",
    broken: [
      { "tests/a_test.ts": "Deno.test({ name, fn, ignore: true });" },
      { "tests/a_test.ts": "Deno.test.only(name, fn);" },
      { "tests/a_test.ts": "Deno.test({ name, fn, sanitizeOps: false });" },
    ],
  },
  {
    rule: rules.proseIsLowerCase,
    says: "in comments nara is lower case",
    broken: [{ "mod.ts": "/** Starts one. Nara is small. */" }, { "mod.ts": "// Naras meet here." }],
  },
];

for (const { rule, says, broken } of cases) {
  for (const [index, sources] of broken.entries()) {
    Deno.test(`${rule.name}() notices what breaks it, sample ${index + 1}`, () => {
      const found = rule(Object.entries(sources).map(([path, text]) => sourceFile(path, text)));
      assert(found.length > 0, `${JSON.stringify(sources)} must be refused`);
    });
  }
  Deno.test({
    name: `${rule.name}() finds that ${says}`,
    ignore: lacking("read"),
    fn: () => assertEquals(rule(sourceFiles()), []),
  });
}

Deno.test("the rules accept what is allowed", () => {
  const files = [
    sourceFile(
      "mod.ts",
      'import { a } from "./services/a/mod.ts"; // `Nara` as a name, X-Nara-Name as a header',
    ),
    sourceFile("messages/a.ts", 'import { z } from "zod";\nimport "../utilities/a.ts";'),
    sourceFile("messages/b.ts", 'import { z } from "zod";\nimport "./a.ts";'),
    sourceFile(
      "runtime/testing/a.ts",
      'import "./b.ts";\nimport "node:crypto";\nnew Date(0);\nclock.sleep(1);',
    ),
    sourceFile(
      "runtime/transport/a.ts",
      'import "node:net";\nDeno.serve(handler);\nconst fetched = ledger.fetch();',
    ),
    sourceFile("tests/runtime/testing/a_test.ts", "Deno.test({ name, fn, ignore: lacking() });"),
    sourceFile("utilities/a.ts", `export function f() {${"\n".repeat(69)}}`),
  ];
  for (const { rule } of cases) assertEquals(rule(files), [], rule.name);
});

Deno.test("hasCapitalName() looks at prose only", () => {
  assert(rules.hasCapitalName("A nara wakes. Nara sleeps."));
  assert(!rules.hasCapitalName("A `Nara` wakes.\n```ts\nclass Nara {}\n```\n"));
});

Deno.test("namesRegistryHost() knows a registry from another host", () => {
  assert(rules.namesRegistryHost(["https:", "", "registry.example", "zod"].join("/")));
  assert(!rules.namesRegistryHost("http://127.0.0.1:7433/registry"));
});

Deno.test({
  name: "unneededExceptions() finds none",
  ignore: lacking("read"),
  fn: () => assertEquals(rules.unneededExceptions(sourceFiles()), []),
});

Deno.test({
  name: "the top level holds what the design card lists, and dot-files",
  ignore: lacking("read"),
  fn: () => assertEquals(topLevel().filter((name) => !name.startsWith(".") && !TOP_LEVEL.includes(name)), []),
});

Deno.test({
  name: "no file names the host of a registry",
  ignore: lacking("read"),
  fn: () => assertEquals(filePaths().filter((path) => rules.namesRegistryHost(textOf(path))), []),
});

Deno.test({
  name: "in Markdown nara is lower case",
  ignore: lacking("read"),
  fn() {
    const documents = filePaths().filter((path) => path.endsWith(".md"));
    assertEquals(documents.filter((path) => rules.hasCapitalName(textOf(path))), []);
  },
});

Deno.test("deno.json lints the docs of every entry that it exports", () => {
  const files = Object.values(config.exports).map((path) => path.replace("./", ""));
  assertEquals(config.tasks.check.command.split("deno doc --lint ")[1].split(" "), files);
});

/** A module as `deno info --json` describes it, as far as it is used here. */
interface GraphModule {
  specifier: string;
  error?: string;
  dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[];
}

/** What importing `entry` loads that should be loaded on use; types and dynamic imports load nothing. */
async function loadedEarly(entry: string): Promise<string[]> {
  const args = ["info", "--json", entry];
  const { stdout, success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  assert(success, `deno ${args.join(" ")} must succeed`);
  const graph: { roots: string[]; modules: GraphModule[] } = JSON.parse(new TextDecoder().decode(stdout));
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const loaded = new Set(graph.roots);
  for (const specifier of loaded) { // Grows while it is walked.
    const { error, dependencies = [] } = modules.get(specifier) ?? {};
    assert(!error, `${specifier}: ${error}`);
    for (const { code, isDynamic } of dependencies) if (code && !isDynamic) loaded.add(code.specifier);
  }
  return [...loaded].filter((specifier) => LOADED_ON_USE.test(specifier));
}

Deno.test({
  name: "loadedEarly() notices a broker's library",
  ignore: lacking("read", "run"),
  fn: async () => assertEquals((await loadedEarly("utilities/jsr/transport-deno/mod.ts")).length, 1),
});

for (const entry of ["mod.ts", "runtime/mod.ts"]) {
  Deno.test({
    name: `importing ${entry} loads no database, broker or command-line library`,
    ignore: lacking("read", "run"),
    fn: async () => assertEquals(await loadedEarly(entry), []),
  });
}
