/**
 * What nara's sources have to keep to, a function per rule: each takes files and returns a line per violation.
 *
 * The tables are ratchets: an exception stands with its reason, and one that is no longer needed is a violation too.
 * @module
 */

import type { Found, SourceFile } from "./source_tree.ts";

/** A rule over TypeScript files. */
export type Rule = (files: readonly SourceFile[]) => string[];

/** A function longer than this does more than one thing. */
const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 400;

/** What each layer may import, beside itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "utilities": [],
  "messages": ["utilities"],
  "runtime": ["utilities", "messages"],
  "services": ["utilities", "messages", "runtime"],
  "mod.ts": ["utilities", "messages", "runtime", "services"],
};

/** Packages that more than one file imports: where, and why. */
const SHARED_DEPENDENCIES: Readonly<Record<string, { within: string; reason: string }>> = {
  "zod": { within: "messages/", reason: "payload schemas are zod's, a file per family" },
  "@std/assert": { within: "runtime/testing/", reason: "acceptance suites are made of assertions" },
};

/** Time and chance come from the runtime, so that a simulation can repeat itself. */
const BANNED_CALLS: Readonly<Record<string, string>> = {
  "Date.now": "use the runtime's clock",
  "new Date()": "use the runtime's clock",
  "performance.now": "use clock.monotonicMs()",
  "process.hrtime": "use clock.monotonicMs()",
  "process.hrtime.bigint": "use clock.monotonicMs()",
  "setTimeout": "use clock.sleep()",
  "setInterval": "use clock.sleep() in a loop",
  "setImmediate": "use clock.sleep()",
  "AbortSignal.timeout": "use clock.sleep() and an AbortController",
  "Math.random": "use the runtime's random",
  "crypto.getRandomValues": "use the runtime's random",
  "crypto.randomUUID": "use the runtime's random",
  "randomBytes": "use the runtime's random",
  "randomFillSync": "use the runtime's random",
  "randomInt": "use the runtime's random",
  "randomUUID": "use the runtime's random",
};
/** What `Temporal.Now` offers is the machine's time, in all its forms. */
const MACHINE_TIME = /^Temporal\.Now\./;

/** `path call` of each banned call that may stay, and why. */
const ALLOWED_CALLS: Readonly<Record<string, string>> = {
  "runtime/process/api_file.ts crypto.getRandomValues":
    "the token of the local API is the process's own secret, and no part of what a simulation runs",
  "runtime/ledger/group_commit.ts setImmediate":
    "a commit is shared by what comes in one turn of the event loop: no time is meant",
  "runtime/transport/http_batcher.ts setImmediate":
    "a request is shared by what comes in one turn of the event loop: no time is meant",
  "runtime/primitives/event_loop.ts setImmediate":
    "others get their turn of the event loop: no time is meant",
};
/** Calls that reach files, sockets or other processes. */
const OUTSIDE_CALLS = /^(Deno\.(?!test\b)|fetch$|caches\.|localStorage\.|sessionStorage\.|navigator\.)/;
/** Classes of the platform that do. */
const OUTSIDE_CLASSES =
  /^new (WebSocket(Stream)?|EventSource|Worker|SharedWorker|BroadcastChannel|XMLHttpRequest)\b/;
/** Modules that do. */
const OUTSIDE_MODULES =
  /^(node:(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|sqlite|os|process|readline|repl)(\/.*)?|undici|mqtt|aedes|commander|@nats-io\/.*)$/;
/** Where the adapters are, and why each folder is one. */
const ADAPTERS: Readonly<Record<string, string>> = {
  "runtime/ledger/": "keeps the data folder's file",
  "runtime/transport/": "speaks to other naras",
  "runtime/process/": "makes a process of a runtime",
  "services/stash/demo/": "is a command of the operator, with files of the operator's own",
};
/** `path name` of each function that may be longer, and why. */
const LONG_FUNCTIONS: Readonly<Record<string, string>> = {};
/** Each file that may be longer, and why. */
const LONG_FILES: Readonly<Record<string, string>> = {};
/** Settings that switch a test or a check off. */
const SWITCHED_OFF = /^(only: true|ignore: true|sanitize(Ops|Resources|Exit): false)$/;

/** What belongs to the program, without its tests and the stand-ins for JSR. */
function shipped(files: readonly SourceFile[]): SourceFile[] {
  return files.filter(({ path }) => layerOf(path) in LAYERS && !path.startsWith("utilities/jsr/"));
}

function layerOf(path: string): string {
  return path.split("/")[0];
}

/** The file that a relative specifier names, from the root. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function at({ path }: SourceFile, { line }: Pick<Found, "line">): string {
  return `${path}:${line}`;
}

/** utilities <- messages <- runtime <- services <- mod.ts; only tests reach into runtime/testing. */
export const importsPointOneWay: Rule = (files) =>
  shipped(files).flatMap((file) =>
    file.imports.filter(({ text }) => text.startsWith(".")).flatMap((found) => {
      const target = resolve(file.path, found.text);
      const [from, to] = [layerOf(file.path), layerOf(target)];
      const where = `${at(file, found)} imports ${target}`;
      if (to !== from && !LAYERS[from].includes(to)) return [`${where}: ${from} may not import ${to}`];
      const reachesTesting = target.startsWith("runtime/testing/") &&
        !file.path.startsWith("runtime/testing/");
      return reachesTesting ? [`${where}: only tests may`] : [];
    })
  );

/** The stand-ins are reached by the names of what they stand in for, so that `links` alone decides. */
export const standInsHaveBareNames: Rule = (files) =>
  files.filter(({ path }) => !path.startsWith("utilities/jsr/")).flatMap((file) =>
    file.imports.filter(({ text }) =>
      text.startsWith(".") && resolve(file.path, text).startsWith("utilities/jsr/")
    )
      .map((found) => `${at(file, found)} imports ${found.text}: use its bare name from deno.json`)
  );

/** The package of a bare specifier: `@noble/ciphers` for `@noble/ciphers/chacha.js`. */
function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function isDependency(specifier: string): boolean {
  return !specifier.startsWith(".") && !specifier.startsWith("node:");
}

/** Each package is imported in one file, behind a port of ours, so that it can be replaced there. */
export const dependenciesStayInOneFile: Rule = (files) => {
  const importers = new Map<string, Set<string>>();
  for (const { path, imports } of shipped(files)) {
    for (const { text } of imports.filter(({ text }) => isDependency(text))) {
      const shared = SHARED_DEPENDENCIES[packageOf(text)];
      const place = shared && path.startsWith(shared.within) ? shared.within : path;
      importers.set(packageOf(text), (importers.get(packageOf(text)) ?? new Set()).add(place));
    }
  }
  return [...importers].filter(([, places]) => places.size > 1)
    .map(([name, places]) => `${name} is imported in ${[...places].join(", ")}: keep it in one file`);
};

/**
 * Versions stand in deno.json only, and the project's own files are imported by their paths; only the examples import them as
 * others would.
 */
export const specifiersAreBareOrRelative: Rule = (files) =>
  files.filter(({ path }) => !path.startsWith("tests/example/")).flatMap((file) =>
    file.imports.filter(({ text }) => /^(npm|jsr|https?):/.test(text) || text.startsWith("@nara/"))
      .map((found) =>
        `${at(file, found)} imports ${found.text}: name packages as deno.json does, our files by path`
      )
  );

/** Nothing under runtime/ or services/ asks the machine for time or chance. */
export const timeAndChanceComeFromTheRuntime: Rule = (files) =>
  files.filter(({ path }) => /^(runtime|services)\//.test(path)).flatMap((file) =>
    file.calls.flatMap((found) => {
      const name = found.text.replace(/^(new )?globalThis\./, "$1");
      const instead = MACHINE_TIME.test(name) ? "use the runtime's clock" : BANNED_CALLS[name];
      const banned = (MACHINE_TIME.test(name) || Object.hasOwn(BANNED_CALLS, name)) &&
        !(`${file.path} ${name}` in ALLOWED_CALLS);
      return banned ? [`${at(file, found)} ${name} is banned: ${instead}`] : [];
    })
  );

/** Files, sockets and processes are reached by adapters only, so that a simulation can do without them. */
export const adaptersReachOutside: Rule = (files) =>
  files.filter(({ path }) =>
    /^(runtime|services)\//.test(path) && !Object.keys(ADAPTERS).some((folder) => path.startsWith(folder))
  ).flatMap((file) => {
    const calls = file.calls.filter(({ text }) => reachesOutside(text.replace(/^(new )?globalThis\./, "$1")));
    const imports = file.imports.filter(({ text }) => OUTSIDE_MODULES.test(text));
    return [...calls, ...imports].map((found) =>
      `${at(file, found)} ${found.text} is banned: only adapters reach files, sockets and processes`
    );
  });

function reachesOutside(name: string): boolean {
  return OUTSIDE_CALLS.test(name) || OUTSIDE_CLASSES.test(name);
}

/** An export shows in review only where it is named. */
export const exportsAreNamed: Rule = (files) =>
  files.flatMap((file) =>
    file.exportsAll.map((found) => `${at(file, found)} export * is banned: list the names`)
  );

/** A screen ends at 70 lines. */
export const functionsAreShort: Rule = (files) =>
  longFunctions(files).filter(({ key }) => !(key in LONG_FUNCTIONS))
    .map(({ where, lines }) => `${where}: ${lines} lines, at most ${FUNCTION_LINES_MAX}: split it`);

function longFunctions(files: readonly SourceFile[]): { key: string; where: string; lines: number }[] {
  return files.flatMap((file) =>
    file.functions.filter(({ lines }) => lines > FUNCTION_LINES_MAX).map((found) => ({
      key: `${file.path} ${found.name}`,
      where: `${at(file, found)} ${found.name}`,
      lines: found.lines,
    }))
  );
}

/** A file that needs more has two purposes. */
export const filesAreShort: Rule = (files) =>
  longFiles(files).filter(({ path }) => !(path in LONG_FILES))
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${FILE_LINES_MAX}: split it`);

function longFiles(files: readonly SourceFile[]): SourceFile[] {
  return files.filter(({ lines }) => lines > FILE_LINES_MAX);
}

/** An exception stands only as long as something needs it. To be asked of the whole tree. */
export function unneededExceptions(files: readonly SourceFile[]): string[] {
  const needed = new Set([
    ...Object.keys(ADAPTERS).filter((folder) => files.some((file) => needsAdapter(file, folder))),
    ...longFunctions(files).map(({ key }) => key),
    ...longFiles(files).map(({ path }) => path),
    ...files.flatMap(({ path, calls }) => calls.map(({ text }) => `${path} ${text}`)),
  ]);
  const exceptions = { ...LONG_FUNCTIONS, ...LONG_FILES, ...ALLOWED_CALLS, ...ADAPTERS };
  return Object.keys(exceptions).filter((key) => !needed.has(key));
}

function needsAdapter({ path, calls, imports }: SourceFile, folder: string): boolean {
  return path.startsWith(folder) &&
    (calls.some(({ text }) => reachesOutside(text)) ||
      imports.some(({ text }) => OUTSIDE_MODULES.test(text)));
}

/** Folders under tests/ that mirror the tree hold tests of folders that exist, and nothing else. */
export const testsMirrorTheTree: Rule = (files) => {
  const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const folders = new Set(files.map(({ path }) => folderOf(path)));
  return files.filter(({ path }) => /^tests\/(utilities|messages|runtime|services)\//.test(path)).flatMap(
    ({ path }) => {
      const mirrored = folderOf(path).slice("tests/".length);
      if (!path.endsWith("_test.ts")) return [`${path}: name it *_test.ts, or move it to tests/helpers`];
      return folders.has(mirrored) ? [] : [`${path}: there is no folder ${mirrored} that it could mirror`];
    },
  );
};

/** Every test runs, with its sanitizers; what a run may not do is skipped with lacking(), by name. */
export const testsAreNotSwitchedOff: Rule = (files) =>
  files.filter(({ path }) => path.startsWith("tests/")).flatMap((file) =>
    [
      ...file.settings.filter(({ text }) => SWITCHED_OFF.test(text)),
      ...file.calls.filter(({ text }) => /^(Deno\.test|\w+\.step)\.(only|ignore)$/.test(text)),
    ].map((found) => `${at(file, found)} ${found.text}: every test runs`)
  );

/** In prose the name is lower case. */
export const proseIsLowerCase: Rule = (files) =>
  files.flatMap((file) =>
    file.comments.filter(({ text }) => hasCapitalName(text))
      .map((found) => `${at(file, found)}: in prose nara is lower case, also where a sentence begins`)
  );

/** Whether prose (a comment, or Markdown) writes the name with a capital outside code and exact identifiers. */
export function hasCapitalName(prose: string): boolean {
  const words = prose.replace(/```[\s\S]*?```|`[^`]*`/g, "");
  return /(?<![-\w])Naras?(?![-\w])/.test(words);
}

/** Whether a text names the host of a package registry: which one is used is the machine's affair. */
export function namesRegistryHost(text: string): boolean {
  return /https?:\/\/[^/\s"'`]*(registr|mirror|proxy|npmjs|jsr\.io)/i.test(text);
}
