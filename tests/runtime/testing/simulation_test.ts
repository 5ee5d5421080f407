import {
  assert,
  assertEquals,
  assertGreater,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import * as z from "zod";
import type { RuntimeApi, Service } from "../../../runtime/service.ts";
import { meshRequest } from "../../../runtime/templates.ts";
import { Simulation } from "../../../runtime/testing/simulation.ts";
import { NO_FAULTS } from "../../../runtime/testing/simulation_faults.ts";
import type { SimulatedNara } from "../../../runtime/testing/simulation_nara.ts";
import type { SimulationOptions } from "../../../runtime/testing/simulation_options.ts";
import type { SimulationReport } from "../../../runtime/testing/simulation_report.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import { never } from "../../../runtime/testing/simulation_clock.ts";

const Count = z.strictObject({ n: z.int() });
const pong = meshRequest("test:pong", "Answers a ping").withVersion(1, Count);
const ping = meshRequest("test:ping", "Asks for a pong").withVersion(1, Count).withReplies(pong);

/** Pings and pongs, and keeps the highest number that it was sent. */
class PingService implements Service {
  readonly name = "ping";
  readonly net = [];
  rt!: RuntimeApi;
  #n = 0;

  constructor(readonly onPing: () => void = () => {}) {}

  registerBehaviors(rt: RuntimeApi): void {
    this.rt = rt;
    rt.register(pong);
    rt.register(ping, {
      1: async (message) => {
        this.onPing();
        await rt.store.set("n", new Uint8Array([message.payload.n % 256]));
        await rt.emit(pong.reply(message, message.payload));
      },
    });
  }

  async ping(): Promise<void> {
    const { peers, random, call } = this.rt;
    const others = peers.proven();
    const { id: to } = others[Math.floor(random.next() * others.length)];
    await call(ping.draft({ n: this.#n++ }, { to }), pong, { deadlineMs: 8_000 });
  }
}

const pingOf = (nara: SimulatedNara): PingService => nara.runtime.service(PingService);

function simulate(options: Partial<SimulationOptions> = {}): Promise<SimulationReport> {
  return new Simulation({
    seed: 1,
    naras: 3,
    hours: 0.1,
    services: () => [new PingService()],
    act: (nara) => pingOf(nara).ping(),
    ...options,
  }).run();
}

const checksOf = (
  { violations }: SimulationReport,
): string[] => [...new Set(violations.map(({ check }) => check))];

Deno.test("Simulation lives through a quiet time without a violation", async () => {
  const report = await simulate({ faults: NO_FAULTS, hostile: false });
  assertEquals([report.violations, report.crashes, report.stops], [[], 0, 0]);
  assertEquals(report.virtualMs, 0.1 * 3_600_000 + 300_000);
  assertGreater(report.messages, 60);
});

Deno.test("Simulation repeats itself from its seed, and only from that", async () => {
  const [first, again, other] = [await simulate(), await simulate(), await simulate({ seed: 2 })];
  assertEquals([again.trace, again.steps, again.messages], [first.trace, first.steps, first.messages]);
  assertNotEquals(other.trace, first.trace);
  const report = await simulate({ seed: 1, act: () => {} });
  assertNotEquals(report.trace, first.trace);
});

Deno.test("Simulation breaks everything, and an honest service gets through", async () => {
  const faults = {
    mesh: { lossRate: 0.2, duplicateRate: 0.2, reorderRate: 0.2, latencyMs: [1, 50] as const },
    disk: { rejectRate: 0.02, slowRate: 0.2, slowMs: 500, commitMs: 5 },
    crashPauseMs: 40_000,
    crashAtWriteRate: 0.005,
    stopPauseMs: 60_000,
    awayMs: [100, 20_000] as const,
    partitionPauseMs: 60_000,
    cutPauseMs: 30_000,
    syncFailurePauseMs: 30_000,
    jumpPauseMs: 60_000,
    skewMs: 20_000,
    hazyRate: 0.3,
  };
  for (const signatures of ["hash", "ed25519"] as const) {
    const report = await simulate({ faults, signatures, seed: 3 });
    assertEquals(report.violations, []);
    assertGreater(report.crashes, 3);
    assertGreater(report.stops, 1);
    assertGreater(Object.values(report.hostile).reduce((a, b) => a + b, 0), 5);
  }
});

Deno.test("Simulation keeps what was committed across crashes, and nothing of a nara without a disk", async () => {
  const faults = { ...NO_FAULTS, crashPauseMs: 30_000, awayMs: [100, 1_000] as const };
  const kept: number[] = [];
  const end: SimulationOptions["checks"] = [{
    end: async ({ naras }) => {
      for (const nara of naras) kept.push((await pingOf(nara).rt.store.get("n"))?.length ?? 0);
    },
  }];
  const act = (nara: SimulatedNara) => nara.lives === 1 ? pingOf(nara).ping() : undefined;
  const durable = await simulate({ faults, checks: end, act, hours: 0.3 });
  assertEquals([durable.violations, kept.splice(0)], [[], [1, 1, 1]]);
  const hazy = await simulate({ faults: { ...faults, hazyRate: 1 }, checks: end, act, hours: 0.3 });
  assertEquals([hazy.violations, kept], [[], [0, 0, 0]]);
});

Deno.test("Simulation notices a service that asks the machine for time or chance", async () => {
  const askers: [string, () => unknown][] = [
    ["Date.now", () => Date.now()],
    ["new Date()", () => new Date()],
    ["Math.random", () => Math.random()],
    ["performance.now", () => performance.now()],
    ["crypto.randomUUID", () => crypto.randomUUID()],
  ];
  for (const [name, ask] of askers) {
    const { violations } = await simulate({
      faults: NO_FAULTS,
      services: () => [new PingService(() => void ask())],
    });
    assertEquals(violations.map(({ check }) => check), ["outside"], name);
    assert(violations[0].detail.startsWith(`${name} was called`), violations[0].detail);
  }
  assertEquals(typeof Date.now(), "number");
  assertEquals(new Date(0).getTime(), 0);
});

Deno.test("Simulation notices a rejection that nobody handles", async () => {
  const report = await simulate({
    faults: NO_FAULTS,
    services: () => [new PingService(() => void Promise.reject(new TypeError("nobody cares")))],
  });
  assertEquals(checksOf(report), ["I8"]);
  assert(report.violations[0].detail.includes("nobody cares"));
});

Deno.test("Simulation takes an error of ours from an act, and no other", async () => {
  const failing = (thrown: Error) => simulate({ faults: NO_FAULTS, act: () => Promise.reject(thrown) });
  assertEquals((await failing(new MeshError("unreachable", "away"))).violations, []);
  assertEquals(checksOf(await failing(new TypeError("a mistake"))), ["I8"]);
});

Deno.test("Simulation says what hangs", async () => {
  const report = await simulate({ faults: NO_FAULTS, act: () => never() });
  assertEquals(checksOf(report), ["hang"]);
  assert(/has not ended/.test(report.violations[0].detail), report.violations[0].detail);
});

Deno.test("Simulation says what was under way when a check never ends", async () => {
  const report = await simulate({ faults: NO_FAULTS, checks: [{ end: () => never() }] });
  assertEquals(checksOf(report), ["hang"]);
  assert(/a check at the end did not end .*nara 0 \(alive\)/.test(report.violations[0].detail));
});

Deno.test("Simulation gives up after so many steps", async () => {
  const report = await simulate({ stepsMax: 50 });
  assertEquals(checksOf(report), ["steps"]);
  assert(report.violations[0].detail.startsWith("50 steps of time were not enough; under way: "));
});

Deno.test("Simulation gives up when something runs in circles without waiting for the clock", async () => {
  const act = async (nara: SimulatedNara) => {
    for (;;) await nara.runtime.receive(new Uint8Array(), "").then(() => pingOf(nara).rt.clock.sleep(0));
  };
  const report = await simulate({ faults: NO_FAULTS, act, stepsMax: 5_000 });
  assertEquals(checksOf(report).includes("steps"), true);
});

Deno.test("Simulation shows every step to whoever asks", async () => {
  const lines: string[] = [];
  const report = await simulate({ onStep: (line) => lines.push(line) });
  assertEquals(lines.length, report.steps);
  assert(lines.some((line) => /^[\d.]+ \d handling test:ping /.test(line)));
});

Deno.test("Simulation runs alone in its process", async () => {
  const first = simulate({ faults: NO_FAULTS });
  await assertRejects(() => simulate(), Error, "await the first");
  await first;
});

Deno.test("Simulation says which option is wrong", () => {
  const make = (options: Partial<SimulationOptions>) => () =>
    new Simulation({ seed: 1, services: () => [], ...options });
  assertThrows(make({ seed: -1 }), RangeError, "seed must be a whole number from 0: got -1");
  assertThrows(make({ naras: 1 }), RangeError, "naras must be a whole number from 2: got 1");
  assertThrows(make({ hours: 0 }), RangeError, "hours must be above 0: got 0");
});
