/**
 * The project's own files as data, for the tests that hold its style: what each imports, calls and declares, taken
 * from the syntax tree that `deno lint` builds.
 * @module
 */

/** Something found in a file, and where. */
export interface Found {
  readonly text: string;
  readonly line: number;
}

/** A function and how long it is. */
export interface FoundFunction {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

/** One TypeScript file, taken apart. */
export interface SourceFile {
  /** From the root of the project, with `/`. */
  readonly path: string;
  readonly lines: number;
  /** Every specifier, whether imported for its types, its values, or on use. */
  readonly imports: readonly Found[];
  /** Specifiers of `export * from`. */
  readonly exportsAll: readonly Found[];
  readonly functions: readonly FoundFunction[];
  /** What is called or constructed, as written; `new Date()` keeps its parentheses when it has no arguments. */
  readonly calls: readonly Found[];
  /** Properties set to a literal, as `key: value`. */
  readonly settings: readonly Found[];
  readonly comments: readonly Found[];
}

/** Folders that are no part of the sources. */
const SKIPPED = new Set([".git", "node_modules"]);

/** The root of the project. */
export const ROOT: string = `${import.meta.dirname}/../../`;

/** Names of all that stands at the top. */
export function topLevel(): string[] {
  return [...Deno.readDirSync(ROOT)].map(({ name }) => name).sort();
}

/** Paths of all files, from the root. Needs the right to read. */
export function filePaths(folder = ""): string[] {
  const paths: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(ROOT + folder)) {
    if (SKIPPED.has(name)) continue;
    if (isDirectory) paths.push(...filePaths(`${folder}${name}/`));
    else paths.push(folder + name);
  }
  return paths.sort();
}

/** The text of a file. Needs the right to read. */
export function textOf(path: string): string {
  return Deno.readTextFileSync(ROOT + path);
}

/** All TypeScript files. Needs the right to read. */
export function sourceFiles(): SourceFile[] {
  return filePaths().filter((path) => path.endsWith(".ts")).map((path) => sourceFile(path, textOf(path)));
}

/** Takes one file apart. Needs no right. */
export function sourceFile(path: string, text: string): SourceFile {
  const facts = {
    imports: [] as Found[],
    exportsAll: [] as Found[],
    functions: [] as FoundFunction[],
    calls: [] as Found[],
    settings: [] as Found[],
    comments: [] as Found[],
  };
  const lineAt = lineCounter(text);
  const collector = {
    name: "nara",
    rules: { facts: { create: (context: Context) => visitor(context, facts, lineAt) } },
  };
  Deno.lint.runPlugin(collector, path, text);
  return { path, lines: lineAt(text.length - 1), ...facts };
}

type Context = Deno.lint.RuleContext;
type Facts = { -readonly [Key in Exclude<keyof SourceFile, "path" | "lines">]: SourceFile[Key][number][] };
type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

function visitor(
  { sourceCode }: Context,
  facts: Facts,
  lineAt: (offset: number) => number,
): Deno.lint.LintVisitor {
  const found = (node: { range: [number, number] }, text: string): Found => ({
    text,
    line: lineAt(node.range[0]),
  });
  const imported = (node: Deno.lint.Node, source: Deno.lint.Node | null): void => {
    if (source?.type === "TSLiteralType") imported(node, source.literal);
    if (source?.type === "Literal") facts.imports.push(found(node, String(source.value)));
  };
  const measured = (node: FunctionNode) => {
    const [line, last] = [lineAt(node.range[0]), lineAt(node.range[1] - 1)];
    facts.functions.push({ name: nameOf(node, sourceCode), line, lines: last - line + 1 });
  };
  return {
    ImportDeclaration: (node) => imported(node, node.source),
    ImportExpression: (node) => imported(node, node.source),
    TSImportType: (node) => imported(node, node.argument),
    ExportNamedDeclaration: (node) => imported(node, node.source),
    ExportAllDeclaration(node) {
      imported(node, node.source);
      if (!node.exported) facts.exportsAll.push(found(node, node.source.value));
    },
    FunctionDeclaration: measured,
    FunctionExpression: measured,
    ArrowFunctionExpression: measured,
    CallExpression: (node) => void facts.calls.push(found(node, sourceCode.getText(node.callee))),
    NewExpression(node) {
      const suffix = node.arguments.length === 0 ? "()" : "";
      facts.calls.push(found(node, `new ${sourceCode.getText(node.callee)}${suffix}`));
    },
    Property(node) {
      if (node.value.type !== "Literal") return;
      facts.settings.push(found(node, `${sourceCode.getText(node.key)}: ${sourceCode.getText(node.value)}`));
    },
    "Program:exit"() {
      for (const comment of sourceCode.getAllComments()) facts.comments.push(found(comment, comment.value));
    },
  };
}

/** What a function is known by: its own name, or the name of what it is kept in. */
function nameOf(node: FunctionNode, sourceCode: Deno.lint.SourceCode): string {
  if (node.type !== "ArrowFunctionExpression" && node.id) return node.id.name;
  const { parent } = node;
  if (parent.type === "VariableDeclarator") return sourceCode.getText(parent.id);
  if (
    parent.type === "MethodDefinition" || parent.type === "Property" || parent.type === "PropertyDefinition"
  ) {
    return sourceCode.getText(parent.key);
  }
  return "(unnamed)";
}

/** The line of an offset, counted from 1. */
function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    const next = starts.findIndex((start) => start > offset);
    return next < 0 ? starts.length : next;
  };
}
