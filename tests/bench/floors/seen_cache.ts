/** The least a seen-cache costs: a `Set` of 320 000 texts, asked for one of them. @module */
const ENTRIES = 320_000;
const LOOKUPS = 1_000;
/** As many texts of sender and id. */
export function entries(): string[] {
  const sender = (nth: number) => (nth % 1_000).toString(36).padStart(44, "s");
  return Array.from({ length: ENTRIES }, (_, nth) => `${sender(nth)} ${nth.toString(36).padStart(16, "i")}`);
}
/** Bytes that one entry takes, measured in a process of its own by the program `url`. */
export async function bytesPerEntry(url: string): Promise<number> {
  const args = ["run", "-A", "--v8-flags=--expose-gc", url];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  return Number(new TextDecoder().decode(stdout));
}
/** Bytes of the heap that `fill` leaves behind, per entry. Needs `--expose-gc`. */
export function measure(fill: () => unknown): number {
  const { gc } = globalThis as unknown as { gc: () => void };
  gc();
  const before = Deno.memoryUsage().heapUsed;
  const kept = fill();
  gc();
  return kept ? (Deno.memoryUsage().heapUsed - before) / ENTRIES : 0;
}
/** Fills a set; a message is a thousand lookups. */
export async function open(_keypair: string) {
  const texts = entries();
  const seen = new Set(texts);
  let [next, found] = [0, 0];
  const once = (_sender: number): Promise<void> => {
    for (let nth = 0; nth < LOOKUPS; nth++) if (seen.has(texts[next = (next + 7_919) % ENTRIES])) found++;
    return Promise.resolve();
  };
  const figures = { "bytes-per-entry": await bytesPerEntry(import.meta.url) };
  return { once, figures, [Symbol.asyncDispose]: () => Promise.resolve(void found) };
}
if (import.meta.main) console.log(measure(() => new Set(entries())));
