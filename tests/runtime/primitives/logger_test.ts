import { assertEquals } from "@std/assert";
import { createLogger, type LogRecord, silentSink } from "../../../runtime/primitives/logger.ts";

Deno.test("createLogger() speaks for one service, at four levels", () => {
  const records: LogRecord[] = [];
  const log = createLogger("stash", (record) => void records.push(record));
  log.debug("one");
  log.info("two", { peer: "alice" });
  log.warn("three", { count: 3 });
  log.error("four", { ok: false, none: undefined });
  assertEquals(records, [
    { level: "debug", service: "stash", message: "one", fields: {} },
    { level: "info", service: "stash", message: "two", fields: { peer: "alice" } },
    { level: "warn", service: "stash", message: "three", fields: { count: 3 } },
    { level: "error", service: "stash", message: "four", fields: { ok: false, none: undefined } },
  ]);
});

Deno.test("createLogger() hurts nobody where its sink is broken", () => {
  const log = createLogger("stash", () => {
    throw new Error("broken pipe");
  });
  log.error("said to nobody");
});

Deno.test("silentSink says nothing", () => {
  createLogger("stash", silentSink).error("quiet");
});
