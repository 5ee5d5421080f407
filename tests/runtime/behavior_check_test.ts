import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Behavior, StageOverrides } from "../../runtime/behavior.ts";
import { checkBehavior } from "../../runtime/behavior_check.ts";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { continueWith, none, type StageInfo, type StreamStage } from "../../runtime/stage.ts";
import { contentKeyDedupe, idDedupe } from "../../runtime/stages/dedupe.ts";
import { gossip } from "../../runtime/stages/gossip.ts";
import { noSign, sign } from "../../runtime/stages/sign.ts";
import { contentKeyStore, maxPerKeyStore, store } from "../../runtime/stages/store.ts";
import { meshOnly, plaza, plazaPerNara } from "../../runtime/stages/transport.ts";
import {
  customVerify,
  noVerify,
  selfAttesting,
  verify,
  verifyIfSigned,
} from "../../runtime/stages/verify.ts";
import {
  broadcastEvent,
  ephemeral,
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
    ephemeral("a", "", "t"),
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
const shout = ephemeral("test:shout", "", "plaza/shout").withVersion(1, textSchema);
const keyed = note.withContentKey(({ text }) => text);
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
  "verifying in the place of the store": ["verify", note.with({ receive: { store: verify() } })],
  "verifying in the place of gossip": ["verify", note.with({ receive: { gossip: verify() } })],
  "a verifying stage that remembers what it has still to prove": [
    "eager",
    note.with({ receive: { verify: custom("eager", { verifies: true, remembers: true }) } }),
  ],
  "an ephemeral kind that is stored where it comes in": [
    "store",
    shout.with({ receive: { store: store(4) } }),
  ],
  "an ephemeral kind that is stored where it is said": ["store", shout.with({ emit: { store: store(4) } })],
  "an ephemeral kind that is gossiped": ["gossip", shout.with({ emit: { gossip: gossip() } })],
  "an ephemeral kind that counts observers": [
    "content_key_dedupe",
    shout.withContentKey(() => "k").with({ receive: { dedupe: contentKeyDedupe() } }),
  ],
  "a local kind that is gossiped after all": ["gossip", whisper.with({ emit: { gossip: gossip() } })],
  "storing what may bear no signature": [
    "store",
    note.with({ receive: { verify: verifyIfSigned(), store: store(2) } }),
  ],
  "gossiping what may bear no signature": [
    "gossip",
    note.with({ receive: { verify: verifyIfSigned(), gossip: gossip() } }),
  ],
  "keeping each fact once where there are no content keys": [
    "content_key_store",
    note.with({ receive: { store: contentKeyStore(0) } }),
  ],
  "keeping one's own facts once where there are no content keys": [
    "content_key_store",
    note.with({ emit: { store: contentKeyStore(0) } }),
  ],
  "counting observers where there are no content keys": [
    "content_key_dedupe",
    note.with({ receive: { dedupe: contentKeyDedupe() } }),
  ],
  "no deduplication": ["dedupe", note.with({ receive: { dedupe: none("dedupe", "none") } })],
  "a store where a message should be sent": ["store", note.with({ emit: { transport: store(2) } })],
  "a transport where a message should be stored": ["mesh", note.with({ emit: { store: meshOnly() } })],
  "a plaza where a message should be signed": [
    "plaza_per_nara",
    note.with({ emit: { sign: plazaPerNara("a/%s") } }),
  ],
  "gossip in the place of the filter": ["gossip", note.with({ receive: { filter: gossip() } })],
  "a store in the place of deduplication": [
    "max_per_key_store",
    note.with({ receive: { dedupe: maxPerKeyStore(1, 1, () => "") } }),
  ],
  "signing in the place of gossip": ["sign", note.with({ emit: { gossip: sign() } })],
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

/** What a refusal has to tell: which stage, and what to do about it. */
const SAYS: Readonly<Record<string, string>> = {
  "an ephemeral kind that is stored where it comes in":
    'Cannot register test:shout: its stage "store" would remember or pass on what nobody verified: add a verifying stage before it',
  "an ephemeral kind that is stored where it is said":
    'Cannot register test:shout: its stage "store" would keep or spread what nobody verifies: sign it and verify it, or leave that stage out',
  "storing what may bear no signature":
    'Cannot register test:note: its stage "store" would remember or pass on what bears no signature: use verify() in place of verifyIfSigned()',
  "keeping each fact once where there are no content keys":
    'Cannot register test:note: its stage "content_key_store" goes by content keys, and this kind has none: add withContentKey(key)',
  "no deduplication":
    'Cannot register test:note: its stage "dedupe" would let every replay through: use idDedupe() or contentKeyDedupe()',
  "a store where a message should be sent":
    'Cannot register test:note: its stage "store" stands in the transport slot, where it does not belong: put it in the store slot',
  "a verifying stage that remembers what it has still to prove":
    'Cannot register test:note: its stage "eager" would remember what it has still to prove: do that in a stage behind it',
};

for (const [says, sentence] of Object.entries(SAYS)) {
  Deno.test(`checkBehavior() names the stage and the way out: ${says}`, () => {
    assertEquals(refusal(UNSAFE[says][1]).message, sentence);
  });
}

for (
  const [name, ms] of [["pastMs", NaN], ["pastMs", -1], ["futureMs", Infinity], ["futureMs", NaN]] as const
) {
  Deno.test(`checkBehavior() refuses a freshness of ${name} ${ms}: no replay may count as fresh for ever`, () => {
    const error = refusal(note.with({ freshness: { [name]: ms } }));
    assertEquals(error.code, "bad_freshness");
    assertStringIncludes(
      error.message,
      `test:note with a freshness of ${name} ${ms}: expected milliseconds, 0 or more`,
    );
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
  "facts with content keys, kept once and counted": keyed.with({
    emit: { store: contentKeyStore(0) },
    receive: { dedupe: contentKeyDedupe(), store: contentKeyStore(0), gossip: gossip() },
  }),
  "the last so many of each key": note.with({
    emit: { store: maxPerKeyStore(4, 5, () => "") },
    receive: { store: maxPerKeyStore(4, 5, () => "") },
  }),
  "a check of its own for what bears no signature, stored and gossiped": storedEvent("test:a", "", 0)
    .withVersion(1, textSchema)
    .with({
      emit: { sign: noSign() },
      receive: { verify: customVerify((message) => continueWith(message)) },
    }),
  "an ephemeral kind that is signed and verified after all, and then stored": shout.with({
    emit: { sign: sign(), store: store(4) },
    receive: { verify: verify(), store: store(4) },
  }),
  "any transport in its place": note.with({ emit: { transport: plazaPerNara("newspaper/%s") } }),
  "stages of one's own that are called like members of an object": note.with({
    emit: { transport: custom("constructor") },
    receive: { filter: custom("toString"), dedupe: custom("__proto__") },
  }),
  "a transport made of two of nara's own": note.with({
    emit: { transport: { ...plaza("a"), describe: () => "" } },
  }),
  "no freshness at all but for the same instant": note.with({ freshness: { pastMs: 0, futureMs: 0 } }),
  "a local kind without deduplication": whisper.with({ receive: { dedupe: none("dedupe", "none") } }),
  "a local kind that is stored where it is said": whisper.with({ emit: { store: store(1) } }),
};

for (const [says, behavior] of Object.entries(SAFE)) {
  Deno.test(`checkBehavior() takes ${says}`, () => checkBehavior(behavior.spec, {}));
}
