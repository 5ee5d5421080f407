/**
 * The nara that is overloaded, in a process of its own: it stores every parcel on disk before it acknowledges it.
 *
 * `deno run -A load_nara.ts FOLDER SENDERS MESSAGES`: as many senders as that, by their numbers, are known to it, and its ledger
 * keeps so many messages. It says where it listens,
 * and after each line on its standard input how much memory it holds and what it has refused, as a line of JSON.
 * @module
 */
import * as z from "zod";
import { openSqliteFile } from "../../runtime/ledger/sqlite_file.ts";
import { createRuntime } from "../../runtime/runtime.ts";
import type { Service } from "../../runtime/service.ts";
import { store } from "../../runtime/stages/store.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import type { MeshTransport } from "../../runtime/transport/mesh.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";

/** What is sent: stored before it is acknowledged. */
export const parcel = meshRequest("load:parcel", "Said and stored")
  .withVersion(1, z.strictObject({ text: z.string(), number: z.int() }))
  .with({ receive: { store: store(2) } });

/** What the process says of itself. */
export interface LoadReport {
  /** Bytes that it holds. */
  readonly rss: number;
  /** Parcels that its handler was given, and how often one came twice. */
  readonly handled: number;
  readonly handledTwice: number;
  /** Parcels in its ledger. */
  readonly stored: number;
  /** What it refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Bounds that were passed: there must be none. */
  readonly passed: readonly string[];
}

/** The same number gives the same nara, in both processes; 0 is the one that is sent to. */
export async function identityOf(number: number): Promise<Identity> {
  const random = new SeededRandom(7_000 + number);
  return (await createIdentity({ name: `load-${number}`, keypair: "node", random })).identity;
}

/** Requests that it admits: a few, so that a few hundred connections are too many. */
export const REQUESTS_MAX = 192;

async function main(folder: string, senders: number, messagesMax: number): Promise<void> {
  let handled = 0;
  let handledTwice = 0;
  const latest = new Map<string, Set<number>>();
  const take = (number: number, fromId: string) => {
    handled++;
    const seen = latest.get(fromId) ?? new Set();
    latest.set(fromId, seen);
    if (seen.has(number)) handledTwice++;
    seen.add(number);
  };
  const parcels: Service = {
    name: "load",
    net: [],
    registerBehaviors: (rt) =>
      rt.register(parcel, { 1: ({ payload, fromId }) => take(payload.number, fromId) }),
  };
  const file = openSqliteFile(`${folder}/nara.db`, { messagesMax });
  let mesh: MeshTransport | undefined;
  const join = httpMesh({
    listen: { hostname: "127.0.0.1", port: 0 },
    admission: { requestsMax: REQUESTS_MAX },
  });
  await using runtime = await createRuntime({
    identity: await identityOf(0),
    services: [parcels],
    ...file,
    mesh: async (host) => mesh = await join(host),
  });
  for (let number = 1; number <= senders; number++) {
    const { id, name, keypair } = await identityOf(number);
    runtime.keyring.pin(id, keypair.publicKey, name);
    runtime.keyring.markOurs(id);
  }
  await runtime.start();
  console.log(JSON.stringify({ address: runtime.address }));
  for await (const _ of Deno.stdin.readable) {
    const refused = Object.fromEntries(mesh?.refusalReasons?.() ?? []);
    const all = runtime.limits.all();
    const passed = all.filter((limit) => limit.inUse() > limit.max).map(({ name }) => name);
    const stored = file.ledger.count({ kinds: [parcel.kind] });
    const report: LoadReport = {
      rss: Deno.memoryUsage().rss,
      handled,
      handledTwice,
      stored,
      refused,
      passed,
    };
    console.log(JSON.stringify(report));
  }
}

if (import.meta.main) await main(Deno.args[0], Number(Deno.args[1]), Number(Deno.args[2]));
