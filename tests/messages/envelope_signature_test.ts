import { assert, assertEquals, assertFalse, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decodeEnvelope,
  decodeMessage,
  encodeEnvelope,
  envelopeContent,
  signableContent,
  verifySignature,
} from "../../messages/envelope.ts";
import { MessageError } from "../../messages/message_error.ts";
import { Message } from "../../messages/message.ts";
import { textSchema } from "../helpers/kinds.ts";
import { alice, mallory, me } from "../helpers/stage_context.ts";

const RUNS = { seed: 20261121, numRuns: 200 };
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const key = alice.keypair.publicKey;

const unsigned = new Message({
  kind: "test:note",
  version: 1,
  fromId: alice.id,
  from: "älice",
  toId: me.id,
  to: "日本",
  contentKey: "key",
  inReplyTo: "0123456789abcdef",
  timestamp: "2026-01-15T10:20:30.5Z",
  payload: { text: "hé <llo>" },
  payloadJson: () => ({ text: "hé <llo>" }),
});
const withGos = unsigned.with({ signature: sign(encoder.encode(signableContent(unsigned))) });
const signed = withGos.with({ envelopeSignature: sign(envelopeContent(withGos)) });
/** The members of the signed message as they stand on the wire, each as name and value, both JSON text. */
const MEMBERS: readonly (readonly [name: string, value: string])[] = Object.entries(
  JSON.parse(decoder.decode(encodeEnvelope(signed))) as Record<string, unknown>,
).map((
  [name, value],
) => [JSON.stringify(name), name === "payload" ? signed.payloadJson : JSON.stringify(value)]);
const SIGNATURES = ['"signature"', '"envelope_signature"'];
/** What else each field could say, and still be read. */
const OTHERWISE: Readonly<Record<string, string>> = {
  '"id"': '"1123456789abcdef"',
  '"version"': "2",
  '"timestamp"': '"2026-01-15T10:20:30.6Z"',
  '"payload"': '{"text":"hé \\u003cllo\\u003e!"}',
};

function sign(bytes: Uint8Array): Uint8Array {
  const signature = alice.keypair.sign(bytes);
  if (signature instanceof Promise) {
    throw new TypeError("Cannot wait here: expected the keypair of node:crypto");
  }
  return signature;
}

function frameOf(members: readonly (readonly [name: string, value: string])[]): Uint8Array {
  return encoder.encode(`{${members.map(([name, value]) => `${name}:${value}`).join(",")}}`);
}

function isValid(frame: Uint8Array, by: Uint8Array = key): boolean {
  const message = decodeMessage(decodeEnvelope(frame), textSchema);
  return verifySignature(message, by, alice.keypair.verify) === true;
}

function without(...names: string[]): (readonly [string, string])[] {
  return MEMBERS.filter(([name]) => !names.includes(name));
}

Deno.test("verifySignature() holds for what its sender signed, read from the wire", () => {
  assertEquals(MEMBERS.length, 13);
  assertEquals(decoder.decode(frameOf(MEMBERS)), decoder.decode(encodeEnvelope(signed)));
  assert(isValid(encodeEnvelope(signed)));
  assert(isValid(encodeEnvelope(unsigned.with({ envelopeSignature: sign(envelopeContent(unsigned)) }))));
  assert(isValid(encodeEnvelope(withGos)));
});

Deno.test("verifySignature() holds for no other key, and for no signature at all", () => {
  assertFalse(isValid(encodeEnvelope(signed), mallory.keypair.publicKey));
  assertFalse(isValid(encodeEnvelope(unsigned)));
});

for (const [name, value] of MEMBERS.filter(([name]) => !SIGNATURES.includes(name))) {
  Deno.test(`verifySignature() fails where ${name} was altered`, () => {
    const altered = OTHERWISE[name] ?? JSON.stringify(`${JSON.parse(value)}x`);
    assertFalse(isValid(frameOf(MEMBERS.map((member) => member[0] === name ? [name, altered] : member))));
  });

  Deno.test(`verifySignature() fails where ${name} was removed, or nothing is left to read`, () => {
    const frame = frameOf(without(name));
    if (['"kind"', '"timestamp"', '"payload"'].includes(name)) {
      assertThrows(() => decodeEnvelope(frame), MessageError);
    } else assertFalse(isValid(frame));
  });

  Deno.test(`verifySignature() fails where ${name} changed places with any other field`, () => {
    const here = MEMBERS.findIndex((member) => member[0] === name);
    for (const [there, [other]] of MEMBERS.entries()) {
      if (there === here || SIGNATURES.includes(other)) continue;
      assertFalse(isValid(frameOf(MEMBERS.with(here, MEMBERS[there]).with(there, MEMBERS[here]))), other);
    }
  });
}

Deno.test("verifySignature() fails where an unknown field was put anywhere, and holds where one was signed along", () => {
  for (let at = 0; at <= MEMBERS.length; at++) {
    assertFalse(isValid(frameOf(MEMBERS.toSpliced(at, 0, ['"ttl"', "5"]))), `at ${at}`);
  }
  const content = `nara:envelope:v1\n${decoder.decode(frameOf([...without(...SIGNATURES), ['"ttl"', "5"]]))}`;
  const signature = JSON.stringify(sign(encoder.encode(content)).toBase64());
  assert(isValid(frameOf([...without(...SIGNATURES), ['"ttl"', "5"], ['"envelope_signature"', signature]])));
  assertFalse(
    isValid(frameOf([...without(...SIGNATURES), ['"ttl"', "6"], ['"envelope_signature"', signature]])),
  );
});

Deno.test("verifySignature() ignores unknown fields where there is only Go's signature, which does not cover them", () => {
  assert(isValid(frameOf([...without('"envelope_signature"'), ['"ttl"', "5"]])));
});

Deno.test("verifySignature() fails where a field is added in another case, which Go would take for the real one", () => {
  for (const name of ['"Kind"', '"TO_ID"', '"Version"']) {
    assertFalse(isValid(frameOf([...MEMBERS, [name, JSON.stringify("x")]])), name);
  }
});

Deno.test("verifySignature() does not ask where the signatures stand, nor whether Go's is there", () => {
  const bare = without(...SIGNATURES);
  const ours = MEMBERS.find(([name]) => name === '"envelope_signature"')!;
  for (let at = 0; at <= bare.length; at++) assert(isValid(frameOf(bare.toSpliced(at, 0, ours))), `at ${at}`);
  assert(isValid(frameOf([...bare, ours, ['"signature"', '"AAAA"']])));
});

Deno.test("verifySignature() looks at the envelope signature where there is one, however good Go's is", () => {
  assertFalse(isValid(frameOf([...without('"envelope_signature"'), ['"envelope_signature"', '"AAAA"']])));
  const other = JSON.stringify(sign(new Uint8Array(3)).toBase64());
  assertFalse(isValid(frameOf([...without('"envelope_signature"'), ['"envelope_signature"', other]])));
});

Deno.test("verifySignature() takes white space between members for nothing", () => {
  const spaced = MEMBERS.map(([name, value]) => ` ${name}\t:\n${value} `).join(",");
  assert(isValid(encoder.encode(` {${spaced}}\n`)));
});

Deno.test("verifySignature() of Go's signature covers id, kind, sender, target, time and payload, and nothing else", () => {
  const members = without('"envelope_signature"');
  const covered = ['"id"', '"kind"', '"from_id"', '"to_id"', '"timestamp"', '"payload"'];
  for (const [name, value] of members) {
    if (name === '"signature"') continue;
    const altered = OTHERWISE[name] ?? JSON.stringify(`${JSON.parse(value)}x`);
    const frame = frameOf(members.map((member) => member[0] === name ? [name, altered] : member));
    assertEquals(isValid(frame), !covered.includes(name), name);
  }
});

Deno.test("verifySignature() fails where any bit of a frame between two of ours is changed", () => {
  const frame = encodeEnvelope(unsigned.with({ envelopeSignature: sign(envelopeContent(unsigned)) }));
  fc.assert(
    fc.property(fc.nat(frame.length - 1), fc.nat(7), (at, bit) => {
      const altered = frame.slice();
      altered[at] ^= 1 << bit;
      let valid = false;
      try {
        valid = isValid(altered);
      } catch (thrown) {
        assert(thrown instanceof MessageError);
      }
      assertFalse(valid, `bit ${bit} of byte ${at} in ${decoder.decode(frame)}`);
    }),
    { ...RUNS, numRuns: 1_000 },
  );
});

Deno.test("verifySignature() falls back to Go's where the envelope signature was cut out: the sender must be asked about", () => {
  assert(isValid(frameOf(without('"envelope_signature"'))));
  assertFalse(isValid(frameOf(without(...SIGNATURES))));
});

Deno.test("verifySignature() never throws, however long a signature is", () => {
  for (const length of [1, 63, 65, 90]) {
    const signature = new Uint8Array(length);
    assertEquals(
      verifySignature(signed.with({ envelopeSignature: signature }), key, alice.keypair.verify),
      false,
    );
    assertEquals(verifySignature(withGos.with({ signature }), key, alice.keypair.verify), false);
  }
});

Deno.test("envelopeContent() is never what Go's signature covers, so that neither can stand in for the other", () => {
  assertNotEquals(decoder.decode(envelopeContent(unsigned)), signableContent(unsigned));
  const swapped = unsigned.with({ signature: signed.envelopeSignature });
  assertEquals(verifySignature(swapped, key, alice.keypair.verify), false);
});
