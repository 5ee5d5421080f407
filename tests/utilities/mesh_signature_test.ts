import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  AUTH_AGE_MAX_MS,
  checkRequest,
  checkResponse,
  fromHeaderText,
  type MeshVerdict,
  NAME_HEADER,
  requestText,
  responseText,
  SIGNATURE_HEADER,
  signedPath,
  signRequest,
  signResponse,
  TIMESTAMP_HEADER,
  toHeaderText,
} from "../../utilities/mesh_signature.ts";
import { createNodeKeypair } from "../../utilities/node_keypair.ts";

const NOW_MS = 1_700_000_000_123;
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const DM = { method: "POST", path: "/dm" };

const alice = createNodeKeypair(new Uint8Array(32).fill(1));
const other = createNodeKeypair(new Uint8Array(32).fill(2));
const verifier = (...keys: Uint8Array[]) => ({ keysOf: () => keys, verify: other.verify });

async function aliceHeaders(timestampMs = NOW_MS): Promise<Headers> {
  return new Headers(await signRequest({ name: "alice", keypair: alice }, { ...DM, timestampMs }));
}

function problemOf(verdict: MeshVerdict): string {
  return verdict.ok ? "none" : verdict.problem;
}

Deno.test("requestText() joins name, time, method and path with nothing between them", () => {
  assertEquals(requestText("alice", 1_700_000_000_123, "POST", "/dm"), "alice1700000000123POST/dm");
});

Deno.test("responseText() ends in the base64 of the body's SHA-256", () => {
  assertEquals(
    responseText("bob", 5n, new Uint8Array()),
    "bob547DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
  );
});

Deno.test("signedPath() decodes the path, drops the query and keeps dots and slashes", () => {
  assertEquals(
    ["/a%20b/%C3%A9?x=%zz", "/a/../b/", "/", "/dm?"].map(signedPath),
    ["/a b/é", "/a/../b/", "/", "/dm"],
  );
  assertThrows(() => signedPath("/%ff"), URIError);
});

Deno.test("fromHeaderText() reads back what toHeaderText() wrote, one character per byte", () => {
  assertEquals(toHeaderText("zoë"), "zo\u00c3\u00ab");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const header = toHeaderText(text);
      assert([...header].every((character) => character.charCodeAt(0) < 256));
      assertEquals(fromHeaderText(header), text);
    }),
    { seed: 20261121 },
  );
});

Deno.test("fromHeaderText() has no text for bytes that are not UTF-8", () => {
  assertEquals(["zo\u00eb", "\u00ff", "\u00e2\u0080"].map(fromHeaderText), [undefined, undefined, undefined]);
});

Deno.test("checkRequest() takes what signRequest() signed, and says which key it was", async () => {
  assertEquals(
    await checkRequest(await aliceHeaders(), { ...DM, nowNs: NOW_NS }, verifier(alice.publicKey)),
    {
      ok: true,
      name: "alice",
      key: alice.publicKey,
    },
  );
});

Deno.test("checkRequest() tries every key that is pinned for the name", async () => {
  const keys = verifier(other.publicKey, new Uint8Array(32), alice.publicKey);
  const verdict = await checkRequest(await aliceHeaders(), { ...DM, nowNs: NOW_NS }, keys);
  assertEquals(verdict.ok && verdict.key, alice.publicKey);
});

Deno.test("checkRequest() takes a request that is AUTH_AGE_MAX_MS old or ahead, and none beyond", async () => {
  const headers = await aliceHeaders();
  const maxNs = BigInt(AUTH_AGE_MAX_MS) * 1_000_000n;
  const at = async (nowNs: bigint) =>
    problemOf(await checkRequest(headers, { ...DM, nowNs }, verifier(alice.publicKey)));
  assertEquals(await at(NOW_NS + maxNs), "none");
  assertEquals(await at(NOW_NS - maxNs), "none");
  assertEquals(await at(NOW_NS + maxNs + 1n), "bad_age");
  assertEquals(await at(NOW_NS - maxNs - 1n), "bad_age");
});

Deno.test("checkRequest() names the first thing that is wrong, in the order of the protocol", async () => {
  const good = await aliceHeaders();
  const stages: [header: string, value: string, problem: string][] = [
    [SIGNATURE_HEADER, "AAAA", "bad_signature"],
    [SIGNATURE_HEADER, "%%%", "bad_encoding"],
    [NAME_HEADER, "nobody", "unknown_sender"],
    [TIMESTAMP_HEADER, "0", "bad_age"],
    [TIMESTAMP_HEADER, "soon", "bad_timestamp"],
    [NAME_HEADER, "", "missing_headers"],
  ];
  const known = { keysOf: (name: string) => name === "alice" ? [alice.publicKey] : [], verify: other.verify };
  for (const [header, value, problem] of stages) { // Each fault comes on top of those before.
    good.set(header, value);
    assertEquals(problemOf(await checkRequest(good, { ...DM, nowNs: NOW_NS }, known)), problem);
  }
});

Deno.test("checkRequest() measures ages beyond what Go's durations hold, as Go does", async () => {
  const headers = await aliceHeaders();
  for (const [timestamp, age] of [["9223372036854775807", "-2562047h47m16.854775808s"]]) {
    headers.set(TIMESTAMP_HEADER, timestamp);
    const verdict = await checkRequest(headers, { ...DM, nowNs: NOW_NS }, verifier(alice.publicKey));
    assertEquals(verdict.ok || verdict.reason, `timestamp too old or in future: ${age}`);
  }
});

Deno.test("checkRequest() finds nobody by a name that is not UTF-8", async () => {
  const headers = await aliceHeaders();
  headers.set(NAME_HEADER, "zo\u00eb");
  const verdict = await checkRequest(headers, { ...DM, nowNs: NOW_NS }, {
    keysOf: () => [],
    verify: other.verify,
  });
  assertEquals(problemOf(verdict), "unknown_sender");
});

Deno.test("checkRequest() and checkResponse() never throw, whatever the headers", async () => {
  const header = fc.option(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("alice", String(NOW_MS), "AAAA")),
  );
  await fc.assert(
    fc.asyncProperty(header, header, header, async (name, timestamp, signature) => {
      const values: Record<string, string | null> = {
        [NAME_HEADER]: name,
        [TIMESTAMP_HEADER]: timestamp,
        [SIGNATURE_HEADER]: signature,
      };
      const headers = { get: (header: string) => values[header] };
      const keys = verifier(alice.publicKey, new Uint8Array(3));
      assertEquals((await checkRequest(headers, { ...DM, nowNs: NOW_NS }, keys)).ok, false);
      assertEquals((await checkResponse(headers, new Uint8Array(), keys)).ok, false);
    }),
    { seed: 20261121, numRuns: 300 },
  );
});

Deno.test("checkResponse() takes what signResponse() signed and nothing else, at any age", async () => {
  const body = new TextEncoder().encode('{"ok":true}\n');
  const signed = await signResponse({ name: "zoë", keypair: alice }, { body, timestampMs: 1 });
  const headers = new Headers(signed);
  const good = await checkResponse(headers, body, verifier(alice.publicKey));
  assertEquals(good.ok && good.name, "zoë");
  assertEquals(
    problemOf(await checkResponse(headers, body.subarray(1), verifier(alice.publicKey))),
    "bad_signature",
  );
  assertEquals(problemOf(await checkResponse(headers, body, verifier(other.publicKey))), "bad_signature");
});
