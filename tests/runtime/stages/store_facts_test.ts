import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Message } from "../../../messages/message.ts";
import type { AddOptions, Ledger, LedgerRecord } from "../../../runtime/ledger/ledger.ts";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import { continueWith, drop } from "../../../runtime/stage.ts";
import { observerOf } from "../../../runtime/stages/observers.ts";
import { contentKeyStore, maxPerKeyStore, store } from "../../../runtime/stages/store.ts";
import type { Text } from "../../helpers/kinds.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

const signature = new Uint8Array(64).fill(1);

/** Somebody tells a fact. */
function told(fromId: string, contentKey = "bob:restart:5", text = "hello"): Message {
  return messageOf({
    fromId,
    proof: "envelope",
    envelopeSignature: signature,
    contentKey,
    payload: { text },
  });
}

/** A ledger that shows what it was asked to add. */
class SpiedLedger extends MemoryLedger {
  readonly added: [LedgerRecord, AddOptions | undefined][] = [];

  override add(record: LedgerRecord, options?: AddOptions): ReturnType<MemoryLedger["add"]> {
    this.added.push([record, options]);
    return super.add(record, options);
  }
}

Deno.test("contentKeyStore() keeps a fact once, and counts everybody who tells it", async () => {
  const context = stageContext();
  const stage = contentKeyStore(0);
  assertEquals(await stage.process(told("alice"), context), continueWith(told("alice")));
  assertEquals(await stage.process(told("bob"), context), drop("content_exists"));
  assertEquals(await stage.process(told("carol"), context), drop("content_exists"));
  assertEquals([context.ledger.hasId(told("alice").id), context.ledger.count()], [true, 1]);
  const observers = context.ledger.observers("bob:restart:5").map(({ fromId }) => fromId);
  assertEquals(observers, ["alice", "bob", "carol"]);
});

Deno.test("contentKeyStore() keeps what has no content key as store() does, and the kept message once", async () => {
  const context = stageContext();
  const stage = contentKeyStore(2);
  for (const message of [told("alice", ""), told("bob", ""), told("carol"), told("carol")]) {
    assertEquals(await stage.process(message, context), continueWith(message));
  }
  assertEquals(context.ledger.count(), 3);
});

Deno.test("contentKeyStore() of two that come at the same time keeps one, in a ledger that takes its time", async () => {
  const memory = new MemoryLedger();
  const later = { add: async (...args: Parameters<Ledger["add"]>) => await memory.add(...args) };
  const ledger: Ledger = Object.assign(Object.create(memory), later, {
    observe: async (...args: Parameters<Ledger["observe"]>) => await memory.observe(...args),
    hasContentKey: memory.hasContentKey.bind(memory),
    hasId: memory.hasId.bind(memory),
  });
  const context = stageContext({ ledger });
  const results = ["alice", "bob"].map((teller) => contentKeyStore(0).process(told(teller), context));
  assert(results.every((result) => result instanceof Promise));
  assertEquals((await Promise.all(results)).map(({ outcome }) => outcome), ["continue", "drop"]);
  assertEquals([memory.count(), memory.observers("bob:restart:5").length], [1, 2]);
});

Deno.test("contentKeyStore() rejects with what the ledger throws, so that the message fails and is not lost", async () => {
  const full = () => Promise.reject(new Error("disk full"));
  const ledger: Ledger = Object.assign(new MemoryLedger(), { add: full });
  const process = async () => await contentKeyStore(0).process(told("alice"), stageContext({ ledger }));
  await assertRejects(process, Error, "disk full");
});

Deno.test("store() and its like note the first observer of a fact, with the signature that proved it", () => {
  for (const stage of [store(0), contentKeyStore(0), maxPerKeyStore(0, 3, () => "k")]) {
    const ledger = new SpiedLedger();
    stage.process(told("alice"), stageContext({ ledger }));
    assertEquals(ledger.added[0][1]?.observer, observerOf(told("alice")));
    const keyless = messageOf({ fromId: "alice", proof: "envelope", envelopeSignature: signature });
    stage.process(keyless, stageContext({ ledger }));
    assertEquals(ledger.added[1][1]?.observer, undefined);
  }
});

Deno.test("observerOf() is the proven sender with its verified signature, and nobody else", () => {
  const message = told("alice");
  assertEquals(observerOf(message), { fromId: "alice", messageId: message.id, signature });
  const gos = new Uint8Array(64).fill(2);
  assertEquals(observerOf(message.with({ signature: gos }))?.signature, signature);
  const onlyGos = message.with({ envelopeSignature: undefined, signature: gos, proof: "signature" });
  assertEquals(observerOf(onlyGos)?.signature, gos);
  for (
    const changes of [{ contentKey: undefined }, { proof: "none" }, { envelopeSignature: undefined }] as const
  ) {
    assertEquals(observerOf(message.with(changes)), undefined);
  }
});

Deno.test("maxPerKeyStore() keeps the last so many of each key", async () => {
  const context = stageContext();
  const target = ({ fromId, payload }: Message<Text>) => `${fromId}:${payload.text.split(" ")[0]}`;
  const stage = maxPerKeyStore(4, 2, target);
  const at = (second: number) => `2026-01-15T10:20:${String(second).padStart(2, "0")}Z`;
  const pings = ["bob 1", "bob 2", "carol 1", "bob 3"].map((text, second) =>
    messageOf({ payload: { text }, timestamp: at(second), proof: "envelope" })
  );
  for (const ping of pings) assertEquals(await stage.process(ping, context), continueWith(ping));
  assertEquals(pings.map(({ id }) => context.ledger.hasId(id)), [false, true, true, true]);
});

Deno.test("maxPerKeyStore() hands key and number to the ledger; two kinds with the same words do not meet", () => {
  const ledger = new SpiedLedger();
  const context = stageContext({ ledger });
  for (const kind of ["test:note", "test:other"]) {
    maxPerKeyStore(4, 5, () => "a:b").process(messageOf({ kind }), context);
  }
  assertEquals(ledger.added.map(([{ priority }, options]) => [priority, options?.perKey]), [
    [4, { key: "test:note a:b", max: 5 }],
    [4, { key: "test:other a:b", max: 5 }],
  ]);
});

Deno.test("store() and its like note what is still to be handled, in the turn in which they store it, and wait for both", async () => {
  for (const stage of [store(0), contentKeyStore(0), maxPerKeyStore(0, 3, () => "k")]) {
    const order: string[] = [];
    const noted = Promise.withResolvers<void>();
    const ledger: Ledger = Object.assign(new MemoryLedger(), {
      add: () => {
        order.push("add");
        return Promise.resolve("added");
      },
    });
    const noteStored = () => {
      order.push("note");
      return noted.promise;
    };
    const result = stage.process(told("alice"), stageContext({ ledger, noteStored }));
    assertEquals(order, ["add", "note"]);
    noted.reject(new Error("disk full"));
    await assertRejects(async () => await result, Error, "disk full");
  }
});

Deno.test("describe() of a store names what it keeps", () => {
  const pingKey = () => "";
  const stages = [
    contentKeyStore(0),
    contentKeyStore(1),
    maxPerKeyStore(4, 5, pingKey),
    maxPerKeyStore(4, 5, (() => () => "")()),
  ];
  assertEquals(stages.map((stage) => `${stage.name}: ${stage.describe()}`), [
    "content_key_store: each fact once, priority 0 (never pruned for others)",
    "content_key_store: each fact once, priority 1",
    "max_per_key_store: the last 5 per pingKey, priority 4",
    "max_per_key_store: the last 5 per key, priority 4",
  ]);
});

for (const priority of [-1, 5, 1.5, NaN, "2"]) {
  Deno.test(`store() and its like refuse the priority ${JSON.stringify(priority)}, and say which there are`, () => {
    const given = priority as 0;
    for (
      const make of [
        () => store(given),
        () => contentKeyStore(given),
        () => maxPerKeyStore(given, 1, () => ""),
      ]
    ) {
      assertThrows(
        make,
        RangeError,
        `priority must be 0 (never pruned) to 4 (first): current value is ${priority}`,
      );
    }
  });
}

for (const max of [0, -1, 1.5, NaN, Infinity]) {
  Deno.test(`maxPerKeyStore() refuses ${max} per key`, () => {
    assertThrows(
      () => maxPerKeyStore(1, max, () => ""),
      RangeError,
      `max per key must be a positive whole number: current value is ${max}`,
    );
  });
}

Deno.test("maxPerKeyStore() refuses a key that is no function", () => {
  assertThrows(
    () => maxPerKeyStore(1, 1, "from" as never),
    TypeError,
    "key must be a function of a message: current value is from",
  );
});
