/**
 * The corpus: inputs worth keeping, a file each. The folder that a file stands in says what must become of it, its name what it is.
 *
 * - `corpus/parser/VERDICT/NAME.bin`: `taken`, or the problem that the scan of `utilities/json_scan.ts` finds.
 * - `corpus/envelope/VERDICT/NAME.bin`: `taken`, or the code of the error that decoding it as a message ends with.
 *
 * @module
 */

/** An input, and what must become of it. */
export interface Case {
  /** What it is. */
  readonly name: string;
  /** What must become of it. */
  readonly verdict: string;
  /** The input. */
  readonly bytes: Uint8Array;
}

/** What the corpus has cases of. */
export type Topic = "parser" | "envelope";

/** All cases of a topic, by verdict and name. Needs the right to read. */
export function corpusOf(topic: Topic): Case[] {
  const folder = `${import.meta.dirname}/corpus/${topic}`;
  return namesIn(folder).flatMap((verdict) =>
    namesIn(`${folder}/${verdict}`).map((file) => ({
      name: `${verdict}/${file.replace(/\.bin$/, "")}`,
      verdict,
      bytes: Deno.readFileSync(`${folder}/${verdict}/${file}`),
    }))
  );
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}
