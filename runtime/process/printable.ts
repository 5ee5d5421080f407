/**
 * Text from strangers, made safe for a terminal: names and errors come from anywhere.
 * @module
 */

/** What a terminal would obey instead of showing it, and what would break the line. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text in which nothing commands the terminal. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
