/**
 * `deno task bench [NAME...] [--json]`: measures nara against its floors, all of them or those named.
 * @module
 */

import { BENCHES } from "./benches.ts";
import { type Bench, KEYPAIRS, measure, type Row } from "./harness.ts";

/** A bench with all its keypairs stays under 15 seconds; starting and ending its processes takes some of it. */
const BENCH_SECONDS = 13.5;

/** What the command line asks for, or what is wrong with it. */
export function parse(
  args: readonly string[],
  all: readonly Bench[],
): { benches: Bench[]; json: boolean } | string {
  const names = all.map(({ name }) => name);
  const unknownFlag = args.find((arg) => arg.startsWith("-") && arg !== "--json");
  if (unknownFlag) {
    return `Cannot measure as asked: expected no flag but --json, got ${JSON.stringify(unknownFlag)}`;
  }
  const asked = args.filter((arg) => arg !== "--json");
  const unknownName = asked.find((name) => !names.includes(name));
  if (unknownName) {
    return `Cannot measure as asked: expected ${names.join(", ")}, got ${JSON.stringify(unknownName)}`;
  }
  const benches = all.filter(({ name }) => asked.length === 0 || asked.includes(name));
  return { benches, json: args.includes("--json") };
}

/** A figure as one line of JSON, numbers with four significant digits. */
export function toJson({ name, value, unit, floor, ratio }: Row): string {
  const rounded = (number?: number) => number === undefined ? null : Number(number.toPrecision(4));
  return JSON.stringify({ name, value: rounded(value), unit, floor: rounded(floor), ratio: rounded(ratio) });
}

/** A figure as a line of the table. */
export function toLine({ name, value, unit, floor, ratio, aim = "", count }: Row): string {
  const signatures = count ? `${count.signed} signed, ${count.verified} verified` : "";
  const cells = [name.padEnd(32), digits(value), digits(floor), ` ${unit}`.padEnd(12), digits(ratio)];
  return [...cells, ` ${aim}`.padEnd(14), signatures].join(" ").trimEnd();
}

/** Three significant digits, or all of a large number. */
function digits(value: number | undefined): string {
  if (value === undefined) return "-".padStart(10);
  return (value >= 100 ? Math.round(value).toString() : value.toPrecision(3)).padStart(10);
}

async function main(args: readonly string[]): Promise<number> {
  const asked = parse(args, BENCHES);
  if (typeof asked === "string") {
    console.error(asked);
    return 2;
  }
  if (!asked.json) {
    const head = ["figure".padEnd(32), "value".padStart(10), "floor".padStart(10), " unit".padEnd(12)];
    console.log([...head, "ratio".padStart(10), " aim".padEnd(14), "per message"].join(" "));
  }
  for (const bench of asked.benches) {
    for (const keypair of KEYPAIRS) {
      const rows = await measure(bench, keypair, { seconds: BENCH_SECONDS / KEYPAIRS.length });
      for (const row of rows) console.log(asked.json ? toJson(row) : toLine(row));
    }
  }
  return 0;
}

if (import.meta.main) {
  Deno.exit(
    await main(Deno.args).catch((error) => {
      console.error(error instanceof Error ? error.message : error);
      return 1;
    }),
  );
}
