/**
 * When the messages of a file are received, where its cases do not say so: freshness asks.
 * @module
 */
import { BadCase } from "../case_reader.ts";
import { parseZonedTimestamp } from "../nara.ts";
import type { VectorFile } from "../topic.ts";

const NS_PER_S = 1_000_000_000n;
const TIMESTAMP = /"timestamp":"([^"\\]{1,40})"/g;

/** One second after the time that most of the file's wire texts bear; of several such times the latest. */
export function timeOf({ lists }: VectorFile): bigint {
  const counts = new Map<bigint, number>();
  for (const vector of [...lists.values()].flat()) {
    for (const text of Object.values(vector)) {
      if (typeof text !== "string") continue;
      for (const [, timestamp] of text.matchAll(TIMESTAMP)) {
        const atNs = nanoseconds(timestamp);
        if (atNs !== undefined) counts.set(atNs, (counts.get(atNs) ?? 0) + 1);
      }
    }
  }
  const [best] = [...counts].sort(([a, times], [b, others]) => others - times || (a < b ? 1 : -1));
  if (!best) throw new BadCase("no wire text of the file bears a time");
  return best[0] + NS_PER_S;
}

function nanoseconds(text: string): bigint | undefined {
  try {
    return parseZonedTimestamp(text).unixNs;
  } catch {
    return undefined;
  }
}
