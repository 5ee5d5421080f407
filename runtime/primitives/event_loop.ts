/**
 * Turns of the event loop: to wait for them is to let others go first. No clock, for no time has to pass.
 * @module
 */
import { setImmediate } from "node:timers";

/** Resolves in the next turn of the event loop: when every promise that only waits for others has come to rest. */
export function nextTurn(): Promise<void> {
  return new Promise<void>((resolve) => void setImmediate(resolve));
}

/** Lets the event loop go round so often. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}
