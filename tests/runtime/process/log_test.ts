import { assertEquals, assertStringIncludes } from "@std/assert";
import type { ServiceLevel } from "../../../runtime/process/setting_values.ts";
import { Secret } from "../../../utilities/secret.ts";
import vectors from "../../interop/vectors/identity.json" with { type: "json" };
import { createLogger, type LogLevel, type LogSink } from "../../../runtime/primitives/logger.ts";
import { createLogSink } from "../../../runtime/process/log.ts";
import { printable } from "../../../runtime/process/printable.ts";

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

Deno.test("createLogSink() writes a line for a person, with the date where nobody looks on", () => {
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
    "2023-11-14T22:13:20.123Z info  stash    three confidants",
    '2023-11-14T22:13:20.123Z error stash    no luck peer=alice tries=3 isOver=true detail="a b" quote="x\\"y"',
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
    '2023-11-14T22:13:20.123Z info  stash    met \\u{1b}[31m\\u{d}\\u{a}\\u{202e}evil name="a\\u{2028}b\\u0007"',
  );
});

/** Which of four levels of three services are written. */
function heard(level: LogLevel, serviceLevels: readonly ServiceLevel[]): string[] {
  const written: string[] = [];
  const write = (line: string) => written.push(line.split(/ +/).slice(1, 3).reverse().join(" "));
  const clock = { nowNs: () => 0n };
  const sink = createLogSink({ level, serviceLevels, json: false, color: false, clock, write });
  for (const service of ["runtime", "stash", "presence"]) {
    const log = createLogger(service, sink);
    for (const level of ["debug", "info", "warn", "error"] as const) log[level]("x");
  }
  return written;
}

Deno.test("createLogSink() has a level for each service that was given one", () => {
  assertEquals(
    heard("warn", [{ service: "stash", level: "debug" }, { service: "presence", level: "off" }]),
    ["runtime warn", "runtime error", "stash debug", "stash info", "stash warn", "stash error"],
  );
  assertEquals(heard("error", [{ service: "stash", level: "off" }, { service: "stash", level: "warn" }]), [
    "runtime error",
    "stash warn",
    "stash error",
    "presence error",
  ]);
});

Deno.test("createLogSink() leaves nothing behind that two naras in one process would share", () => {
  const written: string[][] = [[], []];
  const sinks = written.map((lines, index): LogSink =>
    createLogSink({
      level: index === 0 ? "error" : "info",
      json: index === 1,
      color: false,
      clock: { nowNs: () => 0n },
      write: (line) => lines.push(line),
    })
  );
  for (const sink of [...sinks, sinks[0]]) createLogger("stash", sink).warn("careful");
  assertEquals(written[0], []);
  assertEquals(written[1].map((line) => JSON.parse(line).level), ["warn"]);
  const root = Reflect.get(globalThis, Symbol.for("logtape.rootLogger")); // What LogTape keeps for all of a process.
  assertEquals([root.sinks, root.filters, Object.keys(root.children)], [[], [], ["logtape"]]);
});

Deno.test("createLogSink() writes no secret and no soul, wherever it stands", () => {
  const [{ soul }] = vectors.identities;
  for (const json of [true, false]) {
    const [line] = lines({ json }, (log) => {
      const secret = new Secret("quite secret") as unknown as string;
      log.error(`could not use ${soul}`, { soul, [soul]: "key", secret, inside: `(${soul})` });
    });
    assertEquals([line.includes(soul), line.includes("quite secret")], [false, false], line);
    assertStringIncludes(line, "could not use (hidden)");
    assertStringIncludes(line, "[secret]");
  }
});

Deno.test("createLogSink() never throws, and writes what can be written", () => {
  const spoilt = {
    toString: () => {
      throw new Error("no text");
    },
  } as unknown as string;
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (const json of [true, false]) {
    const written = lines({ json }, (log) => {
      log.info("spoilt", { spoilt });
      log.info("circular", { circular: circular as unknown as string });
      log.info("large", { large: 2n ** 70n as unknown as number });
      log.info("after");
    });
    assertEquals(written.filter((line) => /large|after/.test(line)).length, 2);
  }
  const sink = createLogSink({
    level: "info",
    json: true,
    color: false,
    clock: { nowNs: () => 0n },
    write: () => {
      throw new Error("the terminal is gone");
    },
  });
  sink({ level: "info", service: "stash", message: "into the void", fields: {} });
});

Deno.test("printable() leaves printable text alone", () => {
  assertEquals(printable("Zoë 🦊 7 – ok"), "Zoë 🦊 7 – ok");
});
