import { assertEquals } from "@std/assert";
import { createLogger, type LogRecord } from "../../../runtime/primitives/logger.ts";
import { Background } from "../../../services/stash/background.ts";

function setUp() {
  const controller = new AbortController();
  const logs: LogRecord[] = [];
  const log = createLogger("stash", (record) => void logs.push(record));
  return { background: new Background({ log, signal: controller.signal }), controller, logs };
}

Deno.test("Background.run() logs what fails, unless the service is stopping", async () => {
  const { background, controller, logs } = setUp();
  background.run("counting", () => Promise.reject(new RangeError("too many")));
  await background.idle();
  assertEquals(logs.map(({ level, message, fields }) => ({ level, message, fields })), [
    { level: "error", message: "counting failed", fields: { error: "too many" } },
  ]);
  controller.abort();
  background.run("counting", () => Promise.reject(new RangeError("too many")));
  await background.idle();
  assertEquals(logs.length, 1);
});

Deno.test("Background.idle() waits for all that runs", async () => {
  const { background } = setUp();
  const ended: string[] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  gates.forEach(({ promise }, index) =>
    background.run("waiting", () => promise.then(() => void ended.push(`${index}`)))
  );
  const idle = background.idle().then(() => ended.push("idle"));
  gates[1].resolve();
  await Promise.resolve();
  gates[0].resolve();
  await idle;
  assertEquals(ended, ["1", "0", "idle"]);
});
