/**
 * The thread in which `fuzz.ts` tries its inputs, so that one on which it hangs is noticed.
 * @module
 */
import { fuzz, type FuzzReport, type Order } from "./fuzz.ts";

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(report: FuzzReport): void;
};

scope.onmessage = async ({ data: { options, progress } }) => {
  const numbers = new Float64Array(progress);
  scope.postMessage(await fuzz(options, (number) => void (numbers[0] = number)));
};
