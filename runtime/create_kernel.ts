/**
 * The making of a kernel: every part of a runtime, in the order in which they need one another.
 * @module
 */
import type { Message } from "../messages/message.ts";
import { type Clock, systemClock } from "../utilities/clock.ts";
import { messageOf } from "../utilities/errors.ts";
import { Keyring } from "../utilities/keyring.ts";
import { systemRandom } from "../utilities/random.ts";
import { Calls } from "./calls.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Kernel } from "./kernel.ts";
import { IdleChains } from "./idle_chains.ts";
import { MemoryLedger } from "./ledger/memory_ledger.ts";
import {
  blockMemory,
  evidenceMemory,
  recallAddresses,
  recallAddressOf,
  recallPins,
  rememberPeer,
} from "./memory.ts";
import { PinMemory } from "./pin_memory.ts";
import { Books } from "./primitives/books.ts";
import { DeadLetters } from "./primitives/dead_letters.ts";
import { EventBus } from "./primitives/event_bus.ts";
import { Failures } from "./primitives/failures.ts";
import { GossipQueue } from "./primitives/gossip_queue.ts";
import { Limits } from "./primitives/limits.ts";
import { Journal } from "./primitives/journal.ts";
import { keptReader } from "./primitives/kept_message.ts";
import { createLogger, silentSink } from "./primitives/logger.ts";
import { MemoryStore } from "./primitives/memory_store.ts";
import { CallLatency } from "./primitives/metrics_latency.ts";
import { OpenRequests } from "./primitives/open_requests.ts";
import { Outbox } from "./primitives/outbox.ts";
import type { OutboxOutcome } from "./primitives/outbox_options.ts";
import { PeerDirectory } from "./primitives/peer_directory.ts";
import { PeerEvidence } from "./primitives/peer_evidence.ts";
import { Pending } from "./primitives/pending.ts";
import { Quarantine } from "./primitives/quarantine.ts";
import { SeenMarks } from "./primitives/seen_marks.ts";
import { SeenSet } from "./primitives/seen_set.ts";
import { Stamper } from "./primitives/stamper.ts";
import { Registry } from "./registry.ts";
import type { RuntimeConfig } from "./runtime_config.ts";
import type { Me } from "./stage.ts";
import { PLAZA_ROOT } from "./transport/plaza.ts";

/** What a kernel can make its runtime do. */
export interface Means {
  /** Stops it. */
  readonly panic: (reason: string) => void;
  /** Sends once more what was kept. */
  readonly resend: (message: Message) => Promise<OutboxOutcome>;
}

/**
 * Makes what the parts of a runtime share.
 *
 * @param signal Aborts when the runtime stops.
 * @param means What the kernel can make the runtime do.
 * @throws {StoreError} `unreadable`, when what earlier runs remembered cannot be read.
 */
export async function createKernel(
  config: RuntimeConfig,
  signal: AbortSignal,
  means: Means,
): Promise<Kernel> {
  const { identity: { id, name, keypair, personality }, env = "production", memoryMode = "medium" } = config;
  const { clock = systemClock, random = systemRandom, log: logSink = silentSink } = config;
  const { store: file = new MemoryStore(), ledger = new MemoryLedger() } = config;
  const me: Me = { id, name, publicKey: keypair.publicKey };
  const log = createLogger("runtime", logSink);
  const { keyring, peers } = acquaintances(config, { me, clock, random, file, log });
  const books = new Books();
  const registry = new Registry(books);
  const kept = keepers(config, { clock, random, file, log, books, registry }, means);
  const latency = new CallLatency();
  const { plaza: joinPlaza, plazaRoot: root = PLAZA_ROOT } = config;
  const addressOf = peers.addressOf.bind(peers);
  const mayDial = peers.mayDial.bind(peers);
  const bytesMax = () => registry.bytesMax;
  return {
    me,
    env,
    memoryMode,
    clock,
    random,
    keypair,
    keyring,
    personality,
    ledger,
    file,
    mesh: await config.mesh?.({ me, keypair, keyring, clock, addressOf, mayDial, bytesMax }),
    plaza: await joinPlaza?.({ me, clock, random, root }),
    peers,
    ...durable(config, clock),
    ...kept,
    ...noting(config, clock, kept.outbox),
    openRequests: new OpenRequests(),
    gossip: new GossipQueue(),
    bus: new EventBus(
      (thrown, { kind }) => log.error("a subscriber failed", { kind, error: messageOf(thrown) }),
      config.tap,
    ),
    books,
    limits: new Limits(),
    calls: new Calls(clock, (kind, ms) => latency.observe(kind, ms)),
    latency,
    stamper: new Stamper(clock),
    registry,
    idleChains: new IdleChains(clock),
    dispatcher: new Dispatcher(clock),
    log,
    logSink,
    signal,
  };
}

/** Whose keys are known, and where they are reached, as earlier runs left it. */
function acquaintances(
  config: RuntimeConfig,
  { me, clock, random, file, log }: Pick<Kernel, "me" | "clock" | "random" | "file" | "log">,
): Pick<Kernel, "keyring" | "peers"> {
  const evidence = new PeerEvidence(clock, evidenceMemory(file));
  let peers: PeerDirectory | undefined = undefined; // Nobody is reached yet while pins are recalled.
  const keyring: Keyring = recalledKeyring({ me, file, clock, log }, {
    evidence,
    isReached: (other) => peers?.addressOf(other) !== undefined,
  });
  peers = new PeerDirectory({
    clock,
    random,
    mayDial: config.mayDial,
    addresses: [...config.peers ?? [], ...recallAddresses(file)],
    onProven: (peer) => rememberPeer(file, peer, clock.nowNs()),
    onMet: (other) => keyring.met(other, Number(clock.nowNs() / 1_000_000n)),
    rememberedAddressOf: (other) => recallAddressOf(file, other),
    blocks: blockMemory(file),
    succession: keyring,
    quotas: config.peerQuotas,
    evidence,
    ownId: me.id,
  });
  return { keyring, peers };
}

/** What keeps messages that could not go their way: for another try, for a person, or for an upgrade. */
function keepers(
  { retries }: RuntimeConfig,
  parts: Pick<Kernel, "clock" | "random" | "file" | "log" | "books" | "registry">,
  { panic, resend }: Means,
): Pick<Kernel, "deadLetters" | "outbox" | "quarantine" | "failures"> {
  const { clock, random, file, log, books, registry } = parts;
  const kept = { clock, file, log };
  const read = keptReader((kind) => registry.forDraft(kind).spec);
  const deadLetters = new DeadLetters({ ...kept, read });
  const outbox = new Outbox({
    ...kept,
    ...retries,
    random,
    read,
    send: resend,
    pastMs: (kind) => registry.forDraft(kind).spec.freshness.pastMs,
    giveUp: async (letter, alongside) => {
      const isTaken = await deadLetters.add(letter, alongside);
      if (letter.about instanceof Uint8Array) return isTaken;
      const outcome = isTaken ? "queued" : "error";
      books.page("emit", letter.about.kind).resettle("retrying", { outcome, stage: letter.stage });
      return isTaken;
    },
  });
  const failures = new Failures({
    log,
    retry: (failure) => outbox.keep(failure),
    deadLetters: (failure) => deadLetters.keep(failure),
    panic,
  });
  return { deadLetters, outbox, quarantine: new Quarantine(kept), failures };
}

/** What hears of every message's way. */
function noting(
  { onPassage }: RuntimeConfig,
  clock: Clock,
  outbox: Outbox,
): Pick<Kernel, "journal" | "note"> {
  const journal = new Journal({ clock, underWay: (id) => outbox.underWay(id) });
  if (!onPassage) return { journal, note: (passage) => journal.record(passage) };
  return {
    journal,
    note: (passage) => {
      journal.record(passage);
      onPassage(passage);
    },
  };
}

/** What is remembered of messages beyond the process, where there is a file for it. */
function durable(
  { store: file }: RuntimeConfig,
  clock: Clock,
): Pick<Kernel, "seen" | "marks" | "pending"> {
  const seen = new SeenSet({ clock });
  if (!file) return { seen, marks: undefined, pending: undefined };
  const marks = new SeenMarks({ file, clock, windowMs: () => seen.windowMs });
  marks.restore(seen);
  return { seen, marks, pending: new Pending(file) };
}

function recalledKeyring(
  { me, file, clock, log }: Pick<Kernel, "me" | "clock" | "file" | "log">,
  { evidence, isReached }: {
    readonly evidence: PeerEvidence;
    readonly isReached: (id: string) => boolean;
  },
): Keyring {
  const memory = new PinMemory(file, clock);
  let isRecalling = true;
  const keyring = new Keyring({
    onChange: (pin) => {
      if (!isRecalling && pin.id !== me.id) memory.keep(pin);
    },
    onForget: (id) => memory.forget(id),
    isKept: (id) => id === me.id || isReached(id),
    onConflict: (conflict) => {
      if (!evidence.add(conflict)) return;
      const { id, name } = conflict;
      log.warn("another key was shown for a known id, and refused", { id, name: name ?? "" });
    },
  });
  recallPins(file, keyring);
  keyring.pin(me.id, me.publicKey, me.name);
  keyring.markOurs(me.id);
  isRecalling = false;
  return keyring;
}
