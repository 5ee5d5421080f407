import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Message } from "../../../messages/message.ts";
import type { Behavior } from "../../../runtime/behavior.ts";
import { continueWith, drop, type StageContext, type StageResult } from "../../../runtime/stage.ts";
import {
  customVerify,
  noVerify,
  selfAttesting,
  verify,
  verifyIfSigned,
  type VerifyTools,
} from "../../../runtime/stages/verify.ts";
import { broadcastEvent } from "../../../runtime/templates.ts";
import { type FrameForm, signedMessage } from "../../../runtime/testing/frames.ts";
import type { Identity } from "../../../utilities/identity.ts";
import { Keyring } from "../../../utilities/keyring.ts";
import { note, type Text, textSchema } from "../../helpers/kinds.ts";
import { alice, mallory, me, messageOf, stageContext } from "../../helpers/stage_context.ts";

/** A kind that others pass on. */
const rumour: Behavior<Text> = broadcastEvent("test:note", "Passed on", 2, "topic").withVersion(
  1,
  textSchema,
);
/** The key stands in the payload as base64. */
const shown = selfAttesting(({ text }: Text) => text ? Uint8Array.fromBase64(text) : undefined);

/** What alice says to me, as it reaches the stage. */
async function said(form: FrameForm, from: Identity = alice, text = "hello"): Promise<Message> {
  const draft = { ...note.draft({ text }, { to: me.id }), inReplyTo: "request", toName: "me" };
  return (await signedMessage(draft, { from, spec: note.spec, form, atNs: 1_768_472_430_000_000_000n })).with(
    { contentKey: undefined },
  );
}

/** What a nara says when it shows `key`. */
function showing(key: Uint8Array, from: Identity = alice, form: FrameForm = "ours"): Promise<Message> {
  return said(form, from, key.toBase64());
}

/** A message of `sender` that bears the sender's id in the name of `id`. */
async function inTheNameOf(
  id: string,
  sender: Identity,
  form: FrameForm = "ours",
  text = sender.keypair.publicKey.toBase64(),
) {
  return await said(form, { ...sender, id }, text);
}

/** A context that knows alice, perhaps as one of ours, whose keypair answers at once or later. */
function knowing(
  { isOurs = false, isLate = false, kind = note as Behavior, ids = [alice] } = {},
): StageContext {
  const keyring = new Keyring();
  for (const { id, keypair } of ids) keyring.pin(id, keypair.publicKey);
  if (isOurs) keyring.markOurs(alice.id);
  const verify: StageContext["keypair"]["verify"] = (...args) =>
    isLate ? Promise.resolve(me.keypair.verify(...args)) : me.keypair.verify(...args);
  return stageContext({ keyring, kind, keypair: { ...me.keypair, verify } });
}

function proofOf(result: StageResult): string {
  return result.outcome === "continue"
    ? result.message.proof
    : result.outcome === "drop"
    ? result.reason
    : "error";
}

for (const isLate of [false, true]) {
  const says = isLate ? "later" : "at once";

  Deno.test(`verify() proves an envelope signature of the pinned key and marks its owner as ours (${says})`, async () => {
    const context = knowing({ isLate });
    assertEquals(proofOf(await verify().process(await said("ours"), context)), "envelope");
    assert(context.keyring.isOurs(alice.id));
  });

  Deno.test(`verify() proves Go's signature, and marks nobody (${says})`, async () => {
    const context = knowing({ isLate });
    assertEquals(proofOf(await verify().process(await said("go"), context)), "signature");
    assertEquals(context.keyring.isOurs(alice.id), false);
  });

  Deno.test(`verify() drops what another key signed in the sender's name, and marks nobody (${says})`, async () => {
    for (const form of ["ours", "go", "both"] as const) {
      const context = knowing({ isLate });
      assertEquals(
        proofOf(await verify().process(await inTheNameOf(alice.id, mallory, form), context)),
        "invalid_signature",
      );
      assertEquals(context.keyring.isOurs(alice.id), false);
    }
  });
}

Deno.test("verify() drops a sender whose key nobody pinned, whatever it signs", async () => {
  for (const form of ["ours", "go", "both", "unsigned"] as const) {
    assertEquals(await verify().process(await said(form, mallory), knowing()), drop("unknown_sender"));
  }
  assertEquals(await verify().process(messageOf({ fromId: "" }), knowing()), drop("unknown_sender"));
});

Deno.test("verify() drops a known sender that signed nothing", async () => {
  assertEquals(proofOf(await verify().process(await said("unsigned"), knowing())), "invalid_signature");
});

Deno.test("verify() judges by the envelope signature where there is one: Go's does not save a bad one", async () => {
  const both = await said("both");
  const spoiled = both.with({ envelopeSignature: new Uint8Array(64) });
  assertEquals(proofOf(await verify().process(spoiled, knowing())), "invalid_signature");
});

Deno.test("verify() drops as downgraded what came without an envelope signature from one of ours, valid or not", async () => {
  for (const form of ["go", "unsigned"] as const) {
    assertEquals(await verify().process(await said(form), knowing({ isOurs: true })), drop("downgraded"));
  }
  assertEquals(
    await verify().process(
      (await said("both")).with({ envelopeSignature: undefined }),
      knowing({ isOurs: true }),
    ),
    drop("downgraded"),
  );
});

Deno.test("verify() falls back to Go's signature for what others passed on, and takes its unsigned fields as blank", async () => {
  const context = knowing({ isOurs: true, kind: rumour });
  const stripped = (await said("both")).with({ envelopeSignature: undefined, contentKey: "claimed" });
  const result = await verify().process(stripped, context);
  assert(result.outcome === "continue");
  const { proof, from, to, contentKey, inReplyTo, fromId, payload } = result.message;
  assertEquals({ proof, from, to, contentKey, inReplyTo }, {
    proof: "signature",
    from: undefined,
    to: undefined,
    contentKey: undefined,
    inReplyTo: undefined,
  });
  assertEquals([fromId, payload], [alice.id, { text: "hello" }]);
  assertEquals(proofOf(await verify().process(await said("unsigned"), context)), "invalid_signature");
});

Deno.test("verify() keeps the unsigned fields of a Go peer, as hints", async () => {
  const result = await verify().process(await said("go"), knowing());
  assert(result.outcome === "continue");
  assertEquals([result.message.from, result.message.inReplyTo], ["alice", "request"]);
});

Deno.test("selfAttesting() proves by the key that is shown, pins it at first contact and keeps it", async () => {
  const context = knowing({ ids: [] });
  assertEquals(proofOf(await shown.process(await showing(alice.keypair.publicKey), context)), "envelope");
  assertEquals(context.keyring.get(alice.id), alice.keypair.publicKey);
  assertEquals(context.keyring.isOurs(alice.id), true);
  assertEquals(proofOf(await shown.process(await showing(alice.keypair.publicKey), context)), "envelope");
});

Deno.test("selfAttesting() proves and pins by Go's signature too, and marks nobody", async () => {
  const context = knowing({ ids: [] });
  assertEquals(
    proofOf(await shown.process(await showing(alice.keypair.publicKey, alice, "go"), context)),
    "signature",
  );
  assertEquals([context.keyring.get(alice.id), context.keyring.isOurs(alice.id)], [
    alice.keypair.publicKey,
    false,
  ]);
});

Deno.test("selfAttesting() pins nothing for who shows somebody else's key, or none, or signs nothing", async () => {
  const context = knowing({ ids: [] });
  assertEquals(
    proofOf(await shown.process(await showing(mallory.keypair.publicKey), context)),
    "invalid_signature",
  );
  assertEquals(
    proofOf(await shown.process(await said("ours", alice, ""), context)),
    "no_public_key_in_payload",
  );
  assertEquals(
    proofOf(await shown.process(await showing(alice.keypair.publicKey, alice, "unsigned"), context)),
    "invalid_signature",
  );
  assertEquals(context.keyring.size, 0);
});

Deno.test("selfAttesting() drops another key for a pinned id, and changes nothing about its owner", async () => {
  for (const form of ["ours", "go", "both"] as const) {
    const context = knowing();
    const forged = await inTheNameOf(alice.id, mallory, form);
    assertEquals(proofOf(await shown.process(forged, context)), "key_conflict");
    assertEquals(context.keyring.get(alice.id), alice.keypair.publicKey);
    assertEquals(context.keyring.isOurs(alice.id), false, "a stranger cut a Go peer off by calling it ours");
    assertEquals(context.keyring.conflicts, 1);
    assertEquals(proofOf(await verify().process(await said("go"), context)), "signature");
  }
});

Deno.test("selfAttesting() drops a key of small order, under which anyone could sign", async () => {
  const context = knowing({ ids: [] });
  const always: StageContext["keypair"] = { ...me.keypair, verify: () => true };
  const weak = await showing(new Uint8Array([1, ...new Uint8Array(31)]));
  assertEquals(proofOf(await shown.process(weak, { ...context, keypair: always })), "weak_public_key");
  assertEquals(context.keyring.size, 0);
});

Deno.test("selfAttesting() drops who comes when the keyring is full", async () => {
  const keyring = new Keyring({ pinsMax: 1 });
  keyring.pin(mallory.id, mallory.keypair.publicKey);
  const result = await shown.process(await showing(alice.keypair.publicKey), stageContext({ keyring }));
  assertEquals(proofOf(result), "keyring_full");
});

Deno.test("selfAttesting() pins nobody without an id", async () => {
  const context = knowing({ ids: [] });
  assertEquals(proofOf(await shown.process(await inTheNameOf("", alice), context)), "unknown_sender");
  assertEquals(context.keyring.size, 0);
});

Deno.test("selfAttesting() drops as downgraded a direct message of ours that lost its envelope signature", async () => {
  const stripped = await showing(alice.keypair.publicKey, alice, "go");
  assertEquals(proofOf(await shown.process(stripped, knowing({ isOurs: true }))), "downgraded");
  assertEquals(proofOf(await shown.process(stripped, knowing({ isOurs: true, kind: rumour }))), "signature");
});

Deno.test("verifyIfSigned() lets what bears no signature through as unproven, from strangers and Go peers only", async () => {
  const stage = verifyIfSigned();
  assertEquals(proofOf(await stage.process(await said("unsigned", mallory), knowing())), "none");
  assertEquals(proofOf(await stage.process(await said("unsigned"), knowing())), "none");
  assertEquals(proofOf(await stage.process(await said("unsigned"), knowing({ isOurs: true }))), "downgraded");
});

Deno.test("verifyIfSigned() checks whatever is signed", async () => {
  const stage = verifyIfSigned();
  assertEquals(proofOf(await stage.process(await said("ours"), knowing())), "envelope");
  assertEquals(proofOf(await stage.process(await said("go"), knowing())), "signature");
  assertEquals(proofOf(await stage.process(await said("go", mallory), knowing())), "unknown_sender");
  assertEquals(
    proofOf(await stage.process(await inTheNameOf(alice.id, mallory), knowing())),
    "invalid_signature",
  );
});

Deno.test("noVerify() is none and proves nothing; the others say that they do", () => {
  const message = messageOf();
  assertEquals([noVerify().isNone, noVerify().verifies, noVerify().process(message, stageContext())], [
    true,
    undefined,
    { outcome: "continue", message },
  ]);
  assertEquals([verify().verifies, shown.verifies, verifyIfSigned().verifies], [true, true, true]);
  assertEquals(message.proof, "none");
});

for (
  const [says, check] of [
    ["at once", (message: Message) => continueWith(message)],
    ["later", (message: Message) => Promise.resolve(continueWith(message))],
  ] as const
) {
  Deno.test(`customVerify() lets through what its check vouches for, and leaves its sender unproven (${says})`, async () => {
    for (const form of ["ours", "go"] as const) {
      const signedEnvelope = () => new Uint8Array(1); // As decoding leaves it: with the whole frame behind it.
      const message = (await said(form)).with({ signedEnvelope });
      const context = knowing();
      const result = await customVerify(check).process(message, context);
      assertEquals(proofOf(result), "none");
      assert(result.outcome === "continue" && result.message.signedEnvelope === undefined);
      assertEquals(result.message.payload, message.payload);
      assertEquals(context.keyring.isOurs(alice.id), false);
    }
  });
}

Deno.test("customVerify() drops what its check drops, and fails as its check fails", async () => {
  const message = await said("ours");
  const dropping = customVerify(() => drop("x:too_few_voters"));
  assertEquals(await dropping.process(message, knowing()), drop("x:too_few_voters"));
  const failing = customVerify(() => Promise.reject(new Error("boom")));
  await assertRejects(async () => await failing.process(message, knowing()), Error, "boom");
  const nothing = customVerify(() => undefined as never);
  assertEquals(await nothing.process(message, knowing()), undefined as never); // The chain makes an error of it.
});

Deno.test("customVerify() proves the sender where its check asks for that, and drops a forged one as verify() does", async () => {
  const proving = customVerify((message, tools) => tools.proveSender(message));
  const context = knowing();
  assertEquals(proofOf(await proving.process(await said("ours"), context)), "envelope");
  assert(context.keyring.isOurs(alice.id));
  assertEquals(proofOf(await proving.process(await said("go"), knowing())), "signature");
  assertEquals(proofOf(await proving.process(await said("go"), knowing({ isOurs: true }))), "downgraded");
  assertEquals(
    proofOf(await proving.process(await inTheNameOf(alice.id, mallory), knowing())),
    "invalid_signature",
  );
  assertEquals(proofOf(await proving.process(await said("ours"), knowing({ ids: [] }))), "unknown_sender");
});

/** Two of those who voted must be known, and must have signed the text. */
async function enoughVoters(
  { payload }: Pick<Message<Text>, "payload">,
  tools: VerifyTools,
): Promise<number> {
  const [text, ...votes] = payload.text.split("|");
  const judged = votes.map(async (vote) => {
    const [voter, signature] = vote.split("=");
    const key = tools.keyOf(voter);
    return key && await tools.verify(key, Uint8Array.fromHex(signature), new TextEncoder().encode(text))
      ? voter
      : "";
  });
  return new Set((await Promise.all(judged)).filter(Boolean)).size;
}

Deno.test("customVerify() gives its check the pinned keys: several signatures in a payload, none on the envelope", async () => {
  const checkpoint = customVerify<Text>(async (message, tools) =>
    await enoughVoters(message, tools) >= 2 ? continueWith(message) : drop("x:too_few_voters")
  );
  const vote = async ({ id, keypair }: Identity, text = "agreed") =>
    `${id}=${(await keypair.sign(new TextEncoder().encode(text))).toHex()}`;
  const judge = async (...votes: string[]) => {
    const message = messageOf({ payload: { text: ["agreed", ...votes].join("|") } });
    return proofOf(await checkpoint.process(message, knowing({ ids: [alice, me] })));
  };
  assertEquals(await judge(await vote(alice), await vote(me)), "none");
  assertEquals(await judge(await vote(alice)), "x:too_few_voters");
  assertEquals(await judge(await vote(alice), await vote(alice)), "x:too_few_voters");
  assertEquals(await judge(await vote(alice), await vote(mallory)), "x:too_few_voters");
  assertEquals(await judge(await vote(alice), await vote(me, "something else")), "x:too_few_voters");
  assertEquals(
    await judge(await vote(alice), (await vote(mallory)).replace(mallory.id, me.id)),
    "x:too_few_voters",
  );
});

Deno.test("customVerify().describe() says what is checked", () => {
  const check = (message: Message) => continueWith(message);
  assertEquals([customVerify(check).describe(), customVerify(check, "5 voters signed").describe()], [
    "by a check of its kind's own",
    "5 voters signed",
  ]);
  const { order, name, verifies } = customVerify(check);
  assertEquals([order, name, verifies], ["peer", "custom_verify", true]);
});
