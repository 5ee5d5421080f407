/**
 * What one service sees of the runtime.
 * @module
 */
import type { Draft } from "../messages/draft.ts";
import type { Message } from "../messages/message.ts";
import type { Behavior, Handlers } from "./behavior.ts";
import type { Emitter } from "./emitter.ts";
import type { Kernel } from "./kernel.ts";
import { createLogger } from "./primitives/logger.ts";
import type { ServiceStore } from "./primitives/store.ts";
import type { AnyHandler } from "./registry.ts";
import type { CallOptions, Emitted, Peers, RuntimeApi, Service } from "./service.ts";

/** The runtime as `service` sees it, with its `store`; `signal` aborts when the service should end. */
export function runtimeApi(
  kernel: Kernel,
  emitter: Emitter,
  service: Service,
  store: ServiceStore,
  signal: AbortSignal,
): RuntimeApi {
  const { me, env, clock, random, personality, memoryMode, keypair, keyring, registry, bus } = kernel;
  return {
    me,
    env,
    clock,
    random,
    personality,
    memoryMode,
    signal,
    log: createLogger(service.name, kernel.logSink),
    store,
    peers: peersOf(kernel),
    keys: {
      get: (id) => keyring.get(id),
      isOurs: (id) => keyring.isOurs(id),
      idsNamed: (name) => keyring.idsNamed(name),
      keepWhile: (holds) => keyring.keepWhile(holds),
    },
    seal: (plaintext) => keypair.seal(plaintext),
    open: (sealed) => keypair.open(sealed),
    register<P, V>(behavior: Behavior<P, V>, handlers: Handlers<V> = {}): void {
      registry.add(behavior.spec, handlers as Record<number, AnyHandler>, service.name, store);
      kernel.seen.cover(behavior.spec.freshness.pastMs);
    },
    subscribe<P, V>(behavior: Behavior<P, V>, listener: (message: Message<P>) => void): Disposable {
      const { kind, current } = behavior.spec;
      // What the listener returns is passed on: the bus sees to a promise that rejects.
      return bus.subscribe(kind, (message) => {
        if (message.version === current) return listener(message as Message<P>);
      });
    },
    emit: <P>(draft: Draft<P>): Promise<Emitted> => emitter.emit(draft),
    call<P, R, V>(draft: Draft<P>, reply: Behavior<R, V>, options: CallOptions): Promise<Message<R>> {
      return emitter.call(draft, reply, options);
    },
  };
}

function peersOf({ peers, mesh }: Kernel): Peers {
  return {
    online: () => peers.online(),
    proven: () => peers.proven(),
    addresses: () => peers.addresses,
    ownAddress: mesh?.address,
    mayDial: (address) => peers.mayDial(address),
    addressOf: (id) => peers.addressOf(id),
    ownerOf: (address) => peers.ownerOf(address),
    prove: (id, address, name) => peers.prove(id, address, name),
    onStranger: (listener) => peers.onStranger(listener),
  };
}
