/**
 * Which stages a behavior's two pipelines consist of, in which order.
 * @module
 */
import { messageOf } from "../utilities/errors.ts";
import { type BehaviorSpec, isLocal } from "./behavior.ts";
import type { Kernel } from "./kernel.ts";
import { Chain } from "./pipeline.ts";
import type { Registered } from "./registry.ts";
import { drop, fail, type Stage, type StageContext } from "./stage.ts";
import { checkContentKey, contentKey, noContentKey } from "./stages/content_key.ts";
import { keptDedupe } from "./stages/dedupe.ts";
import { freshness } from "./stages/freshness.ts";
import { checkId, id } from "./stages/id.ts";
import { notify } from "./stages/notify.ts";
import { target } from "./stages/target.ts";
import { blockedClaims, verify } from "./stages/verify.ts";
import { MeshError } from "./transport/mesh.ts";

/** The emit pipeline: id → content key → sign → store → gossip → transport → notify. */
export function emitStages({ emit, contentKey: key }: BehaviorSpec): Stage[] {
  return [
    id(),
    key ? contentKey(key) : noContentKey(),
    emit.sign,
    emit.store,
    emit.gossip,
    emit.transport,
    notify(),
  ];
}

/**
 * The receive pipeline, behind decoding: target → freshness → id → verify → content key → dedupe → rate limit → filter →
 * store → gossip → notify. Nothing stands before verify that remembers anything, and nothing goes by a content key that was not
 * computed here.
 */
export function receiveStages({ receive, contentKey: key, freshness: window }: BehaviorSpec): Stage[] {
  return [
    target(),
    freshness(window),
    checkId(),
    receive.verify,
    key ? checkContentKey(key) : noContentKey(),
    receive.dedupe,
    receive.rateLimit,
    receive.filter,
    receive.store,
    receive.gossip,
    notify(),
  ];
}

/** Told when whoever waits for an outcome throws at it. */
type OnFault = (thrown: unknown) => void;

/** Compiles the emit pipeline of a kind. */
export function emitChain(registered: Registered, context: StageContext, onFault: OnFault): Chain {
  return new Chain({
    onFault,
    stages: emitStages(registered.spec),
    context,
    isOrdered: registered.spec.isOrdered,
    laneOf: ({ toId, toAddress }) => toId ?? toAddress ?? "",
    whenBusy: ({ kind, toId, to }) =>
      fail(
        new MeshError(
          "peer_busy",
          `Cannot send ${kind} to ${
            to ?? toId ?? "everybody"
          }: too much waits for it already; await each emit before the next`,
        ),
      ),
  });
}

/**
 * Which part of a receive pipeline: `kept` for what came, and was fresh, in an earlier run; `future` for what
 * nobody here can read, of which only the envelope is checked.
 */
export type ReceivePart = "whole" | "kept" | "future";

function stagesOf(spec: BehaviorSpec, part: ReceivePart): Stage[] {
  const { verify: kindsOwn } = spec.receive;
  switch (part) {
    case "whole":
      return stagesFor(spec);
    case "kept":
      return stagesFor(spec).filter(({ name }) => name !== "freshness").map((stage) =>
        stage === spec.receive.dedupe ? keptDedupe(stage.name) : stage
      );
    case "future":
      // A kind's own way to verify looks into the payload, which nobody here can read.
      return [target(), freshness(spec.freshness), checkId(), kindsOwn.isNone ? blockedClaims() : verify()];
  }
}

/** The stages of a kind; where it proves nobody, those who claim to be blocked are held to it. */
function stagesFor(spec: BehaviorSpec): Stage[] {
  return receiveStages(spec).map((stage) =>
    stage === spec.receive.verify && stage.isNone && !isLocal(spec) ? blockedClaims() : stage
  );
}

/** Compiles the receive pipeline of a kind, or a part of it. */
export function receiveChain(
  registered: Registered,
  context: StageContext,
  onFault: OnFault,
  part: ReceivePart = "whole",
): Chain {
  return new Chain({
    onFault,
    stages: stagesOf(registered.spec, part),
    context,
    isOrdered: registered.spec.isOrdered,
    laneOf: ({ fromId }) => fromId,
    whenBusy: () => drop("peer_busy"),
  });
}

/** What the stages of one behavior may touch. */
export function stageContext(
  kernel: Kernel,
  behavior: BehaviorSpec,
  takeReply: StageContext["takeReply"],
): StageContext {
  const {
    me,
    clock,
    keypair,
    keyring,
    ledger,
    seen,
    mesh,
    plaza,
    limits,
    peers,
    openRequests,
    gossip,
    bus,
    personality,
    signal,
  } = kernel;
  return {
    behavior,
    me,
    clock,
    keypair,
    keyring,
    ledger,
    seen,
    mesh,
    plaza,
    limits,
    peers,
    openRequests,
    gossip,
    bus,
    personality,
    signal,
    takeReply,
  };
}

/** Writes down that settling a message of ours failed: a defect of the runtime, not of the message. */
export function reportFault({ log }: Kernel, { spec }: Registered): OnFault {
  return (thrown) => log.error("settling a message failed", { kind: spec.kind, error: messageOf(thrown) });
}

/** Which error strategy a stage falls under. */
export function slotOf(
  { emit, receive }: BehaviorSpec,
  stage: string,
): "transport" | "store" | "verify" | "other" {
  if (stage === emit.transport.name) return "transport";
  if (stage === emit.store.name || stage === receive.store.name) return "store";
  return stage === receive.verify.name ? "verify" : "other";
}
