import { assertEquals } from "@std/assert";
import type { Behavior } from "../../runtime/behavior.ts";
import { type DeliveryPromise, PROMISE_TESTS, promiseOf } from "../../runtime/promise.ts";
import { store } from "../../runtime/stages/store.ts";
import {
  broadcastEvent,
  ephemeral,
  local,
  meshRequest,
  protocol,
  protocolUnverified,
  storedEvent,
} from "../../runtime/templates.ts";

const BEST_EFFORT = "best effort";
const AT_LEAST_ONCE = "at least once until its deadline, or a dead letter";
const STORED = "stored before acknowledged";

const CASES: [says: string, behavior: Behavior<unknown, object>, promise: DeliveryPromise][] = [
  ["a request", meshRequest("test:a", ""), AT_LEAST_ONCE],
  [
    "a request that is not tried again",
    meshRequest("test:a", "").with({ onError: { transport: "log" } }),
    BEST_EFFORT,
  ],
  [
    "a request whose target alone stores it",
    meshRequest("test:a", "").with({ receive: { store: store(1) } }),
    AT_LEAST_ONCE,
  ],
  ["a protocol message", protocol("test:a", "", "t"), BEST_EFFORT],
  ["an unverified one", protocolUnverified("test:a", "", "t"), BEST_EFFORT],
  ["an ephemeral one", ephemeral("test:a", "", "t"), BEST_EFFORT],
  ["a stored event", storedEvent("test:a", "", 2), STORED],
  ["a broadcast event", broadcastEvent("test:a", "", 2, "t"), STORED],
  ["a local message", local("test:a", ""), BEST_EFFORT],
  [
    "a local message with retries that has nowhere to go",
    local("test:a", "").with({ onError: { transport: "retry" } }),
    BEST_EFFORT,
  ],
  ["a local message that is stored", local("test:a", "").with({ emit: { store: store(1) } }), STORED],
];

for (const [says, { spec }, promise] of CASES) {
  Deno.test(`promiseOf() ${says} is "${promise}"`, () => assertEquals(promiseOf(spec), promise));
}

Deno.test("PROMISE_TESTS names a test for every promise, and no two the same", () => {
  assertEquals(Object.keys(PROMISE_TESTS), [BEST_EFFORT, AT_LEAST_ONCE, STORED]);
  assertEquals(new Set(Object.values(PROMISE_TESTS)).size, 3);
});
