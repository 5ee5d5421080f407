/**
 * A message's way through a chain, for tests that make passages themselves.
 * @module
 */
import { Times } from "../../runtime/times.ts";

/** The way of a message that entered at `enteredMs` and took so many milliseconds in each stage that it passed. */
export function timesOf(enteredMs: number, stages: readonly string[], durationsMs: readonly number[]): Times {
  const times = new Times(enteredMs, { stages, waits: stages.map((_, index) => index + 1) });
  let nowMs = enteredMs;
  for (const ms of durationsMs) {
    times.mark(nowMs);
    times.mark(nowMs += ms);
  }
  times.end(nowMs, stages[durationsMs.length - 1]);
  return times;
}
