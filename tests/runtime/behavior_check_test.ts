import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Behavior, StageOverrides } from "../../runtime/behavior.ts";
import { checkBehavior } from "../../runtime/behavior_check.ts";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { continueWith, type StageInfo, type StreamStage } from "../../runtime/stage.ts";
import { idDedupe } from "../../runtime/stages/dedupe.ts";
import { gossip } from "../../runtime/stages/gossip.ts";
import { noSign, sign } from "../../runtime/stages/sign.ts";
import { store } from "../../runtime/stages/store.ts";
import { noVerify, selfAttesting, verify, verifyIfSigned } from "../../runtime/stages/verify.ts";
import {
  broadcastEvent,
  local,
  meshRequest,
  protocol,
  protocolUnverified,
  storedEvent,
} from "../../runtime/templates.ts";
import { note, textSchema, whisper } from "../helpers/kinds.ts";

function refusal(behavior: Pick<Behavior, "spec">, handlers: object = {}): BehaviorError {
  return assertThrows(() => checkBehavior(behavior.spec, handlers), BehaviorError);
}

function custom(name: string, info: Partial<StageInfo> = {}): StreamStage {
  return {
    order: "stream",
    name,
    describe: () => name,
    process: (message) => continueWith(message),
    ...info,
  };
}

for (
  const behavior of [
    meshRequest("a", ""),
    protocol("a", "", "t"),
    protocolUnverified("a", "", "t"),
    storedEvent("a", "", 2),
    broadcastEvent("a", "", 2, "t"),
    local("a", ""),
  ]
) {
  Deno.test(`checkBehavior() takes ${behavior.spec.template}() as it is, with and without handlers`, () => {
    checkBehavior(behavior.withVersion(1, textSchema).spec, {});
    checkBehavior(behavior.withVersion(1, textSchema).withVersion(2, textSchema).spec, {
      1: () => {},
      2: () => {},
    });
  });
}

Deno.test("checkBehavior() refuses a kind without a schema, and says what to add", () => {
  const error = refusal(meshRequest("test:a", ""));
  assertEquals(error.code, "no_schema");
  assertStringIncludes(
    error.message,
    "Cannot register test:a without a payload schema: add withVersion(1, schema)",
  );
});

Deno.test("checkBehavior() refuses a handler for a version without schema, and says which there are", () => {
  const behavior = meshRequest("test:a", "").withVersion(1, textSchema).withVersion(3, textSchema);
  for (
    const handlers of [{ 2: () => {} }, { 1: () => {}, 4: () => {} }, { one: () => {} }, { "1.5": () => {} }]
  ) {
    const error = refusal(behavior, handlers);
    assertEquals(error.code, "no_schema");
    assertStringIncludes(error.message, "it has 1,3");
  }
});

for (const min of [3, 0, -1, 1.5, NaN]) {
  Deno.test(`checkBehavior() refuses ${min} as the oldest version of a kind at version 2`, () => {
    const error = refusal(
      meshRequest("test:a", "").withVersion(1, textSchema).withVersion(2, textSchema).withMin(min),
    );
    assertEquals(error.code, "bad_version");
    assertStringIncludes(error.message, `with ${min} as its oldest version: expected 1 to 2`);
  });
}

const forgeable: StageOverrides = { emit: { sign: noSign() }, receive: { verify: noVerify() } };
const UNSAFE: Readonly<Record<string, [stage: string, behavior: Pick<Behavior, "spec">]>> = {
  "storing what nobody verified": ["store", note.with(forgeable).with({ receive: { store: store(2) } })],
  "gossiping what nobody verified": ["gossip", note.with(forgeable).with({ receive: { gossip: gossip() } })],
  "storing what nobody verified, without saying so": [
    "shelf",
    note.with(forgeable).with({ receive: { store: custom("shelf") } }),
  ],
  "a stored kind whose verification was taken out": [
    "store",
    storedEvent("a", "", 1).withVersion(1, textSchema).with({ receive: { verify: noVerify() } }),
  ],
  "a rate limit on senders that anyone could claim to be": [
    "rate_limit",
    note.with(forgeable).withRateLimit({ max: 1, windowMs: 1 }),
  ],
  "a filter that remembers what nobody verified": [
    "memory",
    note.with(forgeable).withFilter(custom("memory", { remembers: true })),
  ],
  "a verifying stage that proves nothing": [
    "trusting",
    note.with({ receive: { verify: custom("trusting") } }),
  ],
  "a store in the place of the verifying stage": ["store", note.with({ receive: { verify: store(1) } })],
  "verifying in the place of deduplication": ["verify", note.with({ receive: { dedupe: verify() } })],
  "verifying in the place of the rate limit": ["verify", note.with({ receive: { rateLimit: verify() } })],
  "verifying in the place of the filter": ["verify", note.with({ receive: { filter: verify() } })],
  "remembering first and verifying then": [
    "id_dedupe",
    note.with({ receive: { verify: idDedupe(), dedupe: verify() } }),
  ],
  "verifying what is never signed": ["verify", note.with({ emit: { sign: noSign() } })],
  "asking a key to prove what is never signed": [
    "self_attesting",
    note.with({
      emit: { sign: noSign() },
      receive: { verify: selfAttesting(() => undefined) },
    }),
  ],
};

for (const [says, [stage, behavior]] of Object.entries(UNSAFE)) {
  Deno.test(`checkBehavior() refuses ${says}, and says why`, () => {
    const error = refusal(behavior);
    assertEquals(error.code, "unsafe_order");
    assertStringIncludes(error.message, `Cannot register ${behavior.spec.kind}: its stage "${stage}" `);
  });
}

const SAFE: Readonly<Record<string, Pick<Behavior, "spec">>> = {
  "storing and gossiping behind a stage that verifies": note.with({
    receive: { store: store(2), gossip: gossip() },
  }),
  "a stage of one's own that verifies": note.with({
    receive: { verify: custom("mine", { verifies: true }), store: store(2) },
  }),
  "a filter that remembers, behind a stage that verifies": note.withFilter(
    custom("memory", { remembers: true }),
  ),
  "a rate limit behind a stage that verifies": note.withRateLimit({ max: 1, windowMs: 1 }),
  "a filter that remembers nothing on what is never verified": note.with(forgeable).withFilter(
    custom("mood"),
  ),
  "what Go sends unsigned": note.with({ emit: { sign: noSign() }, receive: { verify: verifyIfSigned() } }),
  "signing what nobody verifies": note.with({ emit: { sign: sign() }, receive: { verify: noVerify() } }),
  "a local kind that is stored where it is said": whisper.with({ emit: { store: store(1) } }),
};

for (const [says, behavior] of Object.entries(SAFE)) {
  Deno.test(`checkBehavior() takes ${says}`, () => checkBehavior(behavior.spec, {}));
}
