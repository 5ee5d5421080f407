import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import type { Behavior } from "../../runtime/behavior.ts";
import { catalogLines, catalogOf } from "../../runtime/catalog.ts";
import { emitStages, receiveStages } from "../../runtime/chains.ts";
import { PROMISE_TESTS, promiseOf } from "../../runtime/promise.ts";
import type { Registered } from "../../runtime/registry.ts";
import { local, meshRequest, storedEvent } from "../../runtime/templates.ts";
import { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import { PresenceService } from "../../services/presence/mod.ts";
import { StashService } from "../../services/stash/mod.ts";
import * as z from "zod";

type Kind = Pick<Registered, "spec" | "owner" | "handlers">;

const schema = z.strictObject({});
const reply = meshRequest("tea:thanks", "Thanks").withVersion(1, schema);
const offer = meshRequest("tea:offer", "Tea?").withVersion(1, schema).withVersion(2, schema).withVersion(
  3,
  schema,
)
  .withMin(2).withReplies(reply).withRateLimit({ max: 10, windowMs: 60_000 }).ordered();
const brewed = local("tea:brewed", "It is ready").withVersion(1, schema);
const drunk = storedEvent("tea:drunk", "Somebody drank tea", 2).withVersion(1, schema);

/** A kind as the registry has it. */
function registered({ spec }: Behavior, handled: readonly number[] = []): Kind {
  const handlers = Object.fromEntries(handled.map((version) => [version, () => {}]));
  return { spec, owner: "tea", handlers };
}

const kinds = [registered(offer, [3]), registered(brewed), registered(drunk), registered(reply)];

Deno.test("catalogOf() tells of each kind what is declared, by name", () => {
  const entries = catalogOf(kinds);
  assertEquals(entries.map(({ kind }) => kind), ["tea:brewed", "tea:drunk", "tea:offer", "tea:thanks"]);
  const { emit: _emit, receive: _receive, ...entry } = entries[2];
  assertEquals(entry, {
    kind: "tea:offer",
    description: "Tea?",
    owner: "tea",
    template: "meshRequest",
    isLocal: false,
    isOrdered: true,
    versions: [1, 2, 3],
    min: 2,
    handled: [3],
    replies: ["tea:thanks"],
    onError: offer.spec.onError,
    onReceiveError: offer.spec.onError,
    freshness: { pastMs: 300_000, futureMs: 60_000 },
    rateLimit: offer.spec.receive.rateLimit.describe(),
    promise: promiseOf(offer.spec),
    provenBy: PROMISE_TESTS[promiseOf(offer.spec)],
  });
  assertEquals(entries.map(({ isLocal }) => isLocal), [true, false, false, false]);
  assertEquals(JSON.parse(JSON.stringify(entries)), entries);
});

Deno.test("catalogOf() names the stages that a chain is compiled of, in their order, and no other", () => {
  for (const { kind, emit, receive, isLocal } of catalogOf(kinds)) {
    const { spec } = kinds.find(({ spec }) => spec.kind === kind)!;
    const names = (stages: { name: string; isNone?: boolean }[]) =>
      stages.filter(({ isNone }) => !isNone).map(({ name }) => name);
    assertEquals(emit.map(({ name }) => name), names(emitStages(spec)), kind);
    assertEquals(receive.map(({ name }) => name), isLocal ? [] : names(receiveStages(spec)), kind);
    for (const { does } of [...emit, ...receive]) assert(does.length > 0);
  }
});

Deno.test("catalogLines() tells the same to a person", () => {
  const text = catalogLines(catalogOf(kinds)).join("\n");
  for (
    const words of [
      "tea:offer: Tea?",
      "tea, by the template meshRequest, strictly in order",
      "versions   2, 3, with a handler for 3",
      "replies    tea:thanks",
      `rate       ${offer.spec.receive.rateLimit.describe()}`,
      "freshness  at most 300 s old and 60 s ahead",
      'proven by  the test "R10 stored before acknowledged …"',
    ]
  ) assertStringIncludes(text, words);
  const [, ...rest] = catalogLines(catalogOf([kinds[1]]));
  assertFalse(rest.join("\n").includes("freshness"), "a local message is never stale");
});

Deno.test("catalogOf() has every kind of the built-in services", async () => {
  await using mock = await MockRuntime.create({ services: [new PresenceService(), new StashService()] });
  const entries = catalogOf(mock.runtime.catalog.all());
  assertEquals(entries.length, mock.runtime.catalog.all().length);
  assertEquals(new Set(entries.map(({ owner }) => owner)), new Set(["presence", "stash"]));
  for (const { kind, versions, promise, provenBy } of entries) {
    assert(versions.length > 0 && promise.length > 0 && provenBy.length > 0, kind);
  }
});
