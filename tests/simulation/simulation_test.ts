import { assert, assertEquals, assertGreater } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Simulation } from "../../runtime/testing/simulation.ts";
import { NO_FAULTS } from "../../runtime/testing/simulation_faults.ts";
import { PresenceService } from "../../services/presence/mod.ts";
import { lacking } from "../helpers/permissions.ts";
import { plantedBugs } from "./bugs.ts";
import { numberOptions, UsageError } from "./command.ts";
import { findBug } from "./planted_bugs.ts";
import known from "./seeds.json" with { type: "json" };
import { replayCommand, simulate } from "./simulate.ts";
import { simulateTown } from "./town.ts";

/** Real milliseconds in which seeds are run on every commit; `deno task simulate` runs more. */
const BUDGET_MS = 8_000;
/** Bugs that are planted on every commit; `deno task planted-bugs` plants all. */
const PLANTED = ["dedupe forgets", "skipped verify"];

/** A line of seeds.json. `openCheck` is what still finds it, as long as it is not mended. */
interface Line {
  readonly seed: number;
  readonly hours: number;
  readonly naras: number;
  readonly found: string;
  readonly openCheck?: string;
}

const lines: readonly Line[] = known;
/** What R20 runs: small enough to fit several times. */
const TOWN = { hours: 0.2, naras: 9 } as const;

const isOpen = (seed: number): boolean =>
  lines.some((line) =>
    line.openCheck && line.seed === seed && line.hours === TOWN.hours && line.naras === TOWN.naras
  );
const shown = (violations: readonly { check: string; detail: string }[]) =>
  violations.map(({ check, detail }) => `${check}: ${detail}`);

Deno.test("R20 Simulation keeps all promises, in as many seeds as fit", async () => {
  const startMs = performance.now();
  let [seed, seeds, messages, virtualMs] = [0, 0, 0, 0];
  do {
    if (isOpen(++seed)) continue;
    seeds++;
    const report = await simulateTown({ seed, ...TOWN });
    assertEquals(shown(report.violations), [], `replay: ${replayCommand(seed, TOWN)}`);
    messages += report.messages;
    virtualMs += report.virtualMs;
  } while (performance.now() - startMs < BUDGET_MS);
  const hours = (virtualMs / 3_600_000).toFixed(1);
  console.log(`R20: ${seeds} seeds of ${TOWN.naras} naras, ${hours} virtual hours, ${messages} messages`);
  assertGreater(messages, 1_000);
});

Deno.test({
  name: "R21 Simulation gives the same trace for the same seed in another process",
  ignore: lacking("read", "run"),
  fn: async () => {
    const here = await simulate({ seeds: 2, hours: 0.05, naras: 4, seed: 9 });
    const program = fileURLToPath(import.meta.resolve("./simulate.ts"));
    const options = ["--seeds", "2", "--hours", "0.05", "--naras", "4", "--seed=9"];
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--quiet", "-A", program, ...options],
    }).output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), here);
    assertEquals([code, here.violations, here.seeds], [0, 0, 2]);
  },
});

Deno.test("R22 Simulation runs faster than time, idle and with traffic", async () => {
  const measure = async (run: () => Promise<{ virtualMs: number }>): Promise<number> => {
    const startMs = performance.now();
    const { virtualMs } = await run();
    return Math.round(virtualMs / (performance.now() - startMs));
  };
  const base = { seed: 1, naras: 7, faults: NO_FAULTS, hostile: false as const };
  const idle = await measure(() => new Simulation({ ...base, hours: 24, services: () => [] }).run());
  const quiet = await measure(() =>
    new Simulation({ ...base, hours: 0.2, isAcquainted: false, services: () => [new PresenceService()] })
      .run()
  );
  const busy = await measure(() => simulateTown({ seed: 1, hours: 0.1, naras: 7, faults: NO_FAULTS }));
  console.log(
    `R22: 7 naras, times real time: ${idle} idle, ${quiet} with presence alone, ${busy} with everything`,
  );
  for (const times of [idle, quiet, busy]) assertGreater(times, 1);
});

for (const { seed, hours, naras, found, openCheck } of lines) {
  const town = `seed ${seed} (${hours} h, ${naras} naras)`;
  const name = openCheck
    ? `R25 Simulation still finds in ${town} ${found}: when this fails it is mended, take openCheck off its line`
    : `R25 Simulation replays ${town}, which once found ${found}`;
  Deno.test(name, async () => {
    const { violations } = await simulateTown({ seed, hours, naras });
    const checks = new Set(violations.map(({ check }) => check));
    if (openCheck) assertEquals([...checks], [openCheck]);
    else assertEquals(shown(violations), []);
  });
}

for (const bug of plantedBugs.filter(({ name }) => PLANTED.includes(name))) {
  Deno.test(`R24 Simulation finds a planted bug: ${bug.name}`, async () => {
    const find = await findBug(bug, 1);
    assert(find, `not within ${bug.seedsMax} seeds`);
    assert(bug.foundBy.includes(find.violation.check));
  });
}

Deno.test("R24 at least ten bugs can be planted, each under a name of its own", () => {
  assertGreater(new Set(plantedBugs.map(({ name }) => name)).size, 9);
  assertEquals(plantedBugs.filter(({ name }) => PLANTED.includes(name)).length, PLANTED.length);
});

Deno.test("numberOptions() reads numbers, and says in one sentence what is wrong", () => {
  const options = {
    seeds: { default: 10, min: 1, isWhole: true },
    hours: { default: 24, min: 0, isWhole: false },
  };
  assertEquals(numberOptions([], options), { seeds: 10, hours: 24 });
  assertEquals(numberOptions(["--hours", "0.5", "--seeds=3"], options), { seeds: 3, hours: 0.5 });
  const wrong: [string[], string][] = [
    [["--seeds", "0"], 'Cannot take --seeds "0": expected a whole number from 1.'],
    [["--seeds", "1.5"], 'Cannot take --seeds "1.5": expected a whole number from 1.'],
    [["--hours", "0"], 'Cannot take --hours "0": expected a number above 0.'],
    [["--hours", "x"], 'Cannot take --hours "x": expected a number above 0.'],
    [["--hours"], "Cannot take --hours without a value: expected a number above 0."],
    [["--days", "1"], 'Cannot understand "--days": expected --seeds, --hours, each with a number.'],
    [["3"], 'Cannot understand "3": expected --seeds, --hours, each with a number.'],
  ];
  for (const [args, message] of wrong) {
    let said = "";
    try {
      numberOptions(args, options);
    } catch (thrown) {
      if (thrown instanceof UsageError) said = thrown.message;
    }
    assertEquals(said, message);
  }
});
