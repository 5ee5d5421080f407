import { assertEquals } from "@std/assert";
import { createLogger, type LogLevel } from "../../../runtime/primitives/logger.ts";
import { createLogSink, printable } from "../../../runtime/process/log.ts";

/** The lines that come of `speak`. */
function lines(
  options: { level?: LogLevel; json?: boolean; color?: boolean },
  speak: (log: ReturnType<typeof createLogger>) => void,
): string[] {
  const written: string[] = [];
  const sink = createLogSink({
    level: "debug",
    json: false,
    color: false,
    clock: { nowNs: () => 1_700_000_000_123_456_789n },
    write: (line) => written.push(line),
    ...options,
  });
  speak(createLogger("stash", sink));
  return written;
}

Deno.test("createLogSink() writes a line for a person", () => {
  const written = lines({}, (log) => {
    log.info("three confidants");
    log.error("no luck", {
      peer: "alice",
      tries: 3,
      isOver: true,
      detail: "a b",
      quote: 'x"y',
      nothing: undefined,
    });
  });
  assertEquals(written, [
    "22:13:20.123 info  stash    three confidants",
    '22:13:20.123 error stash    no luck peer=alice tries=3 isOver=true detail="a b" quote="x\\"y"',
  ]);
});

Deno.test("createLogSink() writes a line of JSON for a program", () => {
  const [line] = lines({ json: true, color: true }, (log) => log.warn("a\nb", { peer: "\x1b[2J", tries: 3 }));
  assertEquals(JSON.parse(line), {
    time: "2023-11-14T22:13:20.123Z",
    level: "warn",
    service: "stash",
    message: "a\nb",
    fields: { peer: "\x1b[2J", tries: 3 },
  });
  assertEquals(line.split("\n").length, 1);
});

Deno.test("createLogSink() leaves out what matters too little", () => {
  const speak = (log: ReturnType<typeof createLogger>) => {
    for (const level of ["debug", "info", "warn", "error"] as const) log[level](level);
  };
  const levels = (level: LogLevel) => lines({ level }, speak).map((line) => line.split(" ")[1]);
  assertEquals(levels("debug"), ["debug", "info", "warn", "error"]);
  assertEquals(levels("warn"), ["warn", "error"]);
  assertEquals(levels("error"), ["error"]);
});

Deno.test("createLogSink() colours only where it is told to", () => {
  const [line] = lines({ color: true }, (log) => log.warn("careful", { peer: "a" }));
  assertEquals(
    line,
    "\x1b[90m22:13:20.123\x1b[0m \x1b[33mwarn \x1b[0m stash    careful \x1b[90mpeer=a\x1b[0m",
  );
});

Deno.test("createLogSink() lets no stranger command the terminal or forge a line", () => {
  const [line] = lines({}, (log) => log.info("met \x1b[31m\r\n\u202Eevil", { name: "a\u2028b\x07" }));
  assertEquals(
    line,
    '22:13:20.123 info  stash    met \\u{1b}[31m\\u{d}\\u{a}\\u{202e}evil name="a\\u{2028}b\\u0007"',
  );
});

Deno.test("printable() leaves printable text alone", () => {
  assertEquals(printable("Zoë 🦊 7 – ok"), "Zoë 🦊 7 – ok");
});
