/**
 * What takes up every bound of a nara, one by one: a table from the name of a bound to something whose bound is small enough for a
 * test, and to what takes up one more of it. A bound that a nara lists and that is not in here fails a test.
 * @module
 */
import { Times } from "../../runtime/times.ts";
import type { Message } from "../../messages/message.ts";
import { Calls } from "../../runtime/calls.ts";
import { Lanes } from "../../runtime/lanes.ts";
import { openSqliteFile } from "../../runtime/ledger/sqlite_file.ts";
import { DeadLetters, type DeadLettersOptions } from "../../runtime/primitives/dead_letters.ts";
import { EventBus } from "../../runtime/primitives/event_bus.ts";
import { GossipQueue } from "../../runtime/primitives/gossip_queue.ts";
import { Journal } from "../../runtime/primitives/journal.ts";
import type { Limit } from "../../runtime/primitives/limits.ts";
import { keyringLimits, lanesLimits } from "../../runtime/primitives/limits_of.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { OpenRequests } from "../../runtime/primitives/open_requests.ts";
import type { OutboxOptions } from "../../runtime/primitives/outbox_options.ts";
import { PeerBlocks } from "../../runtime/primitives/peer_blocks.ts";
import { PeerEvidence } from "../../runtime/primitives/peer_evidence.ts";
import { PeerQuotas } from "../../runtime/primitives/peer_quotas.ts";
import { PeerDirectory } from "../../runtime/primitives/peer_directory.ts";
import { Quarantine, type QuarantineOptions } from "../../runtime/primitives/quarantine.ts";
import { SeenMarks } from "../../runtime/primitives/seen_marks.ts";
import { SeenSet } from "../../runtime/primitives/seen_set.ts";
import { ServiceStore } from "../../runtime/primitives/store.ts";
import { createRuntime } from "../../runtime/runtime.ts";
import { ledgerRecord } from "../../runtime/testing/ledger_records.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { Keyring } from "../../utilities/keyring.ts";
import { createNodeKeypair } from "../../utilities/node_keypair.ts";
import { loggedLines, ownNote, readNotes } from "./kept.ts";
import { outboxBench } from "./outbox.ts";
import { alice, mallory, me, messageOf } from "./stage_context.ts";

/** Something with a bound, empty. */
export interface Fillable extends AsyncDisposable {
  /** The bound. */
  readonly limit: Limit;
  /** Takes up one more; each time with another number. */
  fill(index: number): unknown;
  /** How often it is called past the bound. @default {3} */
  readonly more?: number;
}

/** Makes something with the bound of this name. `folder` is empty and goes away. */
export type MakeFillable = (name: string, folder: string) => Fillable | Promise<Fillable>;

/** The bound with this name among those of a part. */
export function named(limits: readonly Limit[], name: string): Limit {
  const limit = limits.find((one) => one.name === name);
  if (limit) return limit;
  throw new RangeError(`There is no limit ${name} among ${limits.map(({ name }) => name).join(", ")}`);
}

/** A message whose number is its text, of as many bytes as any other. */
export function numbered(index: number, parts: Parameters<typeof messageOf>[0] = {}): Message {
  return messageOf({ payload: { text: padded(index) }, proof: "envelope", ...parts });
}

function padded(index: number): string {
  return String(index).padStart(6, "0");
}

function fillable(
  limit: Limit,
  fill: (index: number) => unknown,
  { more, end = () => {} }: { more?: number; end?: () => unknown } = {},
): Fillable {
  return { limit, fill, more, [Symbol.asyncDispose]: async () => void await end() };
}

const clock = () => new VirtualClock();
const random = new SeededRandom(4);

function callsFillable(name: string): Fillable {
  const calls = new Calls(clock());
  const waiting: Promise<unknown>[] = [];
  const fill = (index: number) => {
    const call = { request: numbered(index), replyKind: "test:answer", replyVersion: 1, deadlineMs: 1_000 };
    waiting.push(calls.wait(call).catch(() => {}));
  };
  const end = () => {
    calls[Symbol.dispose]();
    return Promise.all(waiting);
  };
  return fillable(named(calls.limits(), name), fill, { end });
}

function deadLettersFillable(name: string, options: Partial<DeadLettersOptions>): Fillable {
  const { log } = loggedLines();
  const letters = new DeadLetters({
    clock: clock(),
    file: new MemoryStore(),
    log,
    read: readNotes,
    ...options,
  });
  const fill = (index: number) =>
    letters.add({
      about: ownNote(padded(index)),
      direction: "emit",
      stage: "mesh",
      error: new Error("away"),
    });
  return fillable(named(letters.limits(), name), fill);
}

function outboxFillable(
  name: string,
  options: Partial<OutboxOptions>,
  to: (index: number) => string,
): Fillable {
  const { outbox, keep } = outboxBench(options);
  const fill = (index: number) => keep(ownNote(padded(index), { toId: to(index) }));
  return fillable(named(outbox.limits(), name), fill, { end: () => outbox.stop() });
}

function quarantineFillable(
  name: string,
  options: Partial<QuarantineOptions>,
  from: (index: number) => string,
): Fillable {
  const quarantine = new Quarantine({
    clock: clock(),
    file: new MemoryStore(),
    log: loggedLines().log,
    ...options,
  });
  const fill = (index: number) =>
    quarantine.add(new Uint8Array(100), "mock:x", {
      kind: "test:note",
      version: 2,
      id: padded(index),
      fromId: from(index),
    });
  return fillable(named(quarantine.limits(), name), fill);
}

function evidenceFillable(name: string, isFamiliar: boolean): Fillable {
  const time = clock();
  const evidence = new PeerEvidence(time);
  return fillable(named(evidence.limits(), name), async (index) => {
    await time.advance(2_000); // The disk is asked a few times a minute only.
    const keys = { pinned: new Uint8Array(32), offered: new Uint8Array(32) };
    evidence.add({ id: `peer${index}`, ...keys, isFamiliar });
  });
}

function journalFillable(name: string): Fillable {
  const journal = new Journal({ clock: clock(), passagesMax: 4, forgottenMax: 4 });
  const fill = (index: number) => {
    const message = numbered(index);
    message.id; // Nobody looks for a message whose id was never computed.
    journal.record({
      message,
      direction: "emit",
      passed: new Times(0),
      outcome: "done",
    });
  };
  if (name === "journal.forgotten") { for (let index = 0; index < 4; index++) fill(-1 - index); }
  return fillable(named(journal.limits(), name), fill);
}

async function ledgerFillable(name: string, folder: string, recordBytes?: number): Promise<Fillable> {
  const bounds = recordBytes ? { bytesMax: 5 * recordBytes } : { messagesMax: 5 };
  const { store, ledger } = openSqliteFile(`${folder}/nara.db`, bounds);
  const runtime = await createRuntime({ identity: me, store, ledger });
  const fill = (index: number) => ledger.add(ledgerRecord({ id: padded(index), atMs: index, frame: 200 }));
  return fillable(named(runtime.limits.all(), name), fill, { end: () => runtime.stop() });
}

function lanesFillable(name: string): Fillable {
  const lanes = new Lanes<void>({ stageMax: 6, laneMax: 4 });
  const isOfPeer = name.endsWith(".of_a_peer");
  const who = (index: number) => isOfPeer || index % 2 ? alice.id : me.id;
  const wait = () => new Promise<void>(() => {});
  const [, prefix] = name.split(".");
  return fillable(
    named(lanesLimits(prefix, () => [lanes]), name),
    (index) => lanes.run(who(index), wait, () => {}),
  );
}

function seenMarksFillable(): Fillable {
  const time = clock();
  const file = new MemoryStore();
  const marks = new SeenMarks({ file, clock: time, windowMs: () => 300_000, entriesMax: 6 });
  const seen = new SeenSet({ clock: time });
  const fill = (index: number) =>
    file.write(marks.changesFor(numbered(index, { timestamp: time.nowNs() + BigInt(index) }), seen));
  return fillable(marks.limit(), fill, { more: 1 }); // Then its sender has room again.
}

function seenFillable(name: string): Fillable {
  const time = clock();
  const seen = new SeenSet({ clock: time, entriesMax: 8 });
  // Made with one more each time: what is too old because others had to go is not remembered.
  const stamped = (index: number) =>
    numbered(index, { timestamp: time.nowNs() + BigInt(index) * 1_000_000n });
  return fillable(named(seen.limits(), name), (index) => seen.add(stamped(index)), { more: 1 });
}

function keyringFillable(): Fillable {
  const keyring = new Keyring({ pinsMax: 4 });
  const key = () => createNodeKeypair(random.bytes(32)).publicKey;
  return fillable(keyringLimits(keyring)[0], (index) => keyring.pin(`id${index}`, key()));
}

/** How much one call takes up of a bound in bytes. */
async function bytesOfOne(make: () => Fillable | Promise<Fillable>): Promise<number> {
  await using one = await make();
  await one.fill(0);
  return one.limit.inUse();
}

const anybody = (index: number) => `nara${padded(index)}`;
const somebody = () => mallory.id;

/** How each bound of the runtime itself is taken up. */
export const FILLERS: Readonly<Record<string, MakeFillable>> = {
  "bus.subscriptions": (name) => {
    const bus = new EventBus(() => {});
    return fillable(named(bus.limits(), name), () => bus.subscribe("test:note", () => {}));
  },
  "calls.waiting": callsFillable,
  "dead_letters.letters": (name) => deadLettersFillable(name, { lettersMax: 4 }),
  "dead_letters.bytes": async (name) => {
    const bytes = await bytesOfOne(() => deadLettersFillable(name, {}));
    return deadLettersFillable(name, { bytesMax: 4 * bytes });
  },
  "gossip.messages": (name) => {
    const queue = new GossipQueue(8);
    return fillable(named(queue.limits(), name), (index) => queue.add(numbered(index)));
  },
  "journal.forgotten": journalFillable,
  "journal.passages": journalFillable,
  "keyring.pins": keyringFillable,
  "lanes.handlers": lanesFillable,
  "lanes.handlers.of_a_peer": lanesFillable,
  "ledger.bytes": async (name, folder) => {
    Deno.mkdirSync(`${folder}/one`);
    return ledgerFillable(name, folder, await bytesOfOne(() => ledgerFillable(name, `${folder}/one`)));
  },
  "ledger.messages": ledgerFillable,
  "outbox.messages": (name) => outboxFillable(name, { messagesMax: 4 }, anybody),
  "outbox.messages_of_target": (name) => outboxFillable(name, { perTargetMax: 4 }, somebody),
  "outbox.bytes": async (name) => {
    const bytes = await bytesOfOne(() => outboxFillable(name, {}, anybody));
    return outboxFillable(name, { bytesMax: 4 * bytes }, anybody);
  },
  "peers.known": (name) => {
    const peers = new PeerDirectory({ clock: clock(), random, peersMax: 5 });
    return fillable(named(peers.limits(), name), (index) => peers.heard(`peer${index}`));
  },
  "peers.blocked": (name) => {
    const blocks = new PeerBlocks();
    return fillable(named(blocks.limits(), name), (index) => blocks.add({ id: `peer${index}` }));
  },
  "peers.evidence": (name) => evidenceFillable(name, true),
  "peers.evidence_of_strangers": (name) => evidenceFillable(name, false),
  "peers.quota.messages": (name) => {
    const quotas = new PeerQuotas(clock(), { messagesPerMinute: 5 });
    return fillable(named(quotas.limits(), name), () => quotas.take("peer", 1));
  },
  "peers.quota.bytes": (name) => {
    const quotas = new PeerQuotas(clock(), { bytesPerMinute: 50 });
    return fillable(named(quotas.limits(), name), () => quotas.take("peer", 10));
  },
  "quarantine.messages": (name) => quarantineFillable(name, { messagesMax: 16 }, anybody),
  "quarantine.messages_of_sender": (name) => quarantineFillable(name, { messagesMax: 32 }, somebody),
  "quarantine.bytes": async (name) => {
    const bytes = await bytesOfOne(() => quarantineFillable(name, {}, anybody));
    return quarantineFillable(name, { bytesMax: 16 * bytes }, anybody);
  },
  "quarantine.bytes_of_sender": async (name) => {
    const bytes = await bytesOfOne(() => quarantineFillable(name, {}, somebody));
    return quarantineFillable(name, { bytesMax: 32 * bytes }, somebody);
  },
  "replies.open": (name) => {
    const requests = new OpenRequests();
    return fillable(named(requests.limits(), name), (index) => requests.open(numbered(index), () => {}));
  },
  "seen.marks": seenMarksFillable,
  "seen.messages": seenFillable,
  "store.service:*": (name) => {
    const store = new ServiceStore(new MemoryStore(), name.slice("store.".length), 10 * 16);
    return fillable(named(store.limits(), name), (index) => store.set(padded(index), new Uint8Array(10)));
  },
};
