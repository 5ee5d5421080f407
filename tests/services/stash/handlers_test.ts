import { assertEquals } from "@std/assert";
import type { Draft } from "../../../messages/draft.ts";
import { Message, type Proof } from "../../../messages/message.ts";
import type { StashAckV1, StashResponseV1, StashStoreV1 } from "../../../messages/stash.ts";
import { createLogger, silentSink } from "../../../runtime/primitives/logger.ts";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { ServiceStore } from "../../../runtime/primitives/store.ts";
import type { Emitted } from "../../../runtime/service.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import {
  handleRefreshV1,
  handleRequestV1,
  handleResponseV1,
  handleStoreV1,
} from "../../../services/stash/handlers.ts";
import { Shelf } from "../../../services/stash/shelf.ts";
import { unixSeconds } from "../../../utilities/clock.ts";

/** What a confidant's handlers touch: a shelf, and a runtime that notes what it should send. */
function confidant({ ownersMax = 5, bytesMax = 1_000_000 } = {}) {
  const clock = new VirtualClock();
  const sent: Draft[] = [];
  const pushed: string[] = [];
  const emit = <P>(draft: Draft<P>): Promise<Emitted> => {
    sent.push(draft);
    return Promise.resolve({ outcome: "sent", id: "an id" });
  };
  const shelf = new Shelf(new ServiceStore(new MemoryStore(), "stash", bytesMax), ownersMax);
  const pusher = {
    answer: (owner: string) => void pushed.push(`${owner} asked`),
    answerDoubtful: (owner: string) => void pushed.push(`${owner} may have asked`),
  };
  const rt = { clock, emit, log: createLogger("stash", silentSink) };
  return { rt, shelf, pusher, sent, pushed, now: unixSeconds(clock) };
}

function message<P>(fromId: string, payload: P, proof: Proof = "envelope"): Message<P> {
  return new Message({
    kind: "stash:test",
    version: 1,
    fromId,
    timestamp: 0n,
    payload,
    payloadJson: "{}",
    id: `from ${fromId}`,
    proof,
  });
}

const sealed = { nonce: new Uint8Array(24).fill(7), ciphertext: new Uint8Array(64).fill(8) };

function storeOf(owner_id: string, changes: Partial<StashStoreV1> = {}): StashStoreV1 {
  return { owner_id, owner: owner_id, ...sealed, ts: 1_768_472_430, ...changes };
}

Deno.test("handleStoreV1() keeps a stash and acknowledges it to its owner", async () => {
  const context = confidant();
  await handleStoreV1(context, message("alice", storeOf("alice")));
  assertEquals(context.shelf.get("alice"), { ...sealed, storedAt: context.now });
  const payload: StashAckV1 = { owner_id: "alice", stored_at: context.now, success: true, reason: undefined };
  assertEquals(context.sent.map(({ kind, to, inReplyTo, payload }) => ({ kind, to, inReplyTo, payload })), [
    { kind: "stash:ack", to: "alice", inReplyTo: "from alice", payload },
  ]);
});

const INVALID: [why: string, payload: StashStoreV1, reason: string][] = [
  ["no owner", storeOf(""), "owner_id required"],
  ["another's id", storeOf("bob"), "owner_id is not the sender"],
  ["no nonce", storeOf("alice", { nonce: null }), "nonce must be 24 bytes for XChaCha20-Poly1305"],
  [
    "a nonce of 23 bytes",
    storeOf("alice", { nonce: new Uint8Array(23) }),
    "nonce must be 24 bytes for XChaCha20-Poly1305",
  ],
  [
    "a nonce of 25 bytes",
    storeOf("alice", { nonce: new Uint8Array(25) }),
    "nonce must be 24 bytes for XChaCha20-Poly1305",
  ],
  ["no ciphertext", storeOf("alice", { ciphertext: null }), "ciphertext required"],
  ["an empty ciphertext", storeOf("alice", { ciphertext: new Uint8Array() }), "ciphertext required"],
  [
    "a ciphertext of 49 153 bytes",
    storeOf("alice", { ciphertext: new Uint8Array(49_153) }),
    "ciphertext must be at most 49152 bytes",
  ],
];

for (const [why, payload, reason] of INVALID) {
  Deno.test(`handleStoreV1() refuses ${why} and overwrites nothing [TestStashInvalidPayloads]`, async () => {
    const context = confidant();
    for (const owner of ["alice", "bob"]) await handleStoreV1(context, message(owner, storeOf(owner)));
    const before = context.shelf.entries();
    await handleStoreV1(context, message("alice", payload));
    assertEquals(context.sent.at(-1)?.payload, {
      owner_id: payload.owner_id,
      stored_at: context.now,
      success: false,
      reason,
    });
    assertEquals(context.shelf.entries(), before);
  });
}

Deno.test("handleStoreV1() takes a ciphertext of 49 152 bytes", async () => {
  const context = confidant();
  const ciphertext = new Uint8Array(49_152);
  await handleStoreV1(context, message("alice", storeOf("alice", { ciphertext })));
  assertEquals(context.shelf.get("alice")?.ciphertext.length, 49_152);
});

Deno.test("handleStoreV1() says when its storage limit is reached, and still updates owners it knows", async () => {
  const context = confidant({ ownersMax: 1 });
  await handleStoreV1(context, message("alice", storeOf("alice")));
  await handleStoreV1(context, message("bob", storeOf("bob")));
  await handleStoreV1(context, message("alice", storeOf("alice", { ciphertext: new Uint8Array(9) })));
  const acks = context.sent.map(({ payload }) => payload as StashAckV1);
  assertEquals(acks.map(({ success, reason }) => reason ?? success), [true, "storage limit reached", true]);
  assertEquals(context.shelf.get("alice")?.ciphertext.length, 9);
});

Deno.test("handleStoreV1() acknowledges nothing that could not be written", async () => {
  const context = confidant({ bytesMax: 50 });
  await handleStoreV1(context, message("alice", storeOf("alice")));
  const { success, reason } = context.sent[0].payload as StashAckV1;
  assertEquals({ success, reason }, { success: false, reason: "storage failed" });
  assertEquals(context.shelf.size, 0);
});

Deno.test("handleRequestV1() hands a stash to its owner, with the request's own id", async () => {
  const context = confidant();
  await handleStoreV1(context, message("alice", storeOf("alice")));
  await handleRequestV1(context, message("alice", { owner_id: "alice", request_id: "42" }));
  const expected: StashResponseV1 = {
    owner_id: "alice",
    request_id: "42",
    found: true,
    ...sealed,
    stored_at: context.now,
  };
  assertEquals(context.sent.at(-1)?.payload, expected);
  assertEquals(context.sent.at(-1)?.to, "alice");
});

Deno.test("handleRequestV1() finds nothing for an owner it does not know, or for another's id [TestStashRequestNotFound]", async () => {
  const context = confidant();
  await handleStoreV1(context, message("alice", storeOf("alice")));
  for (const [sender, owner_id] of [["bob", "bob"], ["bob", "alice"], ["alice", ""]]) {
    await handleRequestV1(context, message(sender, { owner_id }));
    assertEquals(context.sent.at(-1)?.payload, { owner_id, request_id: undefined, found: false });
    assertEquals(context.sent.at(-1)?.to, sender);
  }
});

Deno.test("handleRefreshV1() answers the owner, and is careful with what proves nothing", () => {
  const context = confidant();
  handleRefreshV1(context, message("alice", { owner_id: "alice" }));
  handleRefreshV1(context, message("alice", { owner_id: "alice" }, "signature"));
  handleRefreshV1(context, message("alice", { owner_id: "alice" }, "none"));
  handleRefreshV1(context, message("bob", { owner_id: "alice" }));
  assertEquals(context.pushed, ["alice asked", "alice asked", "alice may have asked"]);
});

Deno.test("handleResponseV1() offers only this nara's own stash to its owner's side", async () => {
  const offered: string[] = [];
  const owner = {
    offer: (holder: string) => {
      offered.push(holder);
      return Promise.resolve(undefined);
    },
  };
  const context = { rt: { me: { id: "alice", name: "alice", publicKey: new Uint8Array(32) } }, owner };
  const response: StashResponseV1 = { owner_id: "alice", found: true, ...sealed, stored_at: 1 };
  await handleResponseV1(context, message("bob", response));
  await handleResponseV1(context, message("eve", { ...response, owner_id: "eve" }));
  await handleResponseV1(context, message("eve", { ...response, found: false }));
  await handleResponseV1(context, message("eve", { ...response, ciphertext: undefined }));
  await handleResponseV1(context, message("eve", { ...response, nonce: undefined }));
  assertEquals(offered, ["bob"]);
});

Deno.test("handleStoreV1() refuses a store that its owner made before the one that is kept", async () => {
  const context = confidant();
  const madeAt = (timestamp: bigint, ciphertext: Uint8Array) => {
    const store = message("alice", storeOf("alice", { ciphertext }));
    return new Message({ ...store, timestamp, payloadJson: "{}", id: `at ${timestamp}` });
  };
  const [older, newer] = [new Uint8Array(64).fill(1), new Uint8Array(64).fill(2)];
  await handleStoreV1(context, madeAt(2_000_000_000n, newer));
  await handleStoreV1(context, madeAt(1_000_000_000n, older));
  assertEquals(context.shelf.get("alice")?.ciphertext, newer);
  const acks = context.sent.map(({ payload }) => payload as StashAckV1);
  assertEquals(acks.map(({ success, reason }) => [success, reason]), [
    [true, undefined],
    [false, "older than what is kept"],
  ]);
});
