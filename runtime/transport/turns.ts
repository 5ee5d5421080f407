/**
 * Turns of the event loop.
 * @module
 */
import { setImmediate } from "node:timers";

/**
 * Lets the event loop go round: others get their turn, and a response that was returned is with the server soon, which writes it
 * in its next one. No clock, for no time has to pass.
 */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
