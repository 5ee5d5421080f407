/**
 * Where the local API finds its answers in a runtime.
 * @module
 */
import { catalogOf } from "../catalog.ts";
import { peerRows } from "../primitives/peer_rows.ts";
import type { Runtime } from "../runtime.ts";
import type { ApiSources } from "./api_sources.ts";

/** How far a nara has come. */
export interface NaraPhase {
  /** Why it is not ready in itself, if it is not. */
  notReady: string | undefined;
}

/** The answers of `runtime`. */
export function sourcesOf(runtime: Runtime, phase: NaraPhase): ApiSources {
  const { me, deadLetters, peers, keyring } = runtime;
  return {
    me,
    notReady: () => [...phase.notReady === undefined ? [] : [phase.notReady], ...runtime.alarms],
    metrics: () => runtime.metrics.text(),
    why: (id) => runtime.journal.why(id),
    limits: () => runtime.limits.all(),
    catalog: () => catalogOf(runtime.catalog.all()),
    peers: {
      rows: () => peerRows({ peers, keyring }),
      block: (id) => peers.block(id),
      unblock: (id) => peers.unblock(id),
    },
    deadLetters: {
      list: (query) => deadLetters.list(query),
      inspect: (id) => deadLetters.inspect(id),
      retry: async (id) => {
        const { outcome, ...rest } = await deadLetters.retry(id);
        return "id" in rest ? { outcome, id: rest.id } : { outcome };
      },
      discard: (id) => deadLetters.discard(id),
    },
  };
}
