/**
 * The bounds of a nara as a table: for `nara limits`, as lines for people and as JSON for programs.
 * @module
 */
import type { Limit } from "./limits.ts";

/** A bound and how full it is, as JSON. */
export interface LimitRow {
  /** Its name. */
  readonly name: string;
  /** What is counted. */
  readonly unit: string;
  /** How much may be in use. */
  readonly max: number;
  /** How much is in use. */
  readonly inUse: number;
  /** How often the bound was met since the start. */
  readonly overflows: number;
  /** What happens past it. */
  readonly rule: string;
}

/** The bounds as JSON, as they stand now. */
export function limitRows(limits: readonly Limit[]): LimitRow[] {
  return limits.map((limit) => {
    const { name, unit, max, rule } = limit;
    return { name, unit, max, inUse: limit.inUse(), overflows: limit.overflows(), rule };
  });
}

/** The bounds as lines of text, a headline first; numbers stand to the right. */
export function limitLines(rows: readonly LimitRow[]): string[] {
  const cells = rows.map(({ name, unit, max, inUse, overflows, rule }) => [
    name,
    grouped(inUse),
    grouped(max),
    unit,
    grouped(overflows),
    rule,
  ]);
  const table = [["limit", "in use", "at most", "of", "overflows", "past it"], ...cells];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table.map((row) =>
    row.map((cell, column) => isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))
      .join("  ").trimEnd()
  );
}

function isNumber(column: number): boolean {
  return column === 1 || column === 2 || column === 4;
}

/** Digits in threes, as a person reads them: `1 048 576`. */
function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, " ");
}
