/**
 * Timestamps as Go writes and reads them: RFC 3339 with up to nine fraction digits.
 *
 * A message's timestamp is signed as text, so the text itself is kept; these functions read it, and write new ones.
 * @module
 */

const NS_PER_SECOND = 1_000_000_000n;
const DAY_SECONDS = 86_400;
/** 0000-01-01T00:00:00Z and 10000-01-01T00:00:00Z, in Unix seconds. */
const YEAR_0_SECONDS = -62_167_219_200, YEAR_10000_SECONDS = 253_402_300_800;

/** What Go's `time.Parse` takes for RFC 3339: also one-digit hours, a comma, and offsets up to 24:60. */
const GO_READS = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** A moment, and the offset in which it was told. */
export interface ZonedTime {
  /** Nanoseconds since 1970; negative before. */
  readonly unixNs: bigint;
  /** Seconds east of Greenwich. */
  readonly offsetSeconds: number;
}

/**
 * The moment that `text` tells, in nanoseconds since 1970. Reads what Go reads, canonical or not.
 *
 * @throws {SyntaxError} If `text` is not RFC 3339, or names a day or a time that does not exist.
 */
export function parseTimestamp(text: string): bigint {
  return parseZonedTimestamp(text).unixNs;
}

/**
 * As {@linkcode parseTimestamp}, with the offset.
 *
 * @throws {SyntaxError} If `text` is not RFC 3339, or names a day or a time that does not exist.
 */
export function parseZonedTimestamp(text: string): ZonedTime {
  const match = GO_READS.exec(text);
  if (!match) throw notATimestamp(text);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const offsetHour = Number(match[9] ?? 0), offsetMinute = Number(match[10] ?? 0);
  const exists = isDate(year, month, day) && hour < 24 && minute < 60 && second < 60;
  if (!exists || offsetHour > 24 || offsetMinute > 60) throw notATimestamp(text);
  const offsetSeconds = (match[8] === "-" ? -60 : 60) * (offsetHour * 60 + offsetMinute) + 0; // -00:00 is 0, not -0.
  const localSeconds = daysSince1970(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
  const fractionNs = BigInt((match[7] ?? "").slice(0, 9).padEnd(9, "0"));
  return { unixNs: BigInt(localSeconds - offsetSeconds) * NS_PER_SECOND + fractionNs, offsetSeconds };
}

/**
 * Writes a moment as Go's `RFC3339Nano`: no trailing zeros in the fraction, `Z` for offset 0.
 *
 * @param unixNs Nanoseconds since 1970.
 * @param offsetSeconds Seconds east of Greenwich; what is not whole minutes shows in the time but not in the offset.
 * @throws {RangeError} If the year, as it is written, is not from 0 to 9999, or the offset is a day or more.
 */
export function formatTimestamp(unixNs: bigint, offsetSeconds = 0): string {
  const remainderNs = Number(unixNs % NS_PER_SECOND);
  const fractionNs = remainderNs < 0 ? remainderNs + 1e9 : remainderNs;
  const localSeconds = Number(unixNs / NS_PER_SECOND) + offsetSeconds - (remainderNs < 0 ? 1 : 0);
  if (!(localSeconds >= YEAR_0_SECONDS && localSeconds < YEAR_10000_SECONDS)) {
    throw new RangeError(`Cannot write ${unixNs} ns as a timestamp: its year must be from 0 to 9999`);
  }
  if (Math.abs(offsetSeconds) >= DAY_SECONDS) {
    throw new RangeError(`Cannot write an offset of ${offsetSeconds} s: it must be less than a day`);
  }
  const clock = localSeconds === written.seconds ? written.text : writeSeconds(localSeconds);
  const fraction = fractionNs === 0 ? "" : `.${String(fractionNs).padStart(9, "0").replace(/0+$/, "")}`;
  return `${clock}${fraction}${offsetText(offsetSeconds)}`;
}

/** The second that was written last: messages come many to a second. */
const written = { seconds: NaN, text: "" };

function writeSeconds(localSeconds: number): string {
  written.seconds = localSeconds;
  return written.text = new Date(localSeconds * 1000).toISOString().slice(0, 19);
}

function offsetText(offsetSeconds: number): string {
  if (offsetSeconds === 0) return "Z";
  const minutes = Math.trunc(offsetSeconds / 60);
  const two = (value: number) => String(Math.abs(value)).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

/**
 * Whether Go would write `text` again just so: upper-case `T` and `Z`, two digits everywhere, at most nine fraction
 * digits and no zero at their end, `Z` for offset 0, offsets below a day, a day and a time that exist.
 */
export function isCanonicalTimestamp(text: string): boolean {
  return !Number.isNaN(canonicalTimestampMs(text));
}

/**
 * The moment that a canonical timestamp tells, in whole milliseconds since 1970, rounded down: for freshness checks.
 *
 * @throws {SyntaxError} If `text` is not canonical, by {@linkcode isCanonicalTimestamp}.
 */
export function timestampMs(text: string): number {
  const ms = canonicalTimestampMs(text);
  if (Number.isNaN(ms)) throw notATimestamp(text);
  return ms;
}

/**
 * The moment that a canonical timestamp tells, as {@linkcode timestampMs}, and `NaN` where `text` is not canonical. No regular
 * expression: it runs for every message.
 */
export function canonicalTimestampMs(text: string): number {
  const zoneAt = text.length - (text.endsWith("Z") ? 1 : 6);
  if (zoneAt < 19 || !hasSeparators(text)) return NaN;
  const year = digits(text, 0, 4), month = digits(text, 5, 7), day = digits(text, 8, 10);
  const hour = digits(text, 11, 13), minute = digits(text, 14, 16), second = digits(text, 17, 19);
  const exists = isDate(year, month, day) && hour < 24 && minute < 60 && second < 60;
  if (!exists) return NaN;
  const seconds = daysSince1970(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
  return (seconds - offsetSecondsAt(text, zoneAt)) * 1000 + fractionMs(text, zoneAt);
}

function hasSeparators(text: string): boolean {
  return text[4] === "-" && text[7] === "-" && text[10] === "T" && text[13] === ":" && text[16] === ":";
}

/** The number between two places; `NaN` where not all are digits. */
function digits(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** The fraction between the seconds and the zone, in whole milliseconds; `NaN` where Go would write it differently. */
function fractionMs(text: string, zoneAt: number): number {
  const count = zoneAt - 20;
  if (count === -1) return 0;
  if (text[19] !== "." || count < 1 || count > 9 || text[zoneAt - 1] === "0") return NaN;
  return Math.floor(digits(text, 20, zoneAt) * 10 ** (3 - count));
}

/** The offset that starts at `zoneAt`; `NaN` where Go would write it differently. */
function offsetSecondsAt(text: string, zoneAt: number): number {
  if (zoneAt === text.length - 1) return 0; // A "Z", as the caller saw.
  const hours = digits(text, zoneAt + 1, zoneAt + 3), minutes = digits(text, zoneAt + 4, zoneAt + 6);
  const sign = text[zoneAt] === "+" ? 60 : text[zoneAt] === "-" ? -60 : NaN;
  const isWritten = text[zoneAt + 3] === ":" && hours < 24 && minutes < 60 && hours + minutes > 0;
  return isWritten ? sign * (hours * 60 + minutes) : NaN;
}

function isDate(year: number, month: number, day: number): boolean {
  if (!(month >= 1 && month <= 12 && day >= 1)) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <=
    (month === 2 ? isLeap ? 29 : 28 : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
}

/** Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"). */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function notATimestamp(text: string): SyntaxError {
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
  return new SyntaxError(
    `Cannot read ${shown} as a timestamp: expected RFC 3339, such as "2026-01-15T10:20:30.5Z"`,
  );
}
