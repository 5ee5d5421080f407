/**
 * R54: nobody reaches what all objects share: not by a key at any depth, a name, a kind, an id, a query or a header.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { MESSAGE_REQUEST } from "../../runtime/transport/http_auth.ts";
import { heyThere } from "../../services/presence/behaviors.ts";
import { letter, type Sample, samplesOf } from "../helpers/all_kinds.ts";
import {
  alice,
  bytesOf,
  ENTRY_POINTS,
  frameFrom,
  newRemains,
  stranger,
  Target,
  wireOf,
} from "../helpers/hostile.ts";
import { INHERITED, PROTOTYPE_KEYS, spelledFrame } from "../helpers/hostile_values.ts";
import { lacking } from "../helpers/permissions.ts";

const SHARED: readonly object[] = [
  ...[
    Object,
    Function,
    Array,
    String,
    Number,
    Boolean,
    BigInt,
    Symbol,
    Promise,
    Map,
    Set,
    WeakMap,
    Error,
    RegExp,
    Date,
  ],
  ...[
    Uint8Array,
    ArrayBuffer,
    Request,
    Response,
    Headers,
    URL,
    ReadableStream,
    TransformStream,
    WritableStream,
  ],
  ...[AbortController, AbortSignal, TextEncoder, TextDecoder, JSON, Math, Reflect, globalThis],
].flatMap((shared) => "prototype" in shared ? [shared, shared.prototype as object] : [shared]);

/** What it is called; a prototype as its class is. */
function nameOf(shared: object): string {
  const { name, constructor } = shared as { name?: unknown; constructor?: { name: string } };
  return typeof name === "string" && name !== "" ? name : `${constructor?.name}.prototype`;
}

/** Every own property of what all objects share, as it is now. */
function snapshot(): Map<object, Record<PropertyKey, PropertyDescriptor>> {
  return new Map(SHARED.map((shared) => [shared, Object.getOwnPropertyDescriptors(shared)]));
}

/** Asserts that nothing of it is another, more or fewer. Some globals make themselves when they are first read. */
function assertUnchanged(before: ReturnType<typeof snapshot>): void {
  for (const [shared, own] of before) {
    const now = Object.getOwnPropertyDescriptors(shared);
    assertEquals(Reflect.ownKeys(now).length, Reflect.ownKeys(own).length, `keys of ${nameOf(shared)}`);
    if (shared === globalThis) continue;
    for (const key of Reflect.ownKeys(own)) {
      const [was, is] = [Reflect.get(own, key), Reflect.get(now, key)] as PropertyDescriptor[];
      assert(
        Object.is(was.value, is.value) && was.get === is.get && was.set === is.set,
        `${String(key)} of ${nameOf(shared)}`,
      );
    }
  }
  assertEquals([Object.keys({}), ({} as Record<string, unknown>).polluted], [[], undefined]);
}

const sampleOf = ({ samples }: Target, kind: string): Sample =>
  samples.find(({ spec }) => spec.kind === kind)!;

/** A key as it may be spelled in JSON. */
const SPELLINGS = (key: string): string[] => [
  `"${key}"`,
  `"${[...key].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`,
  `"\\u${key.charCodeAt(0).toString(16).padStart(4, "0")}${key.slice(1)}"`,
];
const VALUES = ['{"polluted":"yes"}', "null", '{"prototype":{"polluted":"yes"}}'];

/** Payloads that are a letter's but for one such member, at every depth down to 12. */
function* payloads(good: string): Generator<string> {
  for (const key of PROTOTYPE_KEYS.flatMap(SPELLINGS)) {
    for (const value of VALUES) {
      yield good.replace("{", `{${key}:${value},`);
      yield good.replace('"depth":{', `"depth":{${key}:${value},`);
      for (const depth of [1, 4, 12]) {
        yield `{"text":${"[{".repeat(1)}${'"a":{'.repeat(depth)}${key}:${value}${"}".repeat(depth)}}]}`;
      }
    }
  }
}

for (const entry of ENTRY_POINTS) {
  Deno.test({
    name:
      `scanJsonObject() lets no prototype key in at any depth of a signed message, over ${entry.name} [R54]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      const sample = sampleOf(target, letter.kind);
      const { payload, timestamp } = wireOf(await target.frameOf(sample, { from: alice }));
      const before = snapshot();
      let cases = 0;
      const refuse = async (frame: Uint8Array) => {
        const { dropped, changed } = await target.attempt(frame);
        assertEquals([dropped, changed], [["undecodable"], []], new TextDecoder().decode(frame));
        cases++;
      };
      const spelled = {
        from: alice,
        toId: target.runtime.me.id,
        kind: letter.kind,
        timestamp: `${timestamp}`,
      };
      for (const text of payloads(JSON.stringify(payload))) {
        await refuse(await spelledFrame({ ...spelled, payload: text }));
      }
      const honest = new TextDecoder().decode(await target.frameOf(sample, { from: alice }));
      for (const key of PROTOTYPE_KEYS.flatMap(SPELLINGS)) {
        for (const value of VALUES) {
          await refuse(bytesOf(honest.replace("{", `{${key}:${value},`)));
          await refuse(bytesOf(`${honest.slice(0, -1)},${key}:${value}}`));
        }
      }
      assert(cases >= 180, `${cases}`);
      assertUnchanged(before);
    },
  });
}

Deno.test("Receiver takes no inherited name for a kind, a field or a version [R54]", async () => {
  await using target = await Target.open();
  const wire = wireOf(await target.frameOf(sampleOf(target, letter.kind), { from: alice }));
  const before = snapshot();
  for (const name of [...PROTOTYPE_KEYS, ...INHERITED]) {
    for (const field of ["kind", "id", "from_id", "to_id", "in_reply_to", "content_key", "from", "to"]) {
      const { changed, dropped } = await target.attempt(frameFrom({ ...wire, [field]: name }));
      assertEquals([changed, dropped.length], [[], 1], `${field} ${name}`);
    }
    assertEquals((await target.attempt(frameFrom({ ...wire, version: name }))).dropped, ["undecodable"]);
  }
  assertUnchanged(before);
});

Deno.test("Keyring knows a nara whose id is an inherited name as any other, over a restart [R54]", async () => {
  const remains = newRemains();
  const ids = [...PROTOTYPE_KEYS, ...INHERITED];
  const before = snapshot();
  for (const life of [1, 2]) {
    await using target = await Target.open(undefined, { remains });
    for (const id of ids) {
      const odd = { ...stranger, id, name: id };
      if (life === 1) {
        assertEquals(target.runtime.keyring.get(id), undefined);
        const hello = await target.frameOf(sampleOf(target, heyThere.kind), { from: odd });
        assertEquals((await target.attempt(hello)).dropped, [], id);
      }
      assertEquals(target.runtime.keyring.get(id), stranger.keypair.publicKey, id);
      for (const sample of samplesOf(target.runtime.catalog)) {
        const { changed } = await target.attempt(await target.frameOf(sample, { from: odd }));
        assert(
          !changed.some((name) => name.startsWith("errored")),
          `${sample.spec.kind} of ${id}: ${changed}`,
        );
      }
    }
    assertEquals(target.runtime.keyring.get(alice.id), alice.keypair.publicKey);
    assertEquals(target.runtime.keyring.conflicts, 0);
  }
  assertUnchanged(before);
});

Deno.test({
  name: "HttpServer finds nothing behind a prototype key in a query, a path or a header [R54]",
  ignore: lacking("net"),
  fn: async () => {
    await using target = await Target.open(ENTRY_POINTS.find(({ name }) => name === "POST /mesh/message"));
    const { address } = target.runtime;
    const before = snapshot();
    for (const key of [...PROTOTYPE_KEYS, ...INHERITED]) {
      for (
        const [path, headers] of [
          [`${MESSAGE_REQUEST.path}?${key}[polluted]=yes&${key}.polluted=yes`, {}],
          [`/${key}`, {}],
          [`/ping/${key}?x=1`, {}],
          [MESSAGE_REQUEST.path, {
            [key.replaceAll("_", "-")]: '{"polluted":"yes"}',
            [key]: '{"polluted":"yes"}',
          }],
          [MESSAGE_REQUEST.path, { "x-nara-name": key, "x-nara-timestamp": key, "x-nara-signature": key }],
        ] as [string, Record<string, string>][]
      ) {
        const response = await fetch(`${address}${path}`, {
          method: "POST",
          headers,
          body: `{"${key}":{"polluted":1}}`,
        });
        await response.body?.cancel();
        assert([400, 401, 404, 405].includes(response.status), `${path}: ${response.status}`);
      }
    }
    assertUnchanged(before);
    assertEquals(
      (await target.attempt(await target.frameOf(sampleOf(target, letter.kind), { from: alice }))).dropped,
      [],
    );
  },
});
