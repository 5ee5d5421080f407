/**
 * The 607 numbers that Go's generator mixes into its state, computed instead of copied.
 *
 * They are what a plainer generator of the same kind holds after 7 800 000 000 000 draws. Its draws obey
 * y[k] = y[k-607] + y[k-273] (mod 2^64), so the far ones are sums of the first, weighted by the coefficients of
 * x^7800000000000 modulo x^607 - x^334 - 1: 43 squarings. A polynomial is one `BigInt` with a slot for each
 * coefficient, so wide that no sum spills into the next; squaring it is then a single product.
 * @module
 */

/** How many 64-bit numbers the generator's state holds. */
export const STATE_LENGTH = 607;
/** Where in the state the first draw adds up: one below this slot. */
export const FEED_START = STATE_LENGTH - 273;

const DRAWS = 7_800_000_000_000;
/** The table needs the values of 607 draws, and each is a sum over 607 that follow one another. */
const SEQUENCE_LENGTH = 2 * STATE_LENGTH - 1;
/** Digits of a slot: two factors of 64 bits, summed at most 1213 times, need 139 bits; four bits are a digit. */
const SLOT_DIGITS = 36;
const SLOT_BITS = 4 * SLOT_DIGITS;

/** The generator that spreads a seed (from 1 to 2^31 - 2) over the state; its first 20 steps are skipped. */
export function seedSteps(seed: number): () => number {
  let value = seed;
  const step = () => value = (48_271 * value) % 0x7fffffff;
  for (let skipped = 0; skipped < 20; skipped++) step();
  return step;
}

/** The table; number `i` has its high 32 bits at `2 * i` and its low ones behind. Takes about 10 ms. */
export function computeGoRandomTable(): Uint32Array {
  // With the first draw in the highest slot, a product sums what lies equally far behind each draw.
  const reversed = BigInt("0x" + firstDraws().map((draw) => hexDigits(draw, SLOT_DIGITS)).join(""));
  const sums = (farPower() * reversed).toString(16);
  const table = new Uint32Array(2 * STATE_LENGTH);
  for (let index = 0; index < STATE_LENGTH; index++) {
    const end = sums.length - SLOT_DIGITS * (SEQUENCE_LENGTH - 1 - index);
    const slot = 2 * slotOfDraw(DRAWS + index);
    table[slot] = parseInt(sums.slice(end - 16, end - 8), 16);
    table[slot + 1] = parseInt(sums.slice(end - 8, end), 16);
  }
  return table;
}

/** The plainer generator's state and first draws, oldest first. */
function firstDraws(): bigint[] {
  const step = seedSteps(1);
  const state = Array.from(
    { length: STATE_LENGTH },
    () => (BigInt(step()) << 20n) ^ (BigInt(step()) << 10n) ^ BigInt(step()),
  );
  const draws = state.map((_, index) => state[slotOfDraw(index)]);
  for (let index = STATE_LENGTH; index < SEQUENCE_LENGTH; index++) {
    draws.push(BigInt.asUintN(64, draws[index - STATE_LENGTH] + draws[index - 273]));
  }
  return draws;
}

/** Draws go down through the state: the slot that holds one, until 607 draws later. */
function slotOfDraw(index: number): number {
  return (FEED_START - 1 - index % STATE_LENGTH + STATE_LENGTH) % STATE_LENGTH;
}

/** x to the power of {@linkcode DRAWS}, reduced, its coefficients modulo 2^64. */
function farPower(): bigint {
  const words = BigInt("0x" + hexDigits(0xffff_ffff_ffff_ffffn, SLOT_DIGITS).repeat(SEQUENCE_LENGTH));
  const x = 1n << BigInt(SLOT_BITS);
  let power = 1n;
  for (const bit of DRAWS.toString(2)) {
    power = (power * power) & words;
    if (bit === "1") power *= x;
    power = reduce(power) & words;
  }
  return power;
}

/** Puts x^334 + 1 in place of x^607 until no higher power is left. */
function reduce(polynomial: bigint): bigint {
  const width = STATE_LENGTH * SLOT_BITS;
  let reduced = polynomial;
  for (let high = reduced >> BigInt(width); high > 0n; high = reduced >> BigInt(width)) {
    reduced = BigInt.asUintN(width, reduced) + high + (high << BigInt(FEED_START * SLOT_BITS));
  }
  return reduced;
}

function hexDigits(number: bigint, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}
