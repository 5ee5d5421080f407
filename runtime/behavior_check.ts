/**
 * What is checked when a behavior is registered, so that no message has to find out.
 * @module
 */
import type { BehaviorSpec } from "./behavior.ts";
import { BehaviorError } from "./behavior_error.ts";
import type { Stage } from "./stage.ts";

/**
 * Checks a declaration and its handlers.
 *
 * @throws {BehaviorError} `no_schema`, `bad_version` or `unsafe_order`.
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
  checkOrder(spec);
}

/** Nothing may remember or pass on what could be forged. */
function checkOrder({ kind, receive, emit }: BehaviorSpec): void {
  const { verify, dedupe, rateLimit, filter, store, gossip } = receive;
  if (!verify.isNone && !verify.verifies) {
    throw unsafe(
      kind,
      verify,
      "stands where the sender is proven, and proves nothing: use verify(), selfAttesting() or noVerify()",
    );
  }
  if (verify.isNone) {
    const keeping = [store, gossip].filter(({ isNone }) => !isNone);
    const counting = [rateLimit, filter].filter(({ remembers }) => remembers);
    for (const stage of [...keeping, ...counting]) {
      throw unsafe(
        kind,
        stage,
        "would remember or pass on what nobody verified: add a verifying stage before it",
      );
    }
  }
  for (const stage of [dedupe, rateLimit, filter]) {
    if (stage.verifies) throw unsafe(kind, stage, "proves the sender too late: put it in the verify slot");
  }
  if (
    emit.sign.isNone && !verify.isNone && verify.name !== "custom_verify" &&
    verify.name !== "verify_if_signed"
  ) {
    throw unsafe(
      kind,
      verify,
      "would refuse every message, for they are emitted without a signature: sign, or do not verify",
    );
  }
}

function unsafe(kind: string, { name }: Stage, why: string): BehaviorError {
  return new BehaviorError("unsafe_order", `Cannot register ${kind}: its stage "${name}" ${why}`);
}
