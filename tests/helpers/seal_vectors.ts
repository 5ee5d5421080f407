/**
 * Reads what the sealing vectors hold, for every test that runs them.
 * @module
 */

/** What a case of the list `seal` says about its plaintext: one of the two at least. */
export interface PlaintextVector {
  readonly plaintext_b64?: string;
  readonly plaintext_rule?: string;
}

/**
 * The plaintext of a case: large ones are given by a rule such as `length 65536, byte i = (7*i + 3) mod 256`.
 *
 * @throws {SyntaxError} If a rule has another form.
 */
export function plaintextOf({ plaintext_b64, plaintext_rule }: PlaintextVector): Uint8Array {
  if (plaintext_rule === undefined) return Uint8Array.fromBase64(plaintext_b64 ?? "");
  const rule = /^length (\d+), (?:all bytes (\d+)|byte i = \(?(?:(\d+)\*)?i(?: \+ (\d+))?\)?(?: mod 256)?)$/
    .exec(plaintext_rule);
  if (!rule) throw new SyntaxError(`not a rule for a plaintext: ${plaintext_rule}`);
  const [, length, constant, factor = "1", summand = "0"] = rule;
  if (constant !== undefined) return new Uint8Array(Number(length)).fill(Number(constant));
  return Uint8Array.from({ length: Number(length) }, (_, index) => Number(factor) * index + Number(summand));
}
