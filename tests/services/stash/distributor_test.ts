import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Draft } from "../../../messages/draft.ts";
import { Message } from "../../../messages/message.ts";
import type { StashAckV1, StashStoreV1 } from "../../../messages/stash.ts";
import { CallError } from "../../../runtime/call_error.ts";
import { createLogger, silentSink } from "../../../runtime/primitives/logger.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ServiceStore } from "../../../runtime/primitives/store.ts";
import type { RuntimeApi } from "../../../runtime/service.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { Confidants } from "../../../services/stash/confidants.ts";
import { Distributor } from "../../../services/stash/distributor.ts";
import type { OwnCopy } from "../../../services/stash/own_stash.ts";
import { StashError } from "../../../services/stash/stash_error.ts";

const ME = { id: "me", name: "me", publicKey: new Uint8Array(32) };

/** How a peer takes a store: keeps it, refuses with these words, or says nothing. */
type Temper = "keeps" | "silent" | { refuses: string };

function copyOf(sequence: number): OwnCopy {
  const record = { nonce: new Uint8Array(24), ciphertext: Uint8Array.of(sequence), storedAt: 99 };
  return { stash: { sequence, data: Uint8Array.of(sequence) }, record };
}

/** A distributor among peers of these tempers, the longest online first. */
function setUp(tempers: Record<string, Temper>, { retries = 0 } = {}) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const own = {
    current: copyOf(1) as OwnCopy | undefined,
    get sequence() {
      return this.current?.stash.sequence ?? -1;
    },
  };
  const asked: string[] = [];
  const brought: number[] = [];
  const open = { now: 0, most: 0 };
  const call = async <P, R>(draft: Draft<P>): Promise<Message<R>> => {
    asked.push(draft.to!);
    brought.push((draft.payload as StashStoreV1).ciphertext![0]);
    open.most = Math.max(open.most, ++open.now);
    await clock.sleep(10);
    open.now--;
    const temper = tempers[draft.to!];
    if (temper === "silent") throw new CallError("timeout", "nothing came");
    const { owner_id } = draft.payload as StashStoreV1;
    const payload: StashAckV1 = {
      owner_id,
      stored_at: 1,
      success: temper === "keeps",
      reason: temper === "keeps" ? undefined : temper.refuses,
    };
    return new Message({
      kind: "stash:ack",
      version: 1,
      fromId: draft.to!,
      timestamp: 0n,
      payload,
      payloadJson: "{}",
    }) as Message<unknown> as Message<R>;
  };
  const online = Object.keys(tempers).map((id) => ({ id, name: id, uptimeMs: 1 }));
  const confidants = new Confidants(new ServiceStore(new MemoryStore(), "stash"), clock);
  const rt = {
    call,
    clock,
    log: createLogger("stash", silentSink),
    me: ME,
    peers: { online: () => online } as RuntimeApi["peers"],
    random: new SeededRandom(1),
    signal: controller.signal,
  };
  const distributor = new Distributor(rt, { own, confidants, retries });
  const distribute = async () => {
    const distributing = distributor.distribute();
    await clock.advance(120_000);
    return await distributing;
  };
  return { clock, controller, own, asked, brought, open, online, confidants, distributor, distribute };
}

Deno.test("Distributor.distribute() brings the stash to three at once, the longest online among them", async () => {
  const { distribute, asked, open, online } = setUp({
    me: "keeps",
    ada: "keeps",
    ben: "keeps",
    cleo: "keeps",
    dan: "keeps",
  });
  const { confidants, safety, sequence, target } = await distribute();
  assertEquals([confidants.length, safety, sequence, target], [3, "safe", 1, 3]);
  assertEquals([asked.length, open.most, asked[0]], [3, 3, "ada"]);
  assert(!confidants.includes(online[0].id), "nara does not keep its own stash");
});

Deno.test("Distributor.distribute() replaces whoever refuses or says nothing by the next", async () => {
  const { distribute, confidants } = setUp({
    ada: { refuses: "storage limit reached" },
    ben: "silent",
    cleo: "keeps",
    dan: { refuses: "no" },
    eve: "keeps",
    fay: "keeps",
  });
  assertEquals((await distribute()).confidants.toSorted(), ["cleo", "eve", "fay"]);
  assertEquals(confidants.list().length, 3);
});

Deno.test("Distributor.distribute() says how well the stash is kept", async () => {
  const no: Temper = { refuses: "no" };
  const two = setUp({ ada: "keeps", ben: no, cleo: "keeps" });
  assertEquals((await two.distribute()).safety, "weak");
  const one = setUp({ ada: "keeps", ben: no });
  assertEquals((await one.distribute()).safety, "unsafe");
  const none = setUp({});
  assertEquals(await none.distribute(), { sequence: 1, confidants: [], target: 3, safety: "unsafe" });
});

Deno.test("Distributor.distribute() asks nobody who keeps the stash already, and tops up to three", async () => {
  const tempers: Record<string, Temper> = { ada: "keeps", ben: "keeps" };
  const { distribute, asked, online } = setUp(tempers);
  assertEquals((await distribute()).safety, "weak");
  asked.length = 0;
  assertEquals((await distribute()).safety, "weak");
  assertEquals(asked, []);
  online.push({ id: "cleo", name: "cleo", uptimeMs: 0 });
  tempers.cleo = "keeps";
  assertEquals((await distribute()).safety, "safe");
  assertEquals(asked, ["cleo"]);
});

Deno.test("Distributor.distribute() brings a new stash to those who kept the one before", async () => {
  const tempers: Record<string, Temper> = {
    ada: "keeps",
    ben: "keeps",
    cleo: "keeps",
    dan: "keeps",
    eve: "keeps",
  };
  const { distribute, own, asked, confidants } = setUp(tempers);
  const before = await distribute();
  own.current = copyOf(2);
  asked.length = 0;
  const after = await distribute();
  assertEquals(after.confidants.toSorted(), before.confidants.toSorted());
  assertEquals(asked.length, 3);
  tempers[before.confidants[0]] = "silent";
  own.current = copyOf(3);
  const replaced = await distribute();
  assertEquals([replaced.safety, replaced.confidants.includes(before.confidants[0])], ["safe", false]);
  assertEquals(confidants.list().every(({ sequence }) => sequence === 3), true);
});

Deno.test("Distributor.distribute() ends with its signal, and forgets nobody for that", async () => {
  const { distributor, asked, clock, own, confidants } = setUp({ ada: "keeps", ben: "silent" }, {
    retries: 5,
  });
  await confidants.confirm("ben", 1);
  own.current = copyOf(2);
  const over = new AbortController();
  const distributing = assertRejects(() => distributor.distribute(over.signal), RangeError, "enough");
  await clock.advance(100);
  over.abort(new RangeError("enough"));
  await clock.advance(60_000);
  await distributing;
  assertEquals(asked.toSorted(), ["ada", "ben"]);
  assertEquals(confidants.list(), [{ id: "ben", sequence: 1 }, { id: "ada", sequence: 2 }]);
  await assertRejects(() => distributor.distribute(over.signal), RangeError, "enough");
  assertEquals(asked.length, 2);
});

Deno.test("Distributor.distribute() does not ask a large town to the last nara", async () => {
  const tempers = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`peer ${index}`, { refuses: "no" }]),
  );
  const { distribute, asked } = setUp(tempers);
  await distribute();
  assertEquals(asked.length, 24);
});

Deno.test("Distributor.storeWith() tries three times with two retries, and not again after a refusal", async () => {
  const { distributor, asked, clock } = setUp({ ada: "silent", ben: { refuses: "storage limit reached" } }, {
    retries: 2,
  });
  const silent = assertRejects(() => distributor.storeWith("ada"), StashError);
  const refused = assertRejects(() => distributor.storeWith("ben"), StashError);
  await clock.advance(60_000);
  assertEquals((await silent).code, "unreachable");
  const error = await refused;
  assertEquals([error.code, error.reason], ["refused", "storage limit reached"]);
  assertStringIncludes(error.message, "storage limit reached");
  assertEquals(asked.toSorted(), ["ada", "ada", "ada", "ben"]);
});

Deno.test("Distributor.storeWith() brings the stash as it stands with each try, not the one it began with", async () => {
  const tempers: Record<string, Temper> = { ada: "silent" };
  const { distributor, own, brought, clock, confidants } = setUp(tempers, { retries: 1 });
  const storing = distributor.storeWith("ada");
  await clock.advance(100);
  own.current = copyOf(2);
  tempers.ada = "keeps";
  await clock.advance(60_000);
  await storing;
  assertEquals(brought, [1, 2]);
  assertEquals(confidants.list(), [{ id: "ada", sequence: 2 }]);
});

Deno.test("Distributor.storeWith() and distribute() say when there is nothing to store, or the nara stops", async () => {
  const { distributor, own, controller, clock } = setUp({ ada: "silent" }, { retries: 2 });
  const stopped = assertRejects(() => distributor.distribute(), StashError);
  await clock.advance(100);
  controller.abort(new Error("stopping"));
  assertEquals((await stopped).code, "stopped");
  own.current = undefined;
  assertEquals((await assertRejects(() => distributor.storeWith("ada"), StashError)).code, "no_stash");
  assertEquals((await assertRejects(() => distributor.distribute(), StashError)).code, "no_stash");
});
