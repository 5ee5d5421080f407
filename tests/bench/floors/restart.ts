/**
 * The least a restart costs: reading the whole file once, whatever is in it. The other side makes it, with 320 000
 * messages; nothing is signed.
 * @module
 */
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where the file is. */
export const path = (): string => join(tmpdir(), `nara-bench-restart-${Deno.pid}.sqlite`);

/** Prepares nothing. */
export function open(_keypair: string) {
  const chunk = new Uint8Array(1024 * 1024);
  return {
    once(_sender: number): Promise<void> {
      using file = Deno.openSync(path());
      let bytes = 0;
      for (let read: number | null; (read = file.readSync(chunk)) !== null;) bytes += read;
      if (bytes < 320_000 * 600) throw new Error(`the file has ${bytes} bytes, fewer than its messages`);
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
