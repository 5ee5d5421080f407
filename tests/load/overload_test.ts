/**
 * R07, in the short form: `deno task overload` is the long one.
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lacking } from "../helpers/permissions.ts";
import { withFolder } from "../helpers/temp_folder.ts";
import { missed, overload, type OverloadReport, type Part } from "./overload.ts";

/** The machine is shared, and its figures may be anything for a while: one round without a disturbance is enough. */
const ROUNDS_MAX = 6;
const MIB = 1024 * 1024;

Deno.test({
  name:
    "R07 (short): a nara that gets five times its load keeps its goodput, serves the honest, says why it refuses, and recovers",
  ignore: lacking("net", "read", "write", "run", "env", "sys"),
  fn: () =>
    withFolder(async (folder) => {
      const rounds: string[] = [];
      for (let round = 0; round < ROUNDS_MAX; round++) {
        Deno.mkdirSync(`${folder}/${round}`);
        const report = await overload({ quietMs: 1_500, floodMs: 3_000, folder: `${folder}/${round}` });
        const { quiet, flood, after, reasons, passed } = report;
        // What is no figure holds in every round.
        assertEquals([quiet.failed, flood.failed, after.failed, flood.unexplained, passed], [0, 0, 0, 0, []]);
        assert(flood.refused > 0 && reasons.share_of_address > 0, JSON.stringify(reasons));
        assert(flood.honest > 0 && flood.rss < quiet.rss + 128 * MIB, JSON.stringify(report));
        const miss = missed(report);
        if (!miss) return;
        rounds.push(miss);
      }
      throw new Error(`in every round: ${rounds.join("; ")}`);
    }),
});

const PART: Part = {
  goodput: 1_000,
  honest: 1_000,
  p99Ms: 10,
  refused: 0,
  unexplained: 0,
  failed: 0,
  rss: 0,
};
const HELD: OverloadReport = {
  quiet: PART,
  flood: { ...PART, goodput: 800, honest: 280, p99Ms: 30, refused: 1 },
  after: PART,
  recoveredMs: 30_000,
  reasons: {},
  passed: [],
};

Deno.test("missed() says nothing of a nara that held, and names each bar that another missed", () => {
  assertEquals(missed(HELD), undefined);
  const flood = (part: Partial<Part>) => ({ ...HELD, flood: { ...HELD.flood, ...part } });
  const cases: [OverloadReport, string][] = [
    [flood({ goodput: 799 }), "goodput fell from 1000 to 799"],
    [flood({ honest: 279 }), "the honest got only 279 of 800"],
    [flood({ p99Ms: 31 }), "rose from 10 to 31 ms"],
    [flood({ refused: 0 }), "it was no overload"],
    [flood({ unexplained: 2 }), "2 refusals gave no reason"],
    [flood({ failed: 3 }), "3 requests got no answer"],
    [{ ...HELD, recoveredMs: Infinity }, "Infinity ms to recover"],
    [{ ...HELD, passed: ["http.requests"] }, "bounds were passed: http.requests"],
  ];
  for (const [report, words] of cases) assertStringIncludes(missed(report) ?? "", words);
});
