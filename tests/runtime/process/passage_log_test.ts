import { timesOf } from "../../helpers/times.ts";
import { assertEquals, assertFalse } from "@std/assert";
import type { Passage } from "../../../runtime/primitives/journal.ts";
import { createLogger, type LogRecord } from "../../../runtime/primitives/logger.ts";
import { passageLog } from "../../../runtime/process/passage_log.ts";
import { alice, me } from "../../helpers/stage_context.ts";
import { Message } from "../../../messages/message.ts";

const message = new Message(
  {
    kind: "test:note",
    version: 1,
    fromId: alice.id,
    toId: me.id,
    timestamp: "2026-01-15T10:20:30Z",
    payload: { text: "between us" },
    payloadJson: '{"text":"between us"}',
  },
);
const stages = ["target", "verify", "dedupe"];
const received: Passage = {
  direction: "receive",
  message,
  peer: "http://127.0.0.1:1",
  passed: timesOf(5, stages, [0, 0.123, 0.01]),
  outcome: "done",
};

/** The line that comes of a passage. */
function lineOf(passage: Passage): LogRecord {
  const lines: LogRecord[] = [];
  passageLog(createLogger("runtime", (line) => lines.push(line)))(passage);
  assertEquals(lines.map(({ level, service }) => [level, service]), [["debug", "runtime"]]);
  assertFalse(JSON.stringify(lines).includes("between us"));
  return lines[0];
}

Deno.test("passageLog() writes every stage of a message that went all the way, with what it took", () => {
  const { message: text, fields } = lineOf({ ...received, handlerMs: 12.345 });
  assertEquals(text, "receive test:note: done");
  assertEquals(fields, {
    id: message.id,
    from: alice.id,
    peer: "http://127.0.0.1:1",
    stages: "target 0.00, verify 0.12, dedupe 0.01",
    handlerMs: "12.35",
  });
});

Deno.test("passageLog() says where and why a message ended, and no stage behind that", () => {
  const dropped = lineOf({ ...received, outcome: "drop", stage: "verify", reason: "unknown_sender" });
  assertEquals(dropped.message, "receive test:note: drop at verify (unknown_sender)");
  assertEquals(dropped.fields.stages, "target 0.00, verify 0.12");
  const error = new Error("nobody is there");
  const failed = lineOf({
    ...received,
    direction: "emit",
    peer: undefined,
    outcome: "error",
    stage: "mesh",
    error,
  });
  assertEquals(failed.message, "emit test:note: error at mesh (nobody is there)");
  assertEquals(failed.fields.to, me.id);
});

Deno.test("passageLog() tells of a message that ended in its handler, behind all stages", () => {
  const { message: text, fields } = lineOf({
    ...received,
    outcome: "error",
    stage: "handler",
    error: new Error("no"),
  });
  assertEquals(text, "receive test:note: error at handler (no)");
  assertEquals(fields.stages, "target 0.00, verify 0.12, dedupe 0.01");
});
