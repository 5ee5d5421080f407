/**
 * The seen-set with 320 000 messages of 1 000 senders, asked for one of them: is it new?
 * @module
 */
import type { Message } from "../../../runtime/mod.ts";
import { SeenSet } from "../../../runtime/mod.ts";
import { systemClock } from "../../../utilities/clock.ts";
import { bytesPerEntry, entries, measure } from "../floors/seen_cache.ts";
import type { KeypairName, Rig } from "../harness.ts";

const LOOKUPS = 1_000;

/** The messages behind the floor's texts, as far as the seen-set looks at them. */
function messages(): Message[] {
  const madeMs = Date.now();
  return entries().map((text) => {
    const [fromId, id] = text.split(" ");
    return { fromId, id, madeMs, proof: "envelope" } as unknown as Message;
  });
}

function filled(all: readonly Message[]): SeenSet {
  const seen = new SeenSet({ clock: systemClock, entriesMax: 400_000 });
  for (const message of all) {
    seen.add(message);
    seen.finish(message);
  }
  return seen;
}

/** Fills the set; a message is a thousand lookups, as the floor's. */
export async function open(_keypair: KeypairName): Promise<Rig> {
  const all = messages();
  const seen = filled(all);
  let next = 0;
  return {
    once: () => {
      for (let nth = 0; nth < LOOKUPS; nth++) {
        next = (next + 7_919) % all.length;
        if (seen.add(all[next]) !== "duplicate_id") throw new Error("a message was forgotten");
      }
      return Promise.resolve();
    },
    figures: { "bytes-per-entry": await bytesPerEntry(import.meta.url) },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

if (import.meta.main) {
  console.log(measure(() => {
    const all = messages().map(({ fromId, id, timestamp, proof }) => ({ fromId, id, timestamp, proof }));
    return filled(all as unknown as Message[]);
  }));
}
