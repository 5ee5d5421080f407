/**
 * A folder for one test, which goes away with it.
 * @module
 */

/** Runs `check` with the path of an empty folder. Needs the rights to read and write. */
export async function withFolder<T>(check: (path: string) => T | Promise<T>): Promise<T> {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "nara-test-" }));
  try {
    return await check(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

/** The names of everything in a folder and below, sorted; nothing where there is no such folder. */
export function contentOf(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) =>
      isDirectory ? [`${name}/`, ...contentOf(`${path}/${name}`).map((below) => `${name}/${below}`)] : [name]
    ).sort();
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}
