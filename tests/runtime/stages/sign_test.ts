import { assert, assertEquals, assertFalse } from "@std/assert";
import { envelopeContent, signableContent } from "../../../messages/envelope.ts";
import type { Message } from "../../../messages/message.ts";
import type { Behavior } from "../../../runtime/behavior.ts";
import { continueWith, type StageResult } from "../../../runtime/stage.ts";
import { noSign, sign } from "../../../runtime/stages/sign.ts";
import { broadcastEvent, meshRequest, protocol, storedEvent } from "../../../runtime/templates.ts";
import { Keyring } from "../../../utilities/keyring.ts";
import type { Keypair } from "../../../utilities/keypair.ts";
import { textSchema } from "../../helpers/kinds.ts";
import { alice, me, messageOf, stageContext } from "../../helpers/stage_context.ts";

const encoder = new TextEncoder();
const mine = { fromId: me.id, toId: alice.id };

/** Keeps count of what it signs, and answers at once or later. */
function counting(isLate: boolean): { keypair: Keypair; signed: () => number } {
  let count = 0;
  const sign = (bytes: Uint8Array) => {
    count++;
    const signature = me.keypair.sign(bytes);
    return isLate ? Promise.resolve(signature) : signature;
  };
  return { keypair: { ...me.keypair, sign }, signed: () => count };
}

/** A keyring that knows alice, perhaps as one of ours. */
function knowing(isOurs: boolean): Keyring {
  const keyring = new Keyring();
  keyring.pin(alice.id, alice.keypair.publicKey);
  if (isOurs) keyring.markOurs(alice.id);
  return keyring;
}

function messageIn(result: StageResult): Message {
  assert(result.outcome === "continue");
  return result.message;
}

function isOurs({ envelopeSignature }: Message, content: Message): boolean {
  return me.keypair.verify(me.keypair.publicKey, envelopeSignature!, envelopeContent(content)) === true;
}

function isGos({ signature }: Message, content: Message): boolean {
  return me.keypair.verify(me.keypair.publicKey, signature!, encoder.encode(signableContent(content))) ===
    true;
}

for (const isLate of [false, true]) {
  const says = isLate ? "later" : "at once";

  Deno.test(`sign() signs a mesh-only message to one of ours once, with a keypair that answers ${says}`, async () => {
    const { keypair, signed } = counting(isLate);
    const message = messageOf(mine);
    const result = messageIn(
      await sign().process(message, stageContext({ keypair, keyring: knowing(true) })),
    );
    assertEquals([signed(), result.signature], [1, undefined]);
    assert(isOurs(result, message));
  });

  Deno.test(`sign() signs twice what a Go peer may read, with a keypair that answers ${says}`, async () => {
    const { keypair, signed } = counting(isLate);
    const message = messageOf(mine);
    const result = messageIn(
      await sign().process(message, stageContext({ keypair, keyring: knowing(false) })),
    );
    assertEquals(signed(), 2);
    assert(isOurs(result, message) && isGos(result, message));
  });
}

const spoken = (kind: Behavior<unknown, object>) => kind.withVersion(1, textSchema);
const READ_BY_GO: Readonly<Record<string, [Behavior, Partial<typeof mine> & { toAddress?: string }]>> = {
  "to somebody who is not known as ours": [spoken(meshRequest("test:note", "")), {
    ...mine,
    toId: "stranger",
  }],
  "to an address, whoever listens there": [spoken(meshRequest("test:note", "")), {
    fromId: me.id,
    toId: undefined,
    toAddress: "memory:x",
  }],
  "to everybody": [spoken(protocol("test:note", "", "topic")), { fromId: me.id, toId: undefined }],
  "on a plaza, even with a target of ours": [spoken(protocol("test:note", "", "topic")), mine],
  "by gossip": [spoken(storedEvent("test:note", "", 2)), { fromId: me.id, toId: undefined }],
  "to everybody and by gossip": [spoken(broadcastEvent("test:note", "", 2, "topic")), {
    fromId: me.id,
    toId: undefined,
  }],
};

for (const [says, [kind, parts]] of Object.entries(READ_BY_GO)) {
  Deno.test(`sign() bears both signatures on what goes ${says}`, async () => {
    const result = messageIn(
      await sign().process(messageOf(parts), stageContext({ kind, keyring: knowing(true) })),
    );
    assertEquals([result.signature?.length, result.envelopeSignature?.length], [64, 64]);
  });
}

Deno.test("sign() covers what is in the envelope when it signs: a key or a link that comes later breaks the signature", async () => {
  const message = messageOf({ ...mine, inReplyTo: "request", contentKey: "c" });
  const signed = messageIn(await sign().process(message, stageContext({ keyring: knowing(true) })));
  assert(isOurs(signed, signed));
  const signedEnvelope = undefined; // As whoever receives it would write it again.
  assert(isOurs(signed, signed.with({ signedEnvelope })));
  assertFalse(isOurs(signed, signed.with({ signedEnvelope, contentKey: "d" })));
  assertFalse(isOurs(signed, signed.with({ signedEnvelope, inReplyTo: undefined })));
});

Deno.test("noSign() is none", () => {
  const message = messageOf(mine);
  assertEquals([noSign().isNone, noSign().process(message, stageContext())], [true, continueWith(message)]);
});
