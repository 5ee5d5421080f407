import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { drop } from "../../runtime/stage.ts";
import { UNREADABLE } from "../../runtime/receiver.ts";
import { meshRequest, protocolUnverified, storedEvent } from "../../runtime/templates.ts";
import type { Receipt } from "../../runtime/transport/mesh.ts";
import { assertBalanced } from "../helpers/books.ts";
import { note, TestService, type TextBehavior, textSchema, whisper } from "../helpers/kinds.ts";
import { altered, Bench, type Wire } from "../helpers/mock.ts";

const handled: Receipt = { outcome: "handled" };

/** Asserts that nobody in here saw anything of what came. */
function assertUnheard(bench: Bench): void {
  assertEquals([bench.service.texts, bench.mock.emitted], [[], []]);
}

async function assertDropped(bench: Bench, frame: Uint8Array, reason: string): Promise<void> {
  assertEquals(await bench.receive(frame), { outcome: "drop", reason });
  assertEquals(bench.received().dropped, { [reason]: 1 });
  assertUnheard(bench);
  assertBalanced(bench.mock.runtime);
}

Deno.test("Receiver hands a signed message to its handler, and says so", async () => {
  await using bench = await Bench.create();
  assertEquals(await bench.receive(await bench.note("hello")), handled);
  const [message] = bench.service.heard;
  assertEquals([message.fromId, message.payload.text, message.proof], [bench.alice.id, "hello", "envelope"]);
  assertEquals(bench.received().done, 1);
});

const UNDECODABLE: Readonly<Record<string, [frame: string, says: string]>> = {
  "bytes that are not JSON": ["hello", "Cannot read a message"],
  "a list": ["[]", "Cannot read a message"],
  "an object without a kind": ['{"payload":{}}', '"kind"'],
  "a field of the wrong type": ['{"kind":5,"payload":{}}', '"kind" must be text'],
  "nothing": ["", "Cannot read a message"],
};

for (const [what, [frame, says]] of Object.entries(UNDECODABLE)) {
  Deno.test(`Receiver says undecodable to ${what}, and why, and goes on`, async () => {
    await using bench = await Bench.create();
    const receipt = await bench.receive(frame);
    assert(receipt.outcome === "error");
    assertEquals(receipt.reason, "undecodable");
    assertStringIncludes(receipt.detail ?? "", says);
    assertEquals(bench.received(UNREADABLE).dropped, { undecodable: 1 });
    assertUnheard(bench);
    assertEquals(await bench.receive(await bench.note()), handled);
  });
}

Deno.test("Receiver says too_large to what no kind allows, whatever it is, and does not look into it [R53]", async () => {
  await using bench = await Bench.create();
  const bytesMax = 256 * 1024; // What is read in any case, and more than any of the bench's kinds allows.
  const receipt = await bench.receive("[".repeat(bytesMax + 1));
  assert(receipt.outcome === "error");
  assertEquals(receipt.reason, "too_large");
  assertStringIncludes(
    receipt.detail ?? "",
    `${bytesMax + 1} bytes: no kind here holds more than ${bytesMax}`,
  );
  const largest = await bench.receive("[".repeat(bytesMax));
  assertEquals(largest.outcome === "error" && largest.reason, "undecodable");
});

Deno.test("Receiver says undecodable to a payload that its schema refuses, naming the field", async () => {
  await using bench = await Bench.create();
  for (const payload of [{ text: 5 }, {}, { text: "a", more: 1 }]) {
    const receipt = await bench.receive(altered(await bench.note(), { payload }));
    assert(receipt.outcome === "error" && receipt.reason === "undecodable");
    assertStringIncludes(receipt.detail ?? "", "payload of test:note v1");
  }
  assertUnheard(bench);
});

Deno.test("Receiver says unknown_kind to what nobody here registered, and to a local kind from outside", async () => {
  await using bench = await Bench.create();
  for (const kind of ["test:unheard-of", "test:whisper", "toString"]) {
    const receipt = await bench.receive(altered(await bench.note(), { kind }));
    assert(receipt.outcome === "error");
    assertEquals(receipt.reason, "unknown_kind");
    assertStringIncludes(receipt.detail ?? "", kind);
  }
  const spoken = await bench.frame(whisper.draft({ text: "psst" }, { to: bench.mock.runtime.me.id }));
  assertEquals((await bench.receive(spoken)).outcome, "error");
  assertEquals(bench.received(UNREADABLE).dropped, { unknown_kind: 4 });
  assertUnheard(bench);
});

const versions = meshRequest("test:note", "").withVersion(1, textSchema).withVersion(2, textSchema)
  .withVersion(3, textSchema).withMin(2) as unknown as TextBehavior;

for (const version of [1, -1]) {
  Deno.test(`Receiver says unsupported_version to version ${version} of a kind at 2 to 3, and names the range`, async () => {
    const service = new TestService((rt) => rt.register(versions));
    await using bench = await Bench.create([], { services: [service] });
    const receipt = await bench.receive(altered(await bench.note(), { version }));
    assert(receipt.outcome === "error");
    assertEquals(receipt.reason, "unsupported_version");
    assertStringIncludes(receipt.detail ?? "", `test:note v${version}: versions 2 to 3 are supported`);
    assertEquals(bench.received(UNREADABLE).dropped, { unsupported_version: 1 });
  });
}

Deno.test("Receiver drops an unknown sender", async () => {
  await using bench = await Bench.create();
  await assertDropped(
    bench,
    await bench.note("hello", { from: await bench.mock.stranger("mallory") }),
    "unknown_sender",
  );
});

Deno.test("Receiver drops a signature of another key in the name of somebody known", async () => {
  await using bench = await Bench.create();
  const mallory = await bench.mock.stranger("mallory");
  await assertDropped(
    bench,
    await bench.note("hello", { from: { ...mallory, id: bench.alice.id } }),
    "invalid_signature",
  );
});

Deno.test("Receiver drops a message without a signature", async () => {
  await using bench = await Bench.create();
  await assertDropped(bench, await bench.note("hello", { form: "unsigned" }), "invalid_signature");
});

Deno.test("Receiver drops an id that does not follow from the content, whoever signed it", async () => {
  await using bench = await Bench.create();
  await assertDropped(bench, altered(await bench.note(), { id: "0123456789abcdef" }), "wrong_id");
});

const ALTERED: Readonly<Record<string, [members: Wire, reason: string]>> = {
  kind: [{ kind: "test:answer" }, "wrong_id"],
  payload: [{ payload: { text: "bye" } }, "wrong_id"],
  timestamp: [{ timestamp: "2026-01-15T10:20:31Z" }, "wrong_id"],
  from_id: [{ from_id: "somebody" }, "wrong_id"],
  from: [{ from: "mallory" }, "invalid_signature"],
  to: [{ to: "bob" }, "invalid_signature"],
  to_id: [{ to_id: undefined }, "invalid_signature"],
  in_reply_to: [{ in_reply_to: "0123456789abcdef" }, "invalid_signature"],
  content_key: [{ content_key: "mine" }, "invalid_signature"],
  "an unknown field": [{ ttl: 5 }, "invalid_signature"],
  envelope_signature: [{ envelope_signature: new Uint8Array(64).toBase64() }, "invalid_signature"],
};

for (const [field, [members, reason]] of Object.entries(ALTERED)) {
  Deno.test(`Receiver drops a message whose ${field} was altered as ${reason}`, async () => {
    await using bench = await Bench.create();
    const frame = altered(await bench.note(), members);
    assertEquals(await bench.receive(frame), { outcome: "drop", reason });
    assertUnheard(bench);
  });
}

Deno.test("Receiver drops a message whose version was altered to another that is spoken", async () => {
  const service = new TestService((rt) => rt.register(versions.withMin(1)));
  await using bench = await Bench.create([], { services: [service] });
  const frame = await bench.frame({ ...note.draft({ text: "a" }), version: 2, to: bench.mock.runtime.me.id });
  await assertDropped(bench, altered(frame, { version: 1 }), "invalid_signature");
});

Deno.test("Receiver drops a stripped envelope signature of a peer known as ours as downgraded, and takes it before", async () => {
  await using bench = await Bench.create();
  const stripped = (text: string) =>
    bench.note(text, { form: "both" }).then((frame) => altered(frame, { envelope_signature: undefined }));
  assertEquals(await bench.receive(await stripped("as Go does")), handled);
  assertEquals(await bench.receive(await bench.note("ours")), handled);
  assertEquals(await bench.receive(await stripped("cut")), { outcome: "drop", reason: "downgraded" });
  assertEquals(await bench.receive(await bench.note("bare", { form: "unsigned" })), {
    outcome: "drop",
    reason: "downgraded",
  });
  assertEquals(bench.service.heard.map(({ payload, proof }) => `${payload.text} ${proof}`), [
    "as Go does signature",
    "ours envelope",
  ]);
});

Deno.test("Receiver drops what is for somebody else, however well it is signed", async () => {
  await using bench = await Bench.create();
  await assertDropped(bench, await bench.frame(note.draft({ text: "a" }, { to: "bob" })), "not_for_me");
});

for (
  const [ageMs, reason] of [[300_001, "stale"], [-60_001, "from_future"], [86_400_000, "stale"]] as const
) {
  Deno.test(`Receiver drops what is ${ageMs} ms old as ${reason}`, async () => {
    await using bench = await Bench.create();
    await assertDropped(bench, await bench.note("a", { ageMs }), reason);
  });
}

for (const ageMs of [300_000, -60_000]) {
  Deno.test(`Receiver takes what is exactly ${ageMs} ms old`, async () => {
    await using bench = await Bench.create();
    assertEquals(await bench.receive(await bench.note("a", { ageMs })), handled);
  });
}

Deno.test("Receiver handles a message once, however often and for however long it comes again", async () => {
  await using bench = await Bench.create();
  const frame = await bench.note();
  assertEquals(await bench.receive(frame), handled);
  for (const waitMs of [0, 0, 150_000, 149_999]) {
    await bench.mock.clock.advance(waitMs);
    assertEquals(await bench.receive(frame), { outcome: "drop", reason: "duplicate_id" });
  }
  await bench.mock.clock.advance(2);
  assertEquals(await bench.receive(frame), { outcome: "drop", reason: "stale" });
  assertEquals(bench.service.texts.length, 1);
});

Deno.test("Receiver remembers for as long as a kind's messages are fresh, and takes late ones as long", async () => {
  await using bench = await Bench.create([note.with({ freshness: { pastMs: 3_600_000 } })]);
  const first = await bench.note("first");
  assertEquals(await bench.receive(first), handled);
  for (let times = 0; times < 10; times++) {
    await bench.mock.clock.advance(200_000);
    assertEquals(await bench.receive(await bench.note(`${times}`)), handled);
  }
  assertEquals(await bench.receive(first), { outcome: "drop", reason: "duplicate_id" });
  assertEquals(await bench.receive(await bench.note("late", { ageMs: 3_000_000 })), handled);
});

Deno.test("Receiver handles one of two copies that come at the same instant", async () => {
  await using bench = await Bench.create();
  const frame = await bench.note();
  const receipts = await Promise.all(Array.from({ length: 5 }, () => bench.receive(frame)));
  assertEquals(receipts.filter(({ outcome }) => outcome === "handled").length, 1);
  assertEquals(bench.service.texts.length, 1);
});

Deno.test("Receiver remembers nothing of what it could not verify: a spoiled copy does not keep the real one out", async () => {
  await using bench = await Bench.create();
  const frame = await bench.note();
  for (
    const members of [{ from: "mallory" }, { envelope_signature: undefined }, { in_reply_to: "x" }, {
      to_id: undefined,
    }]
  ) {
    assertEquals((await bench.receive(altered(frame, members))).outcome, "drop");
  }
  assertEquals(await bench.receive(frame), handled);
});

Deno.test("Receiver shows subscribers, ledger and gossip nothing that it dropped", async () => {
  const event: TextBehavior = storedEvent("test:event", "", 2).withVersion(1, textSchema);
  await using bench = await Bench.create([event]);
  const heard: string[] = [];
  bench.service.rt.subscribe(event, ({ payload }) => void heard.push(payload.text));
  const frame = await bench.frame(event.draft({ text: "fact" }));
  const mallory = await bench.mock.stranger("mallory");
  for (
    const bad of [
      altered(frame, { from: "x" }),
      await bench.frame(event.draft({ text: "lie" }), { from: mallory }),
    ]
  ) {
    assertEquals((await bench.receive(bad)).outcome, "drop");
  }
  assertEquals([heard, bench.service.texts], [[], []]);
  assertEquals(await bench.receive(frame), handled);
  assertEquals([heard, bench.service.texts], [["fact"], ["fact"]]);
});

Deno.test("Receiver recomputes content keys: a wrong one that was signed is dropped, one of Go's replaced", async () => {
  const keyed = note.withContentKey(({ text }) => `said:${text}`);
  await using bench = await Bench.create([keyed]);
  assertEquals(await bench.receive(await bench.note("a", { form: "go" })), handled);
  assertEquals(
    await bench.receive(altered(await bench.note("b", { form: "go" }), { content_key: "lie" })),
    handled,
  );
  assertEquals(bench.service.heard.map(({ contentKey }) => contentKey), ["said:a", "said:b"]);
  const other = note.withContentKey(() => "lie");
  await using liar = await Bench.create([other]);
  const frame = await liar.frame(note.draft({ text: "c" }, { to: bench.mock.runtime.me.id }));
  assertEquals(await bench.receive(frame), { outcome: "drop", reason: "wrong_content_key" });
});

Deno.test("Receiver takes an unsigned kind as unproven, and no reply, name or replay of it counts for the proven sender", async () => {
  const hint: TextBehavior = protocolUnverified("test:hint", "", "topic").withVersion(1, textSchema);
  await using bench = await Bench.create([hint]);
  const mallory = await bench.mock.stranger("mallory");
  for (let at = 0; at < 50; at++) {
    const forged = await bench.frame(hint.draft({ text: `${at}` }), {
      from: { ...mallory, id: bench.alice.id },
      ageMs: -50_000,
    });
    assertEquals(await bench.receive(forged), handled);
  }
  assertEquals(bench.service.heard.every(({ proof }) => proof === "none"), true);
  // Nothing that only a check would need: it may be a part of many more bytes.
  assertEquals(bench.service.heard.every(({ signedEnvelope }) => signedEnvelope === undefined), true);
  assertEquals(bench.mock.runtime.peers.nameOf(bench.alice.id), "alice");
  assertEquals(await bench.receive(await bench.note("still heard")), handled);
});

Deno.test("Receiver drops by the kind's own rate limit and filter, and counts their reasons", async () => {
  const moody = note.withRateLimit({ max: 2, windowMs: 1_000 }).withFilter({
    order: "stream",
    name: "mood",
    describe: () => "no shouting",
    process: (message) =>
      (message.payload as { text: string }).text === "HEY"
        ? drop("x:shouting")
        : { outcome: "continue", message },
  });
  await using bench = await Bench.create([moody]);
  const receipts = [];
  for (const text of ["HEY", "hey", "hello", "hey?"]) {
    receipts.push(await bench.receive(await bench.note(text)));
  }
  assertEquals(receipts.map((receipt) => receipt.outcome === "drop" ? receipt.reason : receipt.outcome), [
    "x:shouting",
    "handled",
    "rate_limited",
    "rate_limited",
  ]);
  assertEquals(bench.received().dropped, { "x:shouting": 1, rate_limited: 2 });
});
