import { assertEquals } from "@std/assert";
import type { ErrorStrategy } from "../../../runtime/error_strategy.ts";
import { type Failure, type FailureKeeper, Failures } from "../../../runtime/primitives/failures.ts";
import { createLogger } from "../../../runtime/primitives/logger.ts";
import { messageOf } from "../../helpers/stage_context.ts";

const failure: Failure = { message: messageOf(), direction: "emit", stage: "mesh", error: new Error("boom") };

/** What a strategy did: who kept the failure, what was logged, what the panic said. */
function handled(
  strategy: ErrorStrategy,
  keepers: { retry?: FailureKeeper; deadLetters?: FailureKeeper } = {},
) {
  const lines: string[] = [];
  const panics: string[] = [];
  const failures = new Failures({
    log: createLogger(
      "runtime",
      ({ level, message, fields }) => void lines.push(`${level}: ${message} at ${fields.stage}`),
    ),
    panic: (reason) => void panics.push(reason),
    ...keepers,
  });
  return { kept: failures.handle(failure, strategy), lines, panics };
}

const takes: FailureKeeper = () => true;
const refuses: FailureKeeper = () => false;
const breaks: FailureKeeper = () => {
  throw new Error("disk full");
};

Deno.test("Failures.handle() says nothing of what may be dropped", () => {
  assertEquals(handled("drop", { retry: takes, deadLetters: takes }), {
    kept: "dropped",
    lines: [],
    panics: [],
  });
});

Deno.test("Failures.handle() warns of what should be logged", () => {
  assertEquals(handled("log", { retry: takes, deadLetters: takes }), {
    kept: "dropped",
    lines: ["warn: emit failed at mesh"],
    panics: [],
  });
});

Deno.test("Failures.handle() hands what should be tried again to whoever does, else to the dead letters", () => {
  assertEquals(handled("retry", { retry: takes, deadLetters: takes }).kept, "retrying");
  assertEquals(handled("retry", { retry: refuses, deadLetters: takes }).kept, "queued");
  assertEquals(handled("retry", { deadLetters: takes }).kept, "queued");
});

Deno.test("Failures.handle() never tries again what should be queued", () => {
  assertEquals(handled("queue", { retry: takes, deadLetters: takes }).kept, "queued");
  assertEquals(handled("queue", { retry: takes }).kept, "dropped");
});

Deno.test("Failures.handle() logs what nobody keeps", () => {
  for (const strategy of ["retry", "queue"] as const) {
    for (const keepers of [{}, { retry: refuses, deadLetters: refuses }]) {
      const { kept, lines } = handled(strategy, keepers);
      assertEquals([kept, lines], ["dropped", ["warn: emit failed at mesh"]]);
    }
  }
});

Deno.test("Failures.handle() survives a keeper that throws, and asks the next", () => {
  assertEquals(handled("retry", { retry: breaks, deadLetters: takes }).kept, "queued");
  const { kept, lines } = handled("retry", { retry: breaks, deadLetters: breaks });
  assertEquals([kept, lines.length], ["dropped", 3]);
});

Deno.test("Failures.handle() stops the nara where a panic is what was declared, and says why", () => {
  const { kept, panics } = handled("panic", { retry: takes, deadLetters: takes });
  assertEquals([kept, panics], ["dropped", ["emit of test:note failed at mesh: boom"]]);
});

Deno.test("Failures.handle() hands over the failure itself", () => {
  const seen: Failure[] = [];
  handled("queue", { deadLetters: (each) => seen.push(each) > 0 });
  assertEquals(seen, [failure]);
});
