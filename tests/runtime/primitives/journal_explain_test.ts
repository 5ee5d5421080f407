import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { PassageRecord } from "../../../runtime/primitives/journal.ts";
import {
  adviceForDrop,
  adviceForError,
  adviceForRefusal,
  DROP_ADVICE,
  ERROR_ADVICE,
  FOREIGN_ADVICE,
  REFUSAL_ADVICE,
  UNKNOWN_ERROR_ADVICE,
} from "../../../runtime/primitives/journal_advice.ts";
import { explain, explainAsJson } from "../../../runtime/primitives/journal_explain.ts";
import stageSource from "../../../runtime/stage.ts" with { type: "text" };
import behaviorErrorSource from "../../../runtime/behavior_error.ts" with { type: "text" };
import callErrorSource from "../../../runtime/call_error.ts" with { type: "text" };
import identityErrorSource from "../../../utilities/identity_error.ts" with { type: "text" };
import ledgerSource from "../../../runtime/ledger/ledger.ts" with { type: "text" };
import meshSource from "../../../runtime/transport/mesh.ts" with { type: "text" };
import peerErrorSource from "../../../runtime/primitives/peer_error.ts" with { type: "text" };
import outboxEntrySource from "../../../runtime/primitives/outbox_entry.ts" with { type: "text" };
import plazaSource from "../../../runtime/transport/plaza.ts" with { type: "text" };
import messageErrorSource from "../../../messages/message_error.ts" with { type: "text" };
import storeSource from "../../../runtime/primitives/store.ts" with { type: "text" };
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";

/** The words of a union of texts, as its source says: types are gone when a test runs. */
function wordsOf(source: string, union: RegExp): string[] {
  const body = union.exec(source)?.[1] ?? "";
  const words = [...body.replaceAll(/\/\*[\s\S]*?\*\//g, "").matchAll(/"([a-z_]+)"/g)];
  return words.map(([, word]) => word);
}

const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  BehaviorError: wordsOf(behaviorErrorSource, /class BehaviorError extends NaraError<([\s\S]*?)> \{/),
  CallError: wordsOf(callErrorSource, /class CallError extends NaraError<([\s\S]*?)> \{/),
  IdentityError: wordsOf(identityErrorSource, /class IdentityError extends NaraError<([\s\S]*?)> \{/),
  LedgerError: wordsOf(ledgerSource, /class LedgerError extends NaraError<([\s\S]*?)> \{/),
  MeshError: wordsOf(meshSource, /class MeshError extends NaraError<([\s\S]*?)> \{/),
  PeerError: wordsOf(peerErrorSource, /class PeerError extends NaraError<([\s\S]*?)> \{/),
  MessageError: wordsOf(messageErrorSource, /type MessageErrorCode =([\s\S]*?);/),
  OutboxError: wordsOf(outboxEntrySource, /class OutboxError extends NaraError<([\s\S]*?)> \{/),
  PlazaError: wordsOf(plazaSource, /class PlazaError extends NaraError<([\s\S]*?)> \{/),
  StoreError: wordsOf(storeSource, /class StoreError extends NaraError<([\s\S]*?)> \{/),
};

Deno.test("DROP_ADVICE has a line for every reason of the union DropReason", () => {
  const reasons = wordsOf(stageSource, /type DropReason =([\s\S]*?);/);
  assert(reasons.includes("not_for_me") && reasons.length >= 20, "the union was not found in its source");
  assertEquals(reasons.filter((reason) => adviceForDrop(reason) === FOREIGN_ADVICE), []);
});

for (const [family, codes] of Object.entries(FAMILIES)) {
  Deno.test(`ERROR_ADVICE has a line for every code of ${family}`, () => {
    assert(codes.length >= 3, "the codes were not found in their source");
    assertEquals(codes.filter((code) => adviceForError(family, code) === UNKNOWN_ERROR_ADVICE), []);
  });
}

Deno.test("adviceForRefusal() knows what only the other side can mend, and else says what a drop here would need", () => {
  assertEquals(adviceForRefusal("blocked"), REFUSAL_ADVICE.blocked);
  assertEquals(adviceForRefusal("wrong_id"), DROP_ADVICE.wrong_id);
  const unheardOf = Object.keys(REFUSAL_ADVICE).filter((reason) => !Object.hasOwn(DROP_ADVICE, reason));
  assertEquals(unheardOf, []);
});

Deno.test("advice is one line each, and ends as a sentence does", () => {
  for (const table of [DROP_ADVICE, REFUSAL_ADVICE, ...Object.values(ERROR_ADVICE)]) {
    for (const line of Object.values(table)) assertMatch(line, /^[A-Z][^\n]{20,160}[.]$/);
  }
});

Deno.test("adviceForDrop() and adviceForError() take any word, those of objects included", () => {
  assertEquals(adviceForDrop("x:mood"), FOREIGN_ADVICE);
  assertEquals(adviceForDrop("constructor"), FOREIGN_ADVICE);
  assertEquals(adviceForRefusal("constructor"), FOREIGN_ADVICE);
  assertEquals(adviceForError("constructor", "toString"), UNKNOWN_ERROR_ADVICE);
  assertEquals(adviceForError("MeshError", "toString"), UNKNOWN_ERROR_ADVICE);
  assertEquals(adviceForError(undefined, undefined), UNKNOWN_ERROR_ADVICE);
});

function passage(parts: Partial<PassageRecord>): PassageRecord {
  return {
    id: "abcdefghijklmnop",
    direction: "receive",
    kind: "test:note",
    fromId: "alice",
    toId: "me",
    atNs: new VirtualClock().nowNs(),
    stages: ["target", "freshness", "verify", "notify"],
    durationsMs: [0, 0.02, 1.234, 0],
    outcome: "done",
    ...parts,
  };
}

Deno.test("explain() tells a message's way stage by stage, and what to do about a failure", () => {
  const failed = passage({
    direction: "emit",
    stages: ["id", "sign", "mesh", "notify"],
    durationsMs: [0, 0.5, 5_000.4],
    outcome: "retrying",
    stage: "mesh",
    reason: "Cannot reach bob",
    errorName: "MeshError",
    errorCode: "unreachable",
  });
  const sent = passage({ direction: "emit", receipt: { outcome: "drop", reason: "rate_limited" } });
  const lines = explain("abcdefghijklmnop", {
    known: "passages",
    passages: [failed, sent],
    underWay: "retry 3 in 12 s",
  });
  assertEquals(lines, [
    "test:note abcdefghijklmnop, from alice to me",
    "",
    "2026-01-15T10:20:30Z emitted",
    "  id, sign: 0.50 ms",
    "  mesh: 5000 ms",
    "  Failed at mesh, and will be tried again: MeshError (unreachable): Cannot reach bob",
    `  What to do: ${ERROR_ADVICE.MeshError.unreachable}`,
    "",
    "2026-01-15T10:20:30Z emitted",
    "  target, freshness: 0.02 ms",
    "  verify: 1.23 ms",
    "  notify: 0.00 ms",
    "  Sent; the other side says that it dropped it: rate_limited.",
    `  What to do: ${REFUSAL_ADVICE.rate_limited}`,
    "",
    "Now: retry 3 in 12 s",
  ]);
});

Deno.test("explain() has words for every outcome", () => {
  const endings = (["done", "drop", "error", "quarantined", "retrying", "queued"] as const).map((outcome) => {
    const parts = { outcome, stage: "verify", reason: "stale", peer: "10.0.0.7:7433", handlerMs: 12 };
    return explain("abcdefghijklmnop", { known: "passages", passages: [passage(parts)] }).join("\n");
  });
  const said = ["Handled.", "Dropped at verify: stale.", "Failed at verify: stale", "Quarantined at verify."];
  [...said, "will be tried again: stale", "among the dead letters: stale"].forEach((words, index) =>
    assertStringIncludes(endings[index], words)
  );
  assertStringIncludes(endings[0], "received from 10.0.0.7:7433");
  assertStringIncludes(endings[0], "  handler: 12 ms");
  assertEquals(endings.map((ending) => ending.includes("What to do: ")), [
    false,
    ...Array.from({ length: 5 }, () => true),
  ]);
});

Deno.test("explain() says forgotten and unknown in a line each, and that a message is only under way", () => {
  assertMatch(explain("an-id", { known: "forgotten" }).join("\n"), /^an-id came by, but .*forgotten.*$/);
  assertMatch(explain("an-id", { known: "unknown" }).join("\n"), /^Nothing is known of an-id: .*$/);
  assertEquals(explain("an-id", { known: "passages", passages: [], underWay: "in the outbox" }), [
    "an-id has not ended yet.",
    "",
    "Now: in the outbox",
  ]);
});

Deno.test("explainAsJson() says the same as JSON", () => {
  const dropped = passage({
    outcome: "drop",
    stage: "verify",
    reason: "unknown_sender",
    durationsMs: [0, 0.02, 1],
  });
  const said = explainAsJson("abcdefghijklmnop", { known: "passages", passages: [dropped] });
  assertEquals(JSON.parse(JSON.stringify(said)), {
    id: "abcdefghijklmnop",
    known: "passages",
    passages: [{
      id: "abcdefghijklmnop",
      direction: "receive",
      kind: "test:note",
      fromId: "alice",
      toId: "me",
      at: "2026-01-15T10:20:30Z",
      stages: [{ name: "target", ms: 0 }, { name: "freshness", ms: 0.02 }, { name: "verify", ms: 1 }],
      outcome: "drop",
      stage: "verify",
      reason: "unknown_sender",
      advice: DROP_ADVICE.unknown_sender,
    }],
  });
  assertEquals(explainAsJson("an-id", { known: "unknown" }), { id: "an-id", known: "unknown", passages: [] });
});
