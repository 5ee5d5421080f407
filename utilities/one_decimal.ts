/**
 * Numbers with one decimal, as Go's `%.1f` writes them: they stand in texts that are signed.
 * @module
 */

/**
 * Writes `value` as Go's `%.1f`: exact ties go to the even digit (`0.25` is `0.2`), where `toFixed` rounds them up.
 *
 * `NaN` and the infinities are written `NaN`, `+Inf` and `-Inf`.
 */
export function formatOneDecimal(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const size = Math.abs(value);
  if (size >= 1e21) return `${sign}${BigInt(size)}.0`; // From here on `toFixed` uses exponents.
  // Ties end in .25 or .75, and only of the first two neighbours, .2 and .3, is the lower one even.
  return size % 1 === 0.25 ? `${sign}${Math.floor(size)}.2` : `${sign}${size.toFixed(1)}`;
}
