/** Who may hand in a frame over HTTP, and whose responses are signed. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { frameSaying } from "../../../runtime/testing/mesh_town.ts";
import type { Receipt } from "../../../runtime/transport/mesh.ts";
import { createIdentity, type Identity } from "../../../utilities/identity.ts";
import { checkResponse } from "../../../utilities/mesh_signature.ts";
import { always, httpTest, post, signedHeaders, START_MS, unsignedFrame } from "../../helpers/http_mesh.ts";

const HANDLED: Receipt = { outcome: "handled" };
const encoder = new TextEncoder();

/** Who may hand in a frame. `form`: whether it bears an envelope signature. */
interface Claim {
  readonly says: string;
  readonly form: "envelope" | "unsigned";
  readonly from?: "alice" | "a stranger";
  readonly headers: (people: { alice: Identity; stranger: Identity }) => Promise<Record<string, string>>;
  /** The reason in a 401; none where the frame is let in. */
  readonly refused?: RegExp;
}

const without = (name: string): Claim["headers"] => async ({ alice }) => {
  const { [name]: _, ...others } = await signedHeaders(alice);
  return others;
};
const only = (name: string): Claim["headers"] => async ({ alice }) => ({
  [name]: (await signedHeaders(alice))[name],
});
const altered = (changes: Record<string, string>): Claim["headers"] => async ({ alice }) => ({
  ...await signedHeaders(alice),
  ...changes,
});
const named = (name: string): Claim["headers"] => ({ stranger: { id, keypair, personality } }) =>
  signedHeaders({ id, keypair, personality, name });

const CLAIMS: readonly Claim[] = [
  { says: "an envelope signature and no headers", form: "envelope", headers: () => Promise.resolve({}) },
  {
    says: "neither headers nor an envelope signature",
    form: "unsigned",
    headers: () => Promise.resolve({}),
    refused: /missing auth headers/,
  },
  { says: "good headers alone", form: "unsigned", headers: ({ alice }) => signedHeaders(alice) },
  {
    says: "good headers and an envelope signature",
    form: "envelope",
    headers: ({ alice }) => signedHeaders(alice),
  },
  { says: "no name", form: "envelope", headers: without("X-Nara-Name"), refused: /missing auth headers/ },
  {
    says: "no timestamp",
    form: "envelope",
    headers: without("X-Nara-Timestamp"),
    refused: /missing auth headers/,
  },
  {
    says: "no signature",
    form: "envelope",
    headers: without("X-Nara-Signature"),
    refused: /missing auth headers/,
  },
  {
    says: "a timestamp alone",
    form: "envelope",
    headers: only("X-Nara-Timestamp"),
    refused: /missing auth headers/,
  },
  {
    says: "a signature alone",
    form: "envelope",
    headers: only("X-Nara-Signature"),
    refused: /missing auth headers/,
  },
  {
    says: "a timestamp that is no number",
    form: "envelope",
    headers: altered({ "X-Nara-Timestamp": "soon" }),
    refused: /invalid timestamp/,
  },
  {
    says: "headers of half a minute and a millisecond ago",
    form: "envelope",
    headers: ({ alice }) => signedHeaders(alice, START_MS - 30_001),
    refused: /timestamp too old or in future: 30\.001s/,
  },
  {
    says: "headers of half a minute ago",
    form: "unsigned",
    headers: ({ alice }) => signedHeaders(alice, START_MS - 30_000),
  },
  {
    says: "headers of half a minute and a millisecond ahead",
    form: "envelope",
    headers: ({ alice }) => signedHeaders(alice, START_MS + 30_001),
    refused: /timestamp too old or in future: -30\.001s/,
  },
  {
    says: "a signature that is no base64",
    form: "envelope",
    headers: altered({ "X-Nara-Signature": "%%%" }),
    refused: /invalid signature encoding/,
  },
  {
    says: "a signature of another time",
    form: "envelope",
    headers: altered({ "X-Nara-Timestamp": `${START_MS + 1}` }),
    refused: /signature verification failed/,
  },
  {
    says: "headers of somebody else of that name, and a frame of one who is known",
    form: "envelope",
    headers: named("alice"),
    refused: /signature verification failed/,
  },
  {
    says: "headers of somebody else of that name, and a frame of theirs",
    form: "envelope",
    from: "a stranger",
    headers: named("alice"),
  },
  {
    says: "headers of somebody else of that name, and an unsigned frame of theirs",
    form: "unsigned",
    from: "a stranger",
    headers: named("alice"),
    refused: /signature verification failed/,
  },
  { says: "a name that nobody has", form: "envelope", from: "a stranger", headers: named("zoë") },
  {
    says: "a name that nobody has, and an unsigned frame",
    form: "unsigned",
    from: "a stranger",
    headers: named("zoë"),
    refused: /unknown sender: zoë/,
  },
  {
    says: "a name that nobody has, and a garbled signature",
    form: "envelope",
    from: "a stranger",
    headers: async (people) => ({ ...await named("zoë")(people), "X-Nara-Signature": "%%%" }),
    refused: /unknown sender: zoë/,
  },
];

for (const { says, form, from = "alice", headers, refused } of CLAIMS) {
  httpTest(`${refused ? "answers 401 to" : "lets in"} ${says}`, async ({ town, bob, alice }) => {
    const seen = town.answer(bob, always(HANDLED));
    const { identity: stranger } = await createIdentity({ name: "dave", keypair: "node" });
    const sender = from === "alice" ? alice : stranger;
    const frame = form === "envelope" ? await frameSaying("hello", sender, bob.id) : unsignedFrame(sender.id);
    const { status, text, headers: got } = await post(bob, frame, await headers({ alice, stranger }));
    if (!refused) return assertEquals([status, seen.length], [200, 1]);
    assertEquals([status, seen.length, got.get("x-nara-signature")], [401, 0, null]);
    assertMatch(text, refused);
    assert(text.startsWith("Authentication failed: ") && text.endsWith("\n"), text);
    assertEquals(got.get("content-type"), "text/plain; charset=utf-8");
  });
}

httpTest("knows an envelope signature wherever in the frame it stands", async ({ town, bob, alice }) => {
  const seen = town.answer(bob, always(HANDLED));
  const { envelope_signature, ...rest } = JSON.parse(
    new TextDecoder().decode(await frameSaying("hello", alice, bob.id)),
  );
  assertEquals((await post(bob, JSON.stringify({ envelope_signature, ...rest }))).status, 200);
  for (
    const payload of [
      { envelope_signature },
      { a: 1, envelope_signature: envelope_signature.slice(1) }, // One brace more stands where a digit would.
      `,"envelope_signature":"${envelope_signature}"}`,
    ]
  ) assertEquals((await post(bob, JSON.stringify({ ...rest, payload }))).status, 401);
  assertEquals((await post(bob, JSON.stringify({ ...rest, envelope_signature: "" }))).status, 401);
  // One that ends within the last 88 characters: what stands behind it is another member.
  const nested = { ...rest, y: { a: 1, envelope_signature: "x" }, z: "A".repeat(79) };
  assertEquals((await post(bob, JSON.stringify(nested))).status, 401);
  assertEquals(seen.length, 1);
});

for (const receipt of [HANDLED, { outcome: "error", reason: "undecodable", detail: "ü" } as const]) {
  httpTest(`signs its response to signed headers: ${receipt.outcome}`, async ({ town, bob, alice }) => {
    town.answer(bob, always(receipt, encoder.encode('{"a":"ü"}')));
    const { text, headers } = await post(bob, unsignedFrame(alice.id), await signedHeaders(alice));
    assertEquals(headers.get("x-nara-timestamp"), `${START_MS}`);
    const verdict = await checkResponse(headers, encoder.encode(text), {
      keysOf: (name) => name === "bob" ? [bob.identity.keypair.publicKey] : [],
      verify: alice.keypair.verify.bind(alice.keypair),
    });
    assert(verdict.ok);
  });
}

httpTest("signs nothing for those whose headers it could not check", async ({ town, bob }) => {
  town.answer(bob, always(HANDLED));
  const { identity: stranger } = await createIdentity({ name: "zoë", keypair: "node" });
  const { status, headers } = await post(
    bob,
    await frameSaying("hi", stranger),
    await signedHeaders(stranger),
  );
  assertEquals([status, headers.get("x-nara-signature")], [200, null]);
});
