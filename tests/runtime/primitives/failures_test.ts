import { assertEquals } from "@std/assert";
import type { ErrorStrategy } from "../../../runtime/error_strategy.ts";
import { LedgerError } from "../../../runtime/ledger/ledger.ts";
import {
  type Failure,
  type FailureKeeper,
  Failures,
  isOwnFault,
} from "../../../runtime/primitives/failures.ts";
import { createLogger } from "../../../runtime/primitives/logger.ts";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { IdentityError } from "../../../utilities/identity_error.ts";
import { messageOf } from "../../helpers/stage_context.ts";

const failure: Failure = { message: messageOf(), direction: "emit", stage: "mesh", error: new Error("boom") };

/** What a strategy did: who kept the failure, what was logged, what the panic said. */
function handled(
  strategy: ErrorStrategy,
  keepers: { retry?: FailureKeeper; deadLetters?: FailureKeeper } = {},
  parts: Partial<Failure> = {},
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
  return { kept: failures.handle({ ...failure, ...parts }, strategy), lines, panics };
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

Deno.test("Failures.handle() tries nothing again that came in: it goes to the dead letters", () => {
  const { kept } = handled("retry", { retry: takes, deadLetters: takes }, { direction: "receive" });
  assertEquals(kept, "queued");
});

Deno.test("Failures.handle() asks keepers that need time at once, and answers when they have kept it", async () => {
  const gate = Promise.withResolvers<boolean>();
  const asked: string[] = [];
  const { kept } = handled("retry", {
    retry: () => {
      asked.push("retry");
      return gate.promise;
    },
  });
  assertEquals(asked, ["retry"], "it has its place before anything else happens");
  gate.resolve(true);
  assertEquals(await kept, "retrying");
});

Deno.test("Failures.handle() goes on to the next keeper when one that needs time refuses or rejects", async () => {
  const refusesLater: FailureKeeper = () => Promise.resolve(false);
  const breaksLater: FailureKeeper = () => Promise.reject(new Error("disk full"));
  const takesLater: FailureKeeper = () => Promise.resolve(true);
  assertEquals(await handled("retry", { retry: refusesLater, deadLetters: takesLater }).kept, "queued");
  assertEquals(await handled("retry", { retry: breaksLater, deadLetters: takes }).kept, "queued");
  const { kept, lines } = handled("retry", { retry: breaksLater, deadLetters: breaksLater });
  assertEquals([await kept, lines], ["dropped", [
    "error: a failed message could not be kept at undefined",
    "error: a failed message could not be kept at undefined",
    "warn: emit failed at mesh",
  ]]);
});

const damaged = new LedgerError("unreadable", "the ledger is damaged");

Deno.test("Failures.handle() stops the nara where its own machine broke and a panic is what was declared", () => {
  const { kept, panics } = handled("panic", { retry: takes, deadLetters: takes }, { error: damaged });
  assertEquals([kept, panics], ["dropped", ["emit of test:note failed at mesh: the ledger is damaged"]]);
});

Deno.test("Failures.handle() never stops the nara for anything else: it is a dead letter, with an alarm", () => {
  const alarm = "error: emit failed that must not at mesh";
  assertEquals(handled("panic", { retry: takes, deadLetters: takes }), {
    kept: "queued",
    lines: [alarm],
    panics: [],
  });
  assertEquals(handled("panic"), {
    kept: "dropped",
    lines: [alarm, "warn: emit failed at mesh"],
    panics: [],
  });
});

Deno.test("Failures.handle() panics for nothing but a panic", () => {
  for (const strategy of ["drop", "log", "retry", "queue"] as const) {
    assertEquals(handled(strategy, {}, { error: damaged }).panics, []);
  }
});

Deno.test("isOwnFault() is true for what the machine itself broke, also where it is the cause", () => {
  const faults = [
    damaged,
    new StoreError("unreadable", "damaged"),
    new IdentityError("cannot_sign", "the key does not sign"),
    new Error("cannot store", { cause: new Error("cannot add", { cause: damaged }) }),
  ];
  for (const error of faults) assertEquals(isOwnFault(error), true, error.message);
});

Deno.test("isOwnFault() is false for what a peer, a broker or a full disk can cause, and for anything thrown", () => {
  const endless = new Error("endless");
  endless.cause = endless;
  const others = [
    new LedgerError("ledger_full", "full"),
    new LedgerError("disk_full", "full"),
    new LedgerError("locked", "locked"),
    new LedgerError("read_only", "read-only"),
    new StoreError("store_full", "full"),
    new IdentityError("unsealable", "tampered"),
    new IdentityError("bad_public_key", "no key"),
    new MeshError("unreachable", "away"),
    new Error("own ledger is corrupt"),
    Object.assign(new Error("pretends"), { name: "LedgerError", code: "unreadable" }),
    endless,
    "unreadable",
    undefined,
    Object.create(null),
  ];
  for (const error of others) assertEquals(isOwnFault(error), false);
});

Deno.test("Failures.handle() hands over the failure itself", () => {
  const seen: Failure[] = [];
  handled("queue", { deadLetters: (each) => seen.push(each) > 0 });
  assertEquals(seen, [failure]);
});
