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
import type { Keyring } from "../utilities/keyring.ts";
import { messageOf } from "../utilities/errors.ts";
import { BehaviorError } from "./behavior_error.ts";
import type { Calls } from "./calls.ts";
import { createKernel } from "./create_kernel.ts";
import { Emitter } from "./emitter.ts";
import { Handling } from "./handling.ts";
import type { Kernel } from "./kernel.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { LetterDesk } from "./letter_desk.ts";
import type { Books } from "./primitives/books.ts";
import type { Journal } from "./primitives/journal.ts";
import type { OutboxOutcome } from "./primitives/outbox_options.ts";
import type { Limits } from "./primitives/limits.ts";
import type { Metrics } from "./primitives/metrics.ts";
import type { PeerDirectory } from "./primitives/peer_directory.ts";
import { metricsOf, showLimits } from "./observation.ts";
import { ServiceStore } from "./primitives/store.ts";
import { Receiver } from "./receiver.ts";
import type { Registry } from "./registry.ts";
import { Resumption } from "./resumption.ts";
import { runtimeApi } from "./runtime_api.ts";
import type { RuntimeConfig } from "./runtime_config.ts";
import type { RuntimeApi, Service } from "./service.ts";
import type { Me } from "./stage.ts";
import { plazaTopicOf } from "./stages/transport.ts";
import type { Answer, InboundFrame } from "./transport/mesh.ts";
import type { PlazaFrame } from "./transport/plaza.ts";

export type { RuntimeConfig };

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
  readonly #resumption: Resumption;
  readonly #services: Running[] = [];
  /** Messages that failed for good. */
  readonly deadLetters: LetterDesk;
  /** Every bound of this nara. */
  readonly limits: Limits;
  /** What is counted, for Prometheus. */
  readonly metrics: Metrics;
  readonly #stopped = Promise.withResolvers<string>();
  readonly #pumps: Promise<void>[] = [];
  #state: "made" | "starting" | "started" | "stopping" = "made";

  /** Use {@linkcode createRuntime}. */
  constructor(kernel: Kernel, controller: AbortController) {
    this.#kernel = kernel;
    this.#controller = controller;
    const handling = new Handling(kernel, (draft) => this.#emitter.prepare(draft));
    this.#receiver = new Receiver(kernel, handling);
    this.#resumption = new Resumption(kernel, (frame) => this.#receiver.resume(frame));
    this.#emitter = new Emitter(kernel, handling, this.#receiver.takeReply);
    this.deadLetters = new LetterDesk(kernel.me.id, kernel.deadLetters, this.#emitter, this.#receiver);
    showLimits(kernel);
    this.limits = kernel.limits;
    this.metrics = metricsOf(kernel);
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

  /** What is remembered of what was said. */
  get ledger(): Ledger {
    return this.#kernel.ledger;
  }

  /** Which way each recent message took. */
  get journal(): Journal {
    return this.#kernel.journal;
  }

  /** What its operator has to look at, in words; nothing while all is well. */
  get alarms(): readonly string[] {
    return this.#kernel.failures.alarms;
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
    const { file } = this.#kernel;
    const store = new ServiceStore(file, `service:${service.name}`, service.storeBytesMax);
    const api = runtimeApi(this.#kernel, this.#emitter, service, store, controller.signal);
    this.limits.add(...store.limits());
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
    const { mesh, plaza, registry } = this.#kernel;
    registry.seal();
    try {
      this.#resumption.recall();
      if (mesh) this.#pumps.push(this.#receiveAll(mesh.inbound));
      if (plaza) {
        this.#pumps.push(this.#hearAll(plaza.inbound));
        await plaza.subscribe(topicsOf(registry));
      }
      for (const running of this.#services) await this.#startService(running);
      this.#assertStarting();
      this.#state = "started";
      this.#kernel.outbox.start();
      this.#pumps.push(this.#finishEarlier());
    } catch (thrown) {
      await this.stop(`a service failed to start: ${messageOf(thrown)}`);
      throw thrown;
    }
  }

  /** Sends once more what was kept; for the runtime's own outbox. */
  resend(message: Message): Promise<OutboxOutcome> {
    return this.#emitter.resend(message);
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
    const { calls, dispatcher, idleChains, mesh, outbox, plaza, registry, file, ledger } = this.#kernel;
    dispatcher.end();
    for (const running of this.#services.toReversed()) await this.#stopService(running);
    await outbox.stop();
    this.#controller.abort(new Error(`This nara has stopped: ${reason}`));
    calls[Symbol.dispose]();
    dispatcher[Symbol.dispose]();
    this.#receiver[Symbol.dispose]();
    await mesh?.[Symbol.asyncDispose]();
    await plaza?.[Symbol.asyncDispose]();
    await Promise.all(this.#pumps);
    idleChains[Symbol.dispose]();
    for (const { emitChain, receiveChain, futureChain } of registry.all()) {
      await emitChain?.close();
      await receiveChain?.close();
      await futureChain?.close();
    }
    await outbox.stop(); // Once more, for what failed as the others stopped.
    await ledger[Symbol.asyncDispose]();
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

  /** Nobody on the plaza waits for what became of what it said. */
  async #hearAll(inbound: ReadableStream<PlazaFrame>): Promise<void> {
    for await (const { frame, peer } of inbound) this.#receiver.take(frame, peer, () => {});
  }

  /** What an earlier run did not come to: stored messages that were not handled, and those of versions understood since. */
  async #finishEarlier(): Promise<void> {
    const { log, quarantine, registry, signal } = this.#kernel;
    try {
      await this.#resumption.run();
      await quarantine.release(
        (kind, version) => registry.understands(kind, version),
        ({ frame, peer, removal }) => this.#receiver.takeKept(frame, peer, [removal]),
        { signal },
      );
    } catch (thrown) {
      log.error("what an earlier run left could not all be handled", { error: messageOf(thrown) });
    }
  }
}

/** What this nara listens to. */
function topicsOf(registry: Registry): string[] {
  const topics = registry.all().map(({ spec }) => plazaTopicOf(spec)).filter((topic) => topic !== undefined);
  return [...new Set(topics)];
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
  const resend = (message: Message) => runtime.resend(message);
  const kernel = await createKernel(config, controller.signal, { panic, resend }).catch(async (thrown) => {
    await config.ledger?.[Symbol.asyncDispose](); // They are the runtime's by now.
    config.store?.[Symbol.dispose]();
    throw thrown;
  });
  const runtime: Runtime = new Runtime(kernel, controller);
  panicked.then((reason) => runtime.stop(reason));
  try {
    for (const service of config.services ?? []) await runtime.add(service);
  } catch (thrown) {
    await runtime.stop("a service could not be added");
    throw thrown;
  }
  return runtime;
}
