/**
 * The runtime: nara's operating system. It owns identity, storage, transport and time, and runs services.
 *
 * @example A nara of one's own, without a network
 * ```ts
 * import { createIdentity, createRuntime } from "@nara/nara";
 * const { identity } = await createIdentity({ name: "alice" });
 * await using runtime = await createRuntime({ identity });
 * await runtime.start();
 * ```
 * @module
 */
import type { Message } from "../messages/message.ts";
import { type Clock, systemClock } from "../utilities/clock.ts";
import type { Identity } from "../utilities/identity.ts";
import { Keyring } from "../utilities/keyring.ts";
import { messageOf } from "../utilities/errors.ts";
import { type Random, systemRandom } from "../utilities/random.ts";
import { BehaviorError } from "./behavior_error.ts";
import { Calls } from "./calls.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Emitter } from "./emitter.ts";
import type { Kernel } from "./kernel.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { MemoryLedger } from "./ledger/memory_ledger.ts";
import { recallAddresses, recallPins, rememberPeer, rememberPin } from "./memory.ts";
import { Books } from "./primitives/books.ts";
import { EventBus } from "./primitives/event_bus.ts";
import { type FailureKeeper, Failures } from "./primitives/failures.ts";
import { GossipQueue } from "./primitives/gossip_queue.ts";
import { createLogger, type LogSink, silentSink } from "./primitives/logger.ts";
import { MemoryStore } from "./primitives/memory_store.ts";
import { OpenRequests } from "./primitives/open_requests.ts";
import { PeerDirectory } from "./primitives/peer_directory.ts";
import { SeenSet } from "./primitives/seen_set.ts";
import { Stamper } from "./primitives/stamper.ts";
import type { KeyValueFile } from "./primitives/store.ts";
import { Receiver } from "./receiver.ts";
import { Registry } from "./registry.ts";
import { runtimeApi } from "./runtime_api.ts";
import type { Environment, MemoryMode, RuntimeApi, Service } from "./service.ts";
import type { Me } from "./stage.ts";
import type { Answer, InboundFrame, MeshFactory } from "./transport/mesh.ts";

/** What a runtime is made of; everything but the identity has a default. */
export interface RuntimeConfig {
  /** Who this nara is. */
  readonly identity: Identity;
  /** The programs to run, in the order in which they start. */
  readonly services?: readonly Service[];
  /** The mesh to join. @default {none} */
  readonly mesh?: MeshFactory;
  /** Where stored messages are kept. @default {memory} */
  readonly ledger?: Ledger;
  /** Where stores, pinned keys and proven addresses are kept; the runtime closes it. @default {memory} */
  readonly store?: KeyValueFile;
  /** Addresses of first peers. */
  readonly peers?: readonly string[];
  /** Whether an address that was only heard of may be dialled. @default {never} */
  readonly mayDial?: (address: string) => boolean;
  /** How careful this nara is. @default {"production"} */
  readonly env?: Environment;
  /** How much this nara may remember. @default {"medium"} */
  readonly memoryMode?: MemoryMode;
  /** Where log lines go. @default {nowhere} */
  readonly log?: LogSink;
  /** Time. @default {the machine's} */
  readonly clock?: Clock;
  /** Chance. @default {the machine's} */
  readonly random?: Random;
  /** Sees every message that passed a pipeline, emitted and received. @default {nobody} */
  readonly tap?: (message: Message) => void;
  /** Takes messages that should be tried again. @default {nobody: they are logged} */
  readonly retry?: FailureKeeper;
  /** Takes messages that a person should look at. @default {nobody: they are logged} */
  readonly deadLetters?: FailureKeeper;
}

interface Running {
  readonly service: Service;
  readonly api: RuntimeApi;
  readonly controller: AbortController;
  /** Whether its `start` was called, and did not fail. */
  hasStarted: boolean;
}

/** A nara at work. Dispose of it, or call `stop`, to end it. */
export class Runtime implements AsyncDisposable {
  readonly #kernel: Kernel;
  readonly #controller: AbortController;
  readonly #emitter: Emitter;
  readonly #receiver: Receiver;
  readonly #services: Running[] = [];
  readonly #stopped = Promise.withResolvers<string>();
  #pump: Promise<void> | undefined;
  #state: "made" | "starting" | "started" | "stopping" = "made";

  /** Use {@linkcode createRuntime}. */
  constructor(kernel: Kernel, controller: AbortController) {
    this.#kernel = kernel;
    this.#controller = controller;
    this.#receiver = new Receiver(kernel);
    this.#emitter = new Emitter(kernel, this.#receiver.takeReply);
  }

  /** Who this nara is. */
  get me(): Me {
    return this.#kernel.me;
  }

  /** Where others reach this nara, if they can. */
  get address(): string | undefined {
    return this.#kernel.mesh?.address;
  }

  /** Resolves with the reason when the runtime has stopped. */
  get stopped(): Promise<string> {
    return this.#stopped.promise;
  }

  /** Every message that went in or out, by kind and outcome. */
  get books(): Books {
    return this.#kernel.books;
  }

  /** The keys that are pinned. */
  get keyring(): Keyring {
    return this.#kernel.keyring;
  }

  /** Who is out there. */
  get peers(): PeerDirectory {
    return this.#kernel.peers;
  }

  /** The kinds that are spoken here. */
  get catalog(): Registry {
    return this.#kernel.registry;
  }

  /** Calls that wait for their reply. */
  get calls(): Calls {
    return this.#kernel.calls;
  }

  /**
   * Prepares a service: `init`, then `registerBehaviors`. Only before `start`.
   *
   * @throws {BehaviorError} `too_late`, and what registering finds.
   */
  async add(service: Service): Promise<void> {
    if (this.#state !== "made") {
      throw new BehaviorError("too_late", `Cannot add the service "${service.name}": this nara has started`);
    }
    if (this.#services.some((other) => other.service.name === service.name)) {
      throw new BehaviorError("duplicate_kind", `Cannot add a second service called "${service.name}"`);
    }
    const controller = new AbortController();
    const api = runtimeApi(this.#kernel, this.#emitter, service, controller.signal);
    await service.init?.(api);
    service.registerBehaviors(api);
    this.#services.push({ service, api, controller, hasStarted: false });
  }

  /**
   * The service of this class.
   *
   * @throws {TypeError} When this runtime has none.
   */
  service<S extends Service>(constructor: abstract new (...args: never[]) => S): S {
    for (const { service } of this.#services) if (service instanceof constructor) return service;
    throw new TypeError(`Cannot find a ${constructor.name}: pass it to createRuntime({ services })`);
  }

  /**
   * Starts receiving, then the services in order.
   *
   * @throws What a service throws in `start`; what had started is stopped before.
   * @throws {BehaviorError} `too_late`, the second time, and when it is stopped meanwhile.
   */
  async start(): Promise<void> {
    if (this.#state !== "made") throw new BehaviorError("too_late", "Cannot start a nara twice");
    this.#state = "starting";
    const { mesh, registry } = this.#kernel;
    registry.seal();
    if (mesh) this.#pump = this.#receiveAll(mesh.inbound);
    try {
      for (const running of this.#services) await this.#startService(running);
      this.#assertStarting();
      this.#state = "started";
    } catch (thrown) {
      await this.stop(`a service failed to start: ${messageOf(thrown)}`);
      throw thrown;
    }
  }

  /** Takes one frame as if it had come over the mesh from the address `peer`. It never rejects. */
  receive(frame: Uint8Array, peer: string): Promise<Answer> {
    return new Promise((resolve) =>
      this.#receiver.take(frame, peer, (receipt, reply) => resolve({ receipt, ...reply && { reply } }))
    );
  }

  /**
   * The compiled pipelines of a kind, in words.
   *
   * @throws {BehaviorError} `unregistered_kind`.
   */
  describe(kind: string): { emit: string; receive: string } {
    const registered = this.#kernel.registry.forDraft(kind);
    return { emit: this.#emitter.describe(registered), receive: this.#receiver.describe(registered) };
  }

  /** Stops the services that had started, in reverse order, then everything else. Stopping twice is stopping once. */
  async stop(reason: string = "asked to"): Promise<void> {
    if (this.#state === "stopping") return void await this.#stopped.promise;
    this.#state = "stopping";
    for (const running of this.#services.toReversed()) await this.#stopService(running);
    const { calls, dispatcher, mesh, registry, file } = this.#kernel;
    this.#controller.abort(new Error(`This nara has stopped: ${reason}`));
    calls[Symbol.dispose]();
    dispatcher[Symbol.dispose]();
    this.#receiver[Symbol.dispose]();
    await mesh?.[Symbol.asyncDispose]();
    await this.#pump;
    for (const { emitChain, receiveChain } of registry.all()) {
      await emitChain?.close();
      await receiveChain?.close();
    }
    file[Symbol.dispose]();
    this.#stopped.resolve(reason);
  }

  /** Stops the runtime. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #startService(running: Running): Promise<void> {
    this.#assertStarting();
    running.hasStarted = true;
    try {
      await running.service.start?.(running.controller.signal);
    } catch (thrown) {
      running.hasStarted = false; // What it had begun, its signal ends.
      throw thrown;
    }
  }

  /** Somebody may have stopped this nara while a service was starting. */
  #assertStarting(): void {
    if (this.#state === "starting") return;
    throw new BehaviorError("too_late", "Cannot start the other services: this nara was stopped meanwhile");
  }

  async #stopService({ service, controller, hasStarted }: Running): Promise<void> {
    controller.abort(new Error(`The service "${service.name}" is being stopped`));
    if (!hasStarted) return;
    try {
      await service.stop?.();
    } catch (thrown) {
      this.#kernel.log.error("a service failed to stop", { service: service.name, error: messageOf(thrown) });
    }
  }

  async #receiveAll(inbound: ReadableStream<InboundFrame>): Promise<void> {
    for await (const { frame, peer, settle } of inbound) this.#receiver.take(frame, peer, settle);
  }
}

/**
 * Makes a runtime and prepares its services; `start` brings it to life.
 *
 * @throws {BehaviorError} What registering the services' kinds finds.
 * @throws {StoreError} `unreadable`, when what earlier runs remembered cannot be read.
 */
export async function createRuntime(config: RuntimeConfig): Promise<Runtime> {
  const controller = new AbortController();
  const { promise: panicked, resolve: panic } = Promise.withResolvers<string>();
  const kernel = await createKernel(config, controller.signal, panic).catch((thrown) => {
    config.store?.[Symbol.dispose](); // It is the runtime's by now.
    throw thrown;
  });
  const runtime = new Runtime(kernel, controller);
  panicked.then((reason) => runtime.stop(reason));
  try {
    for (const service of config.services ?? []) await runtime.add(service);
  } catch (thrown) {
    await runtime.stop("a service could not be added");
    throw thrown;
  }
  return runtime;
}

async function createKernel(
  config: RuntimeConfig,
  signal: AbortSignal,
  panic: (reason: string) => void,
): Promise<Kernel> {
  const { identity: { id, name, keypair, personality }, env = "production", memoryMode = "medium" } = config;
  const { clock = systemClock, random = systemRandom, log: logSink = silentSink } = config;
  const { store: file = new MemoryStore(), ledger = new MemoryLedger(), retry, deadLetters } = config;
  const me: Me = { id, name, publicKey: keypair.publicKey };
  const log = createLogger("runtime", logSink);
  const keyring = recalledKeyring(me, file, log.warn);
  const peers = new PeerDirectory({
    clock,
    random,
    mayDial: config.mayDial,
    addresses: [...config.peers ?? [], ...recallAddresses(file)],
    onProven: (peer) => rememberPeer(file, peer, clock.nowNs()),
  });
  const books = new Books();
  const host = {
    me,
    keypair,
    keyring,
    clock,
    addressOf: peers.addressOf.bind(peers),
    mayDial: peers.mayDial.bind(peers),
  };
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
    mesh: await config.mesh?.(host),
    peers,
    seen: new SeenSet({ clock }),
    openRequests: new OpenRequests(),
    gossip: new GossipQueue(),
    bus: new EventBus(
      (thrown, { kind }) => log.error("a subscriber failed", { kind, error: messageOf(thrown) }),
      config.tap,
    ),
    books,
    calls: new Calls(clock),
    stamper: new Stamper(clock),
    registry: new Registry(books),
    dispatcher: new Dispatcher(clock),
    failures: new Failures({ log, retry, deadLetters, panic }),
    log,
    logSink,
    signal,
  };
}

function recalledKeyring(
  me: Me,
  file: KeyValueFile,
  warn: (message: string, fields: Record<string, string>) => void,
) {
  let isRecalling = true;
  const keyring = new Keyring({
    onChange: (pin) => {
      if (!isRecalling && pin.id !== me.id) rememberPin(file, pin);
    },
    onConflict: ({ id, name }) =>
      warn("another key was shown for a known id, and refused", { id, name: name ?? "" }),
  });
  recallPins(file, keyring);
  keyring.pin(me.id, me.publicKey, me.name);
  keyring.markOurs(me.id);
  isRecalling = false;
  return keyring;
}
