/**
 * Times as texts: at the edges of what a nara takes, and in every spelling that somebody may come up with.
 * @module
 */
import type { Random } from "../../utilities/random.ts";
import { below, oneOf } from "./mutations.ts";

const SECOND_NS = 1_000_000_000n;
/** Seconds from the receiver's time: the window is from -300 to 60. */
const OFFSETS = [0, 0, 0, -1, -299, -300, -301, 59, 60, 61, 3_600, -86_400, -1e9, 1e9];
const ODD = [
  "",
  "now",
  "2026-02-29T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-11-21T24:00:00Z",
  "0000-01-01T00:00:00Z",
];

/** A time, mostly near `nowNs` and mostly spelled as Go does. */
export function formatInstant(random: Random, nowNs: bigint): string {
  if (random.next() < 0.05) return oneOf(random, ODD);
  const atNs = nowNs + BigInt(oneOf(random, OFFSETS)) * SECOND_NS +
    BigInt(below(random, 2) * below(random, 1e9));
  const zoneMinutes = random.next() < 0.7 ? 0 : oneOf(random, [60, -60, 330, -720, 840, 1439, 0]);
  const localMs = Number(atNs / 1_000_000n) + zoneMinutes * 60_000;
  const seconds = new Date(localMs).toISOString().slice(0, 19);
  const nanos = String(atNs % SECOND_NS).padStart(9, "0");
  const trimmed = nanos.replace(/0+$/, "");
  const fraction = oneOf(random, [
    trimmed,
    trimmed,
    trimmed,
    trimmed,
    nanos,
    nanos.slice(0, 3),
    `${trimmed}0`,
  ]);
  const text = `${seconds}${fraction === "" ? "" : `.${fraction}`}${zoneText(zoneMinutes, random)}`;
  return random.next() < 0.95
    ? text
    : oneOf(random, [text.toLowerCase(), text.replace("T", " "), text.replace(".", ",")]);
}

function zoneText(minutes: number, random: Random): string {
  if (minutes === 0) return random.next() < 0.95 ? "Z" : oneOf(random, ["+00:00", "-00:00", ""]);
  const two = (value: number) => String(value).padStart(2, "0");
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
