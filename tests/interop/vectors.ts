/**
 * `deno task vectors DIR`: checks every vector file of a folder against this implementation.
 *
 * One line per failing case, at the end `N passed, N failed, N skipped`. Exit code 1 if anything failed, 2 if there is
 * nothing to check.
 * @module
 */
import { join, resolve } from "node:path";
import { checkVectors, type InputFile } from "./runner.ts";

/** A folder or a file that cannot be read; the message is the whole story. */
class Unreadable extends Error {}

async function readFolder(folder: string): Promise<InputFile[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.name.endsWith(".json") && !entry.isDirectory) names.push(entry.name);
    }
  } catch (error) {
    throw new Unreadable(`Cannot read the folder ${folder}: ${reason(error)}`);
  }
  if (names.length === 0) {
    throw new Unreadable(`Cannot find a vector file in ${folder}: expected files named *.json`);
  }
  return await Promise.all(names.sort().map((name) => readFile(folder, name)));
}

async function readFile(folder: string, name: string): Promise<InputFile> {
  const path = join(folder, name);
  try {
    return { name, json: JSON.parse(await Deno.readTextFile(path)) };
  } catch (error) {
    const words = error instanceof SyntaxError ? `it is not JSON (${error.message})` : reason(error);
    throw new Unreadable(`Cannot read the vector file ${path}: ${words}`);
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.NotADirectory) return "it is not a folder";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  return error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.length !== 1 || args[0].startsWith("-")) {
    console.error("Usage: deno task vectors DIR (a folder of vector files, see vectors/README.md)");
    return 2;
  }
  try {
    // `deno task` runs in the project's folder and leaves the one where it was called in INIT_CWD.
    const folder = resolve(Deno.env.get("INIT_CWD") ?? ".", args[0]);
    const { lines, failed } = await checkVectors(await readFolder(folder));
    console.log(lines.join("\n"));
    return failed > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    console.error(error.message);
    return 2;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
