import { assert, assertEquals, assertFalse, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { Lanes, type LanesOptions } from "../../runtime/lanes.ts";

const RUNS = { seed: 20261121, numRuns: 200 };

/** Lanes whose tasks end when the test says so. */
class Bench {
  readonly lanes: Lanes<string>;
  /** Tasks in the order in which they began. */
  readonly started: string[] = [];
  /** Results in the order in which they came out. */
  readonly released: string[] = [];
  readonly #ends = new Map<string, () => void>();

  constructor(options?: LanesOptions) {
    this.lanes = new Lanes(options);
  }

  /** Runs a task that waits to be ended. */
  run(key: string, name: string): boolean {
    const { promise, resolve } = Promise.withResolvers<string>();
    const task = () => {
      this.started.push(name);
      this.#ends.set(name, () => resolve(name));
      return promise;
    };
    return this.lanes.run(key, task, (result) => void this.released.push(result));
  }

  /** Runs a task that is done at once. */
  runNow(key: string, name: string): boolean {
    const task = () => {
      this.started.push(name);
      return name;
    };
    return this.lanes.run(key, task, (result) => void this.released.push(result));
  }

  /** Ends tasks, one after another, and lets what follows happen. */
  async end(...names: string[]): Promise<void> {
    for (const name of names) {
      this.#ends.get(name)!();
      this.#ends.delete(name);
      await turns();
    }
  }

  /** Tasks that began and did not end. */
  get running(): string[] {
    return [...this.#ends.keys()];
  }

  async endAll(): Promise<void> {
    while (this.#ends.size > 0) await this.end(...this.running);
  }
}

async function turns(): Promise<void> {
  for (let count = 0; count < 5; count++) await Promise.resolve();
}

function fill(bench: Bench, key: string, count: number): number {
  let taken = 0;
  for (let at = 0; at < count; at++) if (bench.run(key, `${key}${at}`)) taken++;
  return taken;
}

Deno.test("Lanes starts the tasks of a lane in order and releases them in that order, whichever ends first", async () => {
  const bench = new Bench();
  for (const name of ["a", "b", "c"]) assert(bench.run("peer", name));
  assertEquals(bench.started, ["a", "b", "c"]);
  await bench.end("c", "b");
  assertEquals(bench.released, []);
  await bench.end("a");
  assertEquals(bench.released, ["a", "b", "c"]);
});

Deno.test("Lanes that release at the finish let every task out when it is done", async () => {
  const bench = new Bench({ release: "finish" });
  for (const name of ["a", "b", "c"]) bench.run("peer", name);
  await bench.end("c", "a", "b");
  assertEquals(bench.released, ["c", "a", "b"]);
});

Deno.test("Lanes lets no task that is done at once overtake one before it", async () => {
  const bench = new Bench();
  bench.run("peer", "slow");
  bench.runNow("peer", "quick");
  assertEquals(bench.started, ["slow", "quick"]);
  assertEquals(bench.released, []);
  bench.runNow("other", "elsewhere");
  await bench.end("slow");
  assertEquals(bench.released, ["elsewhere", "slow", "quick"]);
});

Deno.test("Lanes runs a task that is done at once in an empty lane without any waiting", () => {
  const bench = new Bench();
  assert(bench.runNow("peer", "a"));
  assertEquals(bench.released, ["a"]);
  assertEquals([bench.lanes.size, bench.lanes.laneSize("peer")], [0, 0]);
});

Deno.test("Lanes runs 64 tasks of a lane at once and starts the next as one ends", async () => {
  const bench = new Bench();
  fill(bench, "p", 66);
  assertEquals(bench.running.length, 64);
  await bench.end("p63");
  assertEquals(bench.started.at(-1), "p64");
  assertEquals(bench.running.length, 64);
  await bench.endAll();
  assertEquals(bench.released, Array.from({ length: 66 }, (_, at) => `p${at}`));
});

Deno.test("Lanes of width 1 are strictly one after another", async () => {
  const bench = new Bench({ width: 1, release: "finish" });
  fill(bench, "p", 5);
  for (let at = 0; at < 5; at++) {
    assertEquals(bench.running, [`p${at}`]);
    await bench.end(`p${at}`);
  }
  assertEquals(bench.released, ["p0", "p1", "p2", "p3", "p4"]);
});

Deno.test("Lanes takes 128 tasks in a lane, and refuses more without calling anything", async () => {
  const bench = new Bench();
  assertEquals(fill(bench, "p", 200), 128);
  assertEquals(bench.lanes.laneSize("p"), 128);
  let called = false;
  assertFalse(bench.lanes.run("p", () => (called = true, "x"), () => called = true));
  assertFalse(called);
  assert(bench.run("q", "q0"), "another lane has room");
  await bench.end("p0");
  assert(bench.run("p", "again"));
  await bench.endAll();
});

Deno.test("Lanes takes 1024 tasks in all lanes together, and in an empty lane no more either", async () => {
  const bench = new Bench();
  for (let peer = 0; peer < 8; peer++) assertEquals(fill(bench, `p${peer}:`, 128), 128);
  assertEquals(bench.lanes.size, 1024);
  assertFalse(bench.run("new", "one too many"));
  assertFalse(bench.runNow("new", "one too many"));
  await bench.end("p0:0");
  assert(bench.run("new", "after all"));
  await bench.endAll();
  assertEquals(bench.lanes.size, 0);
});

Deno.test("Lanes takes its bounds from its options", async () => {
  const bench = new Bench({ stageMax: 5, laneMax: 3, width: 2 });
  assertEquals(fill(bench, "p", 5), 3);
  assertEquals(bench.running.length, 2);
  assertEquals(fill(bench, "q", 5), 2);
  await bench.endAll();
});

Deno.test("Lanes holds up nobody else where a lane never ends", async () => {
  const bench = new Bench();
  fill(bench, "dead", 128);
  for (let at = 0; at < 500; at++) {
    assert(bench.run(`peer${at % 63}`, `${at}`));
    await bench.end(`${at}`);
  }
  assertEquals(bench.released.length, 500);
  await bench.endAll();
});

Deno.test("Lanes.idle() resolves when the last task was released, and at once where there is none", async () => {
  const bench = new Bench();
  await bench.lanes.idle();
  bench.run("p", "a");
  bench.run("q", "b");
  const seen: string[] = [];
  const idle = Promise.all(
    [1, 2].map(() => bench.lanes.idle().then(() => void seen.push(bench.released.join()))),
  );
  await bench.end("b");
  assertEquals(seen, []);
  await bench.end("a");
  await idle;
  assertEquals(seen, ["b,a", "b,a"]);
});

Deno.test("Lanes keeps nothing of a lane that is empty again", async () => {
  const bench = new Bench();
  for (let round = 0; round < 3; round++) {
    bench.run("p", `a${round}`);
    bench.run("p", `b${round}`);
    await bench.end(`b${round}`, `a${round}`);
    assertEquals([bench.lanes.size, bench.lanes.laneSize("p")], [0, 0]);
  }
  assertEquals(bench.released, ["a0", "b0", "a1", "b1", "a2", "b2"]);
});

Deno.test("Lanes keeps to its order, widths and bounds whatever begins and ends when", async () => {
  const step = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    does: fc.constantFrom("run", "runNow", "end"),
    pick: fc.nat(99),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom("start", "finish"),
      async (steps, release) => {
        const bench = new Bench({ stageMax: 10, laneMax: 6, width: 2, release });
        const taken: string[] = [];
        for (const [at, { key, does, pick }] of steps.entries()) {
          const { running } = bench;
          if (does === "end" && running.length > 0) await bench.end(running[pick % running.length]);
          else if (does !== "end") {
            const room = bench.lanes.size < 10 && bench.lanes.laneSize(key) < 6;
            assertEquals(bench[does](key, `${key}${at}`), room);
            if (room) taken.push(`${key}${at}`);
          }
          for (const lane of ["a", "b", "c"]) {
            assertLessOrEqual(bench.running.filter((name) => name.startsWith(lane)).length, 2);
          }
        }
        await bench.endAll();
        for (const lane of ["a", "b", "c"]) {
          const mine = (names: string[]) => names.filter((name) => name.startsWith(lane));
          assertEquals(mine(bench.started), mine(taken));
          if (release === "start") assertEquals(mine(bench.released), mine(taken));
          else assertEquals(mine(bench.released).sort(), mine(taken).sort());
        }
        assertEquals(bench.lanes.size, 0);
      },
    ),
    RUNS,
  );
});
