/**
 * The search for planted secrets: in every spelling in which bytes are written, whole or in part.
 * @module
 */
import { encodeBase58 } from "../../utilities/base58.ts";

/** A secret that was planted. */
export interface Planted {
  /** What it is, for whoever has to find the leak. */
  readonly name: string;
  /** Its bytes. */
  readonly bytes: Uint8Array;
}

/** A place where a secret shows. */
export interface Leak {
  /** Which secret. */
  readonly secret: string;
  /** In which spelling. */
  readonly spelling: string;
  /** Where it was said. */
  readonly where: string;
}

/** Bytes of a secret that are enough to know it again, and too many to come by chance. */
const PART_BYTES = 12;

/** The spellings of a secret, and of its first and last bytes, by name. */
export function spellingsOf(bytes: Uint8Array): Map<string, string> {
  const spellings = new Map<string, string>([["base58", encodeBase58(bytes)]]);
  const parts: [string, Uint8Array][] = [
    ["whole", bytes],
    ["start", bytes.subarray(0, PART_BYTES)],
    ["end", bytes.subarray(-PART_BYTES)],
  ];
  for (const [part, some] of parts) {
    spellings.set(`${part}, hex`, some.toHex());
    spellings.set(`${part}, numbers`, [...some].join(","));
    const text = new TextDecoder().decode(some);
    if (/^[\x20-\x7e]+$/.test(text)) spellings.set(`${part}, text`, text);
    // Where bytes stand within others, base64 depends on how many stand before.
    for (const before of [0, 1, 2]) {
      const text = new Uint8Array([...new Uint8Array(before), ...some]).toBase64().replaceAll("=", "");
      spellings.set(`${part}, base64 behind ${before}`, text.slice(before === 0 ? 0 : before + 1, -1));
    }
  }
  return spellings;
}

/** Looks for secrets in whatever was said. */
export class SecretSearch {
  readonly #spellings: { secret: string; spelling: string; text: string }[];
  readonly #searched = new Map<string, { texts: number; characters: number }>();
  readonly #leaks: Leak[] = [];

  /** @param secrets What must not be found. */
  constructor(secrets: readonly Planted[]) {
    this.#spellings = secrets.flatMap(({ name, bytes }) =>
      [...spellingsOf(bytes)].map(([spelling, text]) => ({ secret: name, spelling, text: flat(text) }))
    );
  }

  /** What was found. */
  get leaks(): readonly Leak[] {
    return this.#leaks;
  }

  /** How many texts of a kind were searched. */
  count(what: string): number {
    return this.#searched.get(what)?.texts ?? 0;
  }

  /** Searches a text; `what` is the kind of text that it is, for the report. */
  look(what: string, text: string): void {
    const before = this.#searched.get(what) ?? { texts: 0, characters: 0 };
    const { texts, characters } = before;
    this.#searched.set(what, { texts: texts + 1, characters: characters + text.length });
    const searched = flat(text);
    for (const { secret, spelling, text } of this.#spellings) {
      if (searched.includes(text)) this.#leaks.push({ secret, spelling, where: what });
    }
  }

  /** What was searched, in a line. */
  report(): string {
    const parts = [...this.#searched].map(([what, { texts, characters }]) =>
      `${what} (${texts}, ${characters} characters)`
    );
    return `searched for ${this.#spellings.length} spellings in ${
      parts.join("; ")
    }: ${this.#leaks.length} hits`;
  }
}

/** Base64 has two alphabets, hex two cases, and lists of numbers blanks: here all are one. */
function flat(text: string): string {
  return text.replaceAll(/[\s=]/g, "").replaceAll("-", "+").replaceAll("_", "/").toLowerCase();
}
