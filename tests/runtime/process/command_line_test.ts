import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import config from "../../../deno.json" with { type: "json" };
import { type Invocation, parseCommandLine } from "../../../runtime/process/command_line.ts";
import type { OperatorCommand } from "../../../runtime/process/operator.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { SETTINGS } from "../../../runtime/process/settings.ts";
import { VERSION } from "../../../runtime/process/version.ts";
import vectors from "../../interop/vectors/identity.json" with { type: "json" };

const run = () => Promise.resolve(0);
const demo: OperatorCommand = {
  name: "demo",
  summary: "Shows it",
  argument: "FILE",
  settings: ["json"],
  run,
};
const secret: OperatorCommand = {
  name: "secret-work",
  summary: "For the program itself",
  hidden: true,
  options: [{ flag: "--stash-file", placeholder: "FILE", summary: "what to keep" }],
  settings: ["json", "peer"],
  run,
};

const letters: OperatorCommand = {
  name: "letters",
  summary: "Two words",
  argument: "ACTION",
  secondArgument: "ID",
  settings: ["json"],
  run,
};

const parse = (...args: string[]): Invocation => parseCommandLine(args, [demo, secret, letters]);

const UNDERSTOOD: [args: string[], expected: Extract<Invocation, { flags: unknown }>][] = [
  [[], { command: undefined, argument: undefined, secondArgument: undefined, flags: {} }],
  [["--json"], {
    command: undefined,
    argument: undefined,
    secondArgument: undefined,
    flags: { "--json": ["true"] },
  }],
  [
    ["--peer", "a", "--name=b", "--peer", "c"],
    {
      command: undefined,
      argument: undefined,
      secondArgument: undefined,
      flags: { "--name": ["b"], "--peer": ["a", "c"] },
    },
  ],
  [["--name", "--json"], {
    command: undefined,
    argument: undefined,
    secondArgument: undefined,
    flags: { "--name": ["--json"] },
  }],
  [["demo"], { command: demo, argument: undefined, secondArgument: undefined, flags: {} }],
  [["demo", "--json", "file"], {
    command: demo,
    argument: "file",
    secondArgument: undefined,
    flags: { "--json": ["true"] },
  }],
  [["--json", "demo", "file"], {
    command: demo,
    argument: "file",
    secondArgument: undefined,
    flags: { "--json": ["true"] },
  }],
  [
    ["letters", "show", "--json", "7"],
    { command: letters, argument: "show", secondArgument: "7", flags: { "--json": ["true"] } },
  ],
  [
    ["secret-work", "--stash-file", "f", "--peer", "a"],
    {
      command: secret,
      argument: undefined,
      secondArgument: undefined,
      flags: { "--stash-file": ["f"], "--peer": ["a"] },
    },
  ],
];

for (const [args, expected] of UNDERSTOOD) {
  Deno.test(`parseCommandLine() understands: nara ${args.join(" ")}`, () =>
    assertEquals(parse(...args), expected));
}

const NOT_UNDERSTOOD: [args: string[], says: string][] = [
  [["--nam", "x"], "unknown option '--nam' (Did you mean --name?)"],
  [["-x"], "unknown option '-x'"],
  [["--name"], "option '--name <NAME>' argument missing"],
  [["--json=yes"], "unknown option '--json=yes'"],
  [["dmeo"], 'unknown command "dmeo"'],
  [["a", "b"], 'unknown command "a"'],
  [["letters", "show", "7", "8"], "too many arguments"],
  [["demo", "a", "b"], "too many arguments"],
  [["demo", "--name", "x"], "unknown option '--name'"],
  [["--name", "x", "demo"], "demo takes no --name"],
  [["--stash-file", "x"], "unknown option '--stash-file'"],
  [["__proto__"], "__proto__"],
  [["--name", "a", "--name", "b"], "--name may be given once only"],
  [["secret-work", "--stash-file", "a", "--stash-file", "a"], "--stash-file may be given once only"],
];

for (const [args, says] of NOT_UNDERSTOOD) {
  Deno.test(`parseCommandLine() refuses in one sentence: nara ${args.join(" ")}`, () => {
    const { code, message } = assertThrows(() => parse(...args), ProcessError, says);
    assertEquals(code, "bad_option");
    assertEquals([message.startsWith("Cannot understand the command line: "), message.includes("\n")], [
      true,
      false,
    ]);
  });
}

Deno.test("parseCommandLine() repeats no soul, wherever it was put", () => {
  const { soul } = vectors.identities[0];
  for (const args of [[soul], ["--sol", soul], [`--sol=${soul}`], ["demo", "x", soul], [`--json=${soul}`]]) {
    assertFalse(assertThrows(() => parse(...args), ProcessError).message.includes(soul));
  }
});

Deno.test("parseCommandLine() gives the help, with every setting and every command that is not hidden", () => {
  for (const args of [["--help"], ["--name", "x", "--help"]]) {
    const invocation = parse(...args);
    assert("text" in invocation);
    for (const { flag, variable } of Object.values(SETTINGS)) {
      for (const words of [` ${flag}`, `[${variable}]`]) assertStringIncludes(invocation.text, words);
    }
    assertStringIncludes(invocation.text, "demo [options] [FILE]");
    assertStringIncludes(invocation.text, "letters [options] [ACTION] [ID]");
    assertFalse(invocation.text.includes("secret-work"));
  }
});

Deno.test("parseCommandLine() gives the help of a command", () => {
  const invocation = parse("demo", "--help");
  assert("text" in invocation);
  assertStringIncludes(invocation.text, "Usage: nara demo [options] [FILE]");
});

Deno.test("parseCommandLine() gives the version, which is that of deno.json", () => {
  assertEquals(parse("--version"), { text: VERSION });
  assertEquals(VERSION, config.version);
});
