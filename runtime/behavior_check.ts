/**
 * What is checked when a behavior is registered, so that no message has to find out.
 * @module
 */
import { type BehaviorSpec, isLocal } from "./behavior.ts";
import { BehaviorError } from "./behavior_error.ts";
import type { Stage } from "./stage.ts";

/** Stages that say nothing of use about messages without a content key. */
const BY_CONTENT_KEY = new Set(["content_key_store", "content_key_dedupe"]);

/** Where each of nara's own stages belongs. */
const SLOT_OF: ReadonlyMap<string, string> = new Map(Object.entries({
  sign: "sign",
  verify: "verify",
  self_attesting: "verify",
  verify_if_signed: "verify",
  custom_verify: "verify",
  id_dedupe: "dedupe",
  content_key_dedupe: "dedupe",
  rate_limit: "rateLimit",
  filter: "filter",
  store: "store",
  content_key_store: "store",
  max_per_key_store: "store",
  gossip: "gossip",
  mesh: "transport",
  plaza: "transport",
  plaza_per_nara: "transport",
}));

/**
 * Checks a declaration and its handlers.
 *
 * @throws {BehaviorError} `no_schema`, `bad_version`, `bad_freshness` or `unsafe_order`.
 */
export function checkBehavior(spec: BehaviorSpec, handlers: object): void {
  const { kind, schemas, current, min } = spec;
  if (schemas.size === 0) {
    throw new BehaviorError(
      "no_schema",
      `Cannot register ${kind} without a payload schema: add withVersion(1, schema)`,
    );
  }
  if (!Number.isSafeInteger(min) || min < 1 || min > current) {
    throw new BehaviorError(
      "bad_version",
      `Cannot register ${kind} with ${min} as its oldest version: expected 1 to ${current}, its current one`,
    );
  }
  for (const version of Object.keys(handlers).map(Number)) {
    if (schemas.has(version)) continue;
    throw new BehaviorError(
      "no_schema",
      `Cannot register a handler for ${kind} v${version} as that version has no schema: it has ${[
        ...schemas.keys(),
      ]}`,
    );
  }
  checkFreshness(spec);
  checkOrder(spec);
}

/** Without both edges a replay would count as fresh for ever. */
function checkFreshness({ kind, freshness }: BehaviorSpec): void {
  for (const [name, ms] of Object.entries(freshness)) {
    if (Number.isFinite(ms) && ms >= 0) continue;
    throw new BehaviorError(
      "bad_freshness",
      `Cannot register ${kind} with a freshness of ${name} ${ms}: expected milliseconds, 0 or more`,
    );
  }
}

/** Nothing may remember or pass on what could be forged. */
function checkOrder(spec: BehaviorSpec): void {
  checkProving(spec);
  checkKeeping(spec);
  checkSaying(spec);
  checkFacts(spec);
  checkReplays(spec);
  checkSlots(spec);
}

/** The sender is proven in one place, before anything else is done with the message. */
function checkProving({ kind, receive, emit }: BehaviorSpec): void {
  const { verify, dedupe, rateLimit, filter, store, gossip } = receive;
  if (!verify.isNone && !verify.verifies) {
    throw unsafe(
      kind,
      verify,
      "stands where the sender is proven, and proves nothing: use verify(), selfAttesting(), customVerify() or noVerify()",
    );
  }
  if (verify.remembers) {
    throw unsafe(kind, verify, "would remember what it has still to prove: do that in a stage behind it");
  }
  for (const stage of [dedupe, rateLimit, filter, store, gossip]) {
    if (stage.verifies) throw unsafe(kind, stage, "proves the sender too late: put it in the verify slot");
  }
  const provesUnsigned = verify.isNone || ["custom_verify", "verify_if_signed"].includes(verify.name);
  if (emit.sign.isNone && !provesUnsigned) {
    throw unsafe(
      kind,
      verify,
      "would refuse every message, for they are emitted without a signature: sign, or do not verify",
    );
  }
}

/** What nobody verified leaves no trace. */
function checkKeeping({ kind, receive }: BehaviorSpec): void {
  const { verify, dedupe, rateLimit, filter, store, gossip } = receive;
  const keeping = [store, gossip].filter(({ isNone }) => !isNone);
  if (verify.isNone) {
    const counting = [rateLimit, filter].filter(({ remembers }) => remembers);
    const observing = [dedupe].filter(({ name }) => BY_CONTENT_KEY.has(name));
    for (const stage of [...observing, ...keeping, ...counting]) {
      throw unsafe(
        kind,
        stage,
        "would remember or pass on what nobody verified: add a verifying stage before it",
      );
    }
  }
  if (verify.name !== "verify_if_signed") return;
  for (const stage of keeping) {
    throw unsafe(
      kind,
      stage,
      "would remember or pass on what bears no signature: use verify() in place of verifyIfSigned()",
    );
  }
}

/** What leaves this nara to be kept by others is something that they can verify. */
function checkSaying(spec: BehaviorSpec): void {
  const { kind, receive: { verify }, emit } = spec;
  if (!verify.isNone || isLocal(spec)) return;
  for (const stage of [emit.store, emit.gossip]) {
    if (stage.isNone) continue;
    throw unsafe(
      kind,
      stage,
      "would keep or spread what nobody verifies: sign it and verify it, or leave that stage out",
    );
  }
}

/** Stages that go by content keys need some. */
function checkFacts({ kind, contentKey, emit, receive }: BehaviorSpec): void {
  if (contentKey) return;
  for (const stage of [emit.store, receive.dedupe, receive.store]) {
    if (!BY_CONTENT_KEY.has(stage.name)) continue;
    throw unsafe(kind, stage, "goes by content keys, and this kind has none: add withContentKey(key)");
  }
}

/** Every kind that others may send is deduplicated. */
function checkReplays(spec: BehaviorSpec): void {
  const { kind, receive: { dedupe } } = spec;
  if (!dedupe.isNone || isLocal(spec)) return;
  throw unsafe(kind, dedupe, "would let every replay through: use idDedupe() or contentKeyDedupe()");
}

/** Each of nara's own stages belongs in one place. */
function checkSlots({ kind, emit, receive }: BehaviorSpec): void {
  const slots: readonly [slot: string, stage: Stage][] = [
    ...Object.entries(emit),
    ...Object.entries(receive),
  ];
  for (const [slot, stage] of slots) {
    const own = stage.isNone ? slot : SLOT_OF.get(stage.name) ?? slot;
    if (own === slot) continue;
    throw unsafe(
      kind,
      stage,
      `stands in the ${slot} slot, where it does not belong: put it in the ${own} slot`,
    );
  }
}

function unsafe(kind: string, { name }: Stage, why: string): BehaviorError {
  return new BehaviorError("unsafe_order", `Cannot register ${kind}: its stage "${name}" ${why}`);
}
