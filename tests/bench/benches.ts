/**
 * What is measured. A bench that joins needs a floor in `floors/`, which imports nothing of the project.
 * @module
 */

import * as ledgerInsert from "./floors/ledger_insert.ts";
import * as localEmit from "./floors/local_emit.ts";
import * as mesh1000 from "./floors/mesh_1000.ts";
import * as meshCall from "./floors/mesh_call.ts";
import * as meshOneway from "./floors/mesh_oneway.ts";
import * as meshOnewayBatched from "./floors/mesh_oneway_batched.ts";
import * as receive from "./floors/receive.ts";
import * as restart from "./floors/restart.ts";
import * as seenCache from "./floors/seen_cache.ts";
import * as start from "./floors/start.ts";
import type { Bench } from "./harness.ts";
import * as ledgerInsertOurs from "./ours/ledger_insert.ts";
import * as localEmitOurs from "./ours/local_emit.ts";
import * as mesh1000Ours from "./ours/mesh_1000.ts";
import * as meshCallOurs from "./ours/mesh_call.ts";
import * as meshOnewayOurs from "./ours/mesh_oneway.ts";
import * as meshOnewayBatchedOurs from "./ours/mesh_oneway_batched.ts";
import * as meshOnewayGuardedOurs from "./ours/mesh_oneway_guarded.ts";
import * as receiveOurs from "./ours/receive.ts";
import * as restartOurs from "./ours/restart.ts";
import * as seenCacheOurs from "./ours/seen_cache.ts";
import * as startOurs from "./ours/start.ts";

/** All benches, in the order in which they run. */
export const BENCHES: readonly Bench[] = [
  {
    name: "local-emit",
    unit: "us",
    aim: { atMost: 1.5 },
    loads: [{ inFlight: 64, senders: 1 }],
    floor: localEmit,
    ours: localEmitOurs,
  },
  {
    name: "receive",
    unit: "per second",
    aim: { atLeast: 0.6 },
    loads: [
      { label: "1-sender", inFlight: 64, senders: 1 },
      { label: "8-senders", inFlight: 64, senders: 8 },
    ],
    floor: receive,
    ours: receiveOurs,
  },
  {
    name: "mesh-oneway",
    unit: "per second",
    aim: { atLeast: 0.7 },
    loads: [{ inFlight: 64, senders: 1 }],
    floor: meshOneway,
    ours: meshOnewayOurs,
  },
  {
    name: "mesh-oneway-guarded",
    unit: "per second",
    aim: { atLeast: 0.7 },
    loads: [{ inFlight: 64, senders: 1 }],
    floor: meshOneway,
    ours: meshOnewayGuardedOurs,
  },
  {
    name: "mesh-oneway-batched",
    unit: "per second",
    aim: { atLeast: 0.65 },
    loads: [{ inFlight: 64, senders: 1 }],
    floor: meshOnewayBatched,
    ours: meshOnewayBatchedOurs,
  },
  {
    name: "mesh-call",
    unit: "per second",
    aim: { atLeast: 0.6 },
    loads: [
      { label: "1-in-flight", inFlight: 1, senders: 1 },
      { label: "64-in-flight", inFlight: 64, senders: 1 },
    ],
    latency: true,
    floor: meshCall,
    ours: meshCallOurs,
  },
  {
    name: "ledger-insert",
    unit: "per second",
    aim: { atLeast: 0.7 },
    loads: [{ inFlight: 64, senders: 1 }],
    floor: ledgerInsert,
    ours: ledgerInsertOurs,
  },
  {
    name: "seen-cache",
    unit: "us",
    aim: { atMost: 10 },
    loads: [{ label: "1000-lookups", inFlight: 1, senders: 1 }],
    floor: seenCache,
    ours: seenCacheOurs,
  },
  {
    name: "start",
    unit: "us",
    aim: { atMost: 4 },
    loads: [{ inFlight: 1, senders: 1 }],
    floor: start,
    ours: startOurs,
  },
  {
    name: "mesh-1000",
    unit: "per second",
    aim: { atLeast: 0.25 },
    loads: [{ inFlight: 64, senders: 1 }],
    floor: mesh1000,
    ours: mesh1000Ours,
  },
  {
    name: "restart",
    unit: "us",
    aim: { atMost: 3 },
    loads: [{ inFlight: 1, senders: 1 }],
    floor: restart,
    ours: restartOurs,
  },
];
