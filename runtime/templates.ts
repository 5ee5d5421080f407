/**
 * Templates: the few ways in which most kinds are handled. Everything in them can be replaced.
 * @module
 */
import {
  Behavior,
  type BehaviorSpec,
  DEFAULT_BYTES_MAX,
  DEFAULT_FRESHNESS,
  type EmitStages,
  type ReceiveStages,
} from "./behavior.ts";
import { strategiesFor } from "./error_strategy.ts";
import { idDedupe } from "./stages/dedupe.ts";
import { critical, noFilter } from "./stages/filter.ts";
import { gossip, noGossip } from "./stages/gossip.ts";
import { noRateLimit } from "./stages/rate_limit.ts";
import { noSign, sign } from "./stages/sign.ts";
import { noStore, store, type StorePriority } from "./stages/store.ts";
import { meshOnly, noTransport, plaza } from "./stages/transport.ts";
import { noVerify, verify } from "./stages/verify.ts";

/** A message to one nara over the mesh: signed, verified, not stored, never filtered. */
export function meshRequest(kind: string, description: string): Behavior<unknown, object> {
  return behavior(kind, description, "meshRequest", { transport: meshOnly() }, { filter: critical() });
}

/** A message to everybody on a plaza topic: signed, verified, not stored, never filtered. */
export function protocol(kind: string, description: string, topic: string): Behavior<unknown, object> {
  return behavior(kind, description, "protocol", { transport: plaza(topic) }, { filter: critical() });
}

/** As {@linkcode protocol}, but neither signed nor verified: it must never change what is known of another nara. */
export function protocolUnverified(
  kind: string,
  description: string,
  topic: string,
): Behavior<unknown, object> {
  return behavior(kind, description, "protocolUnverified", { sign: noSign(), transport: plaza(topic) }, {
    verify: noVerify(),
    filter: critical(),
  });
}

/**
 * A word to everybody that the next one makes up for: neither signed, verified, stored nor filtered, and who sends it is a claim.
 * Each counts once all the same.
 */
export function ephemeral(kind: string, description: string, topic: string): Behavior<unknown, object> {
  return behavior(kind, description, "ephemeral", { sign: noSign(), transport: plaza(topic) }, {
    verify: noVerify(),
  });
}

/** A fact that is stored and travels by gossip: signed and verified. */
export function storedEvent(
  kind: string,
  description: string,
  priority: StorePriority,
): Behavior<unknown, object> {
  return behavior(kind, description, "storedEvent", { store: store(priority), gossip: gossip() }, {
    store: store(priority),
    gossip: gossip(),
  });
}

/** A fact that is stored, travels by gossip and is told to everybody at once: signed and verified. */
export function broadcastEvent(
  kind: string,
  description: string,
  priority: StorePriority,
  topic: string,
): Behavior<unknown, object> {
  return behavior(kind, description, "broadcastEvent", {
    store: store(priority),
    gossip: gossip(),
    transport: plaza(topic),
  }, { store: store(priority), gossip: gossip() });
}

/** A message between the services of one nara: it never leaves. */
export function local(kind: string, description: string): Behavior<unknown, object> {
  return behavior(kind, description, "local", { sign: noSign() }, { verify: noVerify() });
}

function behavior(
  kind: string,
  description: string,
  template: string,
  emit: Partial<EmitStages>,
  receive: Partial<ReceiveStages>,
): Behavior<unknown, object> {
  const spec: BehaviorSpec = {
    kind,
    description,
    template,
    schemas: new Map(),
    current: 0,
    min: 0,
    replies: [],
    contentKey: undefined,
    subject: undefined,
    emit: { sign: sign(), store: noStore(), gossip: noGossip(), transport: noTransport(), ...emit },
    receive: {
      verify: verify(),
      dedupe: idDedupe(),
      rateLimit: noRateLimit(),
      filter: noFilter(),
      store: noStore(),
      gossip: noGossip(),
      ...receive,
    },
    onError: strategiesFor(template),
    onReceiveError: strategiesFor(template),
    freshness: DEFAULT_FRESHNESS,
    isOrdered: false,
    bytesMax: DEFAULT_BYTES_MAX,
  };
  return new Behavior(spec);
}
