/**
 * A service under observation: what it registers, what its handlers do and what its calls bring is seen from outside.
 * @module
 */
import type { Draft } from "../../messages/draft.ts";
import type { Message } from "../../messages/message.ts";
import type { Behavior, HandlerOptions, Handlers } from "../behavior.ts";
import type { CallOptions, Emitted, RuntimeApi, Service } from "../service.ts";
import type { Life } from "./simulation_nara.ts";
import type { Witness } from "./simulation_witness.ts";

/** A handler, whatever its payload. */
export type SimulatedHandler = (message: Message, options: HandlerOptions) => void | Promise<void>;

/** What is put in place of a service's parts. */
export interface ServiceOverrides {
  /** Changes a behavior when it is registered. */
  readonly behavior?: <P, V>(behavior: Behavior<P, V>) => Behavior<P, V>;
  /** Changes a handler when it is registered. */
  readonly handler?: (kind: string, handler: SimulatedHandler) => SimulatedHandler;
  /** Changes what services see of their runtime. */
  readonly api?: (rt: RuntimeApi) => RuntimeApi;
}

/** The same service, watched. Its class and its methods stay what they are. */
export function observed(
  service: Service,
  life: Life,
  witness: Witness,
  overrides: ServiceOverrides,
): Service {
  const [init, registerBehaviors] = [service.init, service.registerBehaviors];
  const seen = new Map<RuntimeApi, RuntimeApi>();
  const watchedApi = (rt: RuntimeApi): RuntimeApi => {
    const known = seen.get(rt) ?? apiOf(overrides.api?.(rt) ?? rt, life, witness, overrides);
    seen.set(rt, known);
    return known;
  };
  if (init) service.init = (rt) => init.call(service, watchedApi(rt));
  service.registerBehaviors = (rt) => registerBehaviors.call(service, watchedApi(rt));
  return service;
}

function apiOf(rt: RuntimeApi, life: Life, witness: Witness, overrides: ServiceOverrides): RuntimeApi {
  const parts: Pick<RuntimeApi, "register" | "emit" | "call"> = {
    register<P, V>(behavior: Behavior<P, V>, handlers: Handlers<V> = {}): void {
      witness.registered(life, behavior.spec);
      const watched = Object.entries(handlers as Record<string, SimulatedHandler>).map((
        [version, handler],
      ) => [version, watchedHandler(overrides.handler?.(behavior.kind, handler) ?? handler, life, witness)]);
      rt.register(overrides.behavior?.(behavior) ?? behavior, Object.fromEntries(watched) as Handlers<V>);
    },
    async emit<P>(draft: Draft<P>): Promise<Emitted> {
      const emitted = await rt.emit(draft);
      if (!life.isDead) witness.emitted(life, draft, emitted);
      return emitted;
    },
    async call<P, R, V>(draft: Draft<P>, reply: Behavior<R, V>, options: CallOptions): Promise<Message<R>> {
      const answer = await rt.call(draft, reply, options);
      if (!life.isDead) witness.replied(life, draft, answer);
      return answer;
    },
  };
  return Object.create(rt, Object.getOwnPropertyDescriptors(parts));
}

function watchedHandler(handler: SimulatedHandler, life: Life, witness: Witness): SimulatedHandler {
  return (message, options) => {
    if (life.isDead) return handler(message, options);
    const end = witness.handling(life, message);
    try {
      const running = handler(message, options);
      if (running instanceof Promise) return running.finally(end);
      end();
    } catch (thrown) {
      end();
      throw thrown;
    }
  };
}
