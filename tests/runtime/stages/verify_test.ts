import { assert, assertEquals } from "@std/assert";
import type { Message } from "../../../messages/message.ts";
import type { Behavior } from "../../../runtime/behavior.ts";
import { drop, type StageContext, type StageResult } from "../../../runtime/stage.ts";
import { noVerify, selfAttesting, verify, verifyIfSigned } from "../../../runtime/stages/verify.ts";
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
