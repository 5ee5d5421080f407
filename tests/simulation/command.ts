/**
 * The options of the simulation's two programs: a wrong one is answered with one sentence.
 * @module
 */

/** An option was wrong. */
export class UsageError extends Error {}

/** An option: its default, and which numbers it takes. */
export interface NumberOption {
  /** What it is when left out. */
  readonly default: number;
  /** The least. */
  readonly min: number;
  /** Whether only whole numbers will do. */
  readonly isWhole: boolean;
}

/**
 * Reads `--name number` pairs.
 *
 * @throws {UsageError} For an unknown option, a missing value, or one that is no such number.
 */
export function numberOptions<Name extends string>(
  args: readonly string[],
  options: Readonly<Record<Name, NumberOption>>,
): Record<Name, number> {
  const names = Object.keys(options) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, options[name].default])) as Record<
    Name,
    number
  >;
  const words = args.flatMap((arg) => arg.startsWith("--") ? arg.split(/=(.*)/s, 2) : [arg]);
  for (let at = 0; at < words.length; at += 2) {
    const name = names.find((each) => `--${each}` === words[at]);
    if (!name) {
      const known = names.map((each) => `--${each}`).join(", ");
      throw new UsageError(
        `Cannot understand ${JSON.stringify(words[at])}: expected ${known}, each with a number.`,
      );
    }
    values[name] = numberOf(name, words[at + 1], options[name]);
  }
  return values;
}

function numberOf(name: string, text: string | undefined, { min, isWhole }: NumberOption): number {
  const value = text === undefined || text.trim() === "" ? NaN : Number(text);
  const isRight = isWhole ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isRight && value >= min && (isWhole || value > 0)) return value;
  const expected = isWhole ? `a whole number from ${min}` : "a number above 0";
  throw new UsageError(
    `Cannot take --${name} ${
      text === undefined ? "without a value" : JSON.stringify(text)
    }: expected ${expected}.`,
  );
}

/** Runs a program: its exit code, or 2 and one sentence for a wrong option. */
export async function runProgram(program: () => Promise<number>): Promise<number> {
  try {
    return await program();
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    console.error(thrown.message);
    return 2;
  }
}
