/**
 * What a part of a ledger is asked for with, on the command line.
 * @module
 */
import { isKind } from "../../utilities/names.ts";
import { timestampMs } from "../../utilities/timestamp.ts";
import type { LedgerFilter } from "../ledger/ledger.ts";
import { EXPORT_OPTIONS } from "./ledger_command.ts";
import { ProcessError } from "./process_error.ts";
import type { Sources } from "./settings.ts";

type OptionName = keyof typeof EXPORT_OPTIONS;

/** What each option takes, and what else it makes of it. */
const READERS: { readonly [Name in OptionName]: (text: string) => LedgerFilter | undefined } = {
  kind: (text) => {
    const kinds = text.split(",").map((kind) => kind.trim());
    return kinds.every(isKind) ? { kinds } : undefined;
  },
  from: (text) => isId(text) ? { fromId: text } : undefined,
  subject: (text) => isId(text) ? { subject: text } : undefined,
  since: (text) => within(text, (sinceMs) => ({ sinceMs })),
  until: (text) => within(text, (untilMs) => ({ untilMs })),
};
const EXPECTED: Readonly<Record<OptionName, string>> = {
  kind: "kinds such as stash:store, separated by commas",
  from: "the id of a nara",
  subject: "the id of a nara",
  since: "a time such as 2026-01-15T10:20:30Z",
  until: "a time such as 2026-01-15T10:20:30Z",
};
const NAMES = Object.keys(EXPORT_OPTIONS) as OptionName[];

/**
 * The filter that the options say.
 *
 * @throws {ProcessError} `bad_option`, naming the option and what it takes.
 */
export function exportFilter(flags: Sources["flags"]): LedgerFilter {
  let filter: LedgerFilter = {};
  for (const name of NAMES) {
    const { flag } = EXPORT_OPTIONS[name];
    const text = flags[flag]?.at(-1);
    if (text === undefined) continue;
    const part = READERS[name](text);
    if (!part) {
      const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
      throw new ProcessError("bad_option", `Cannot use ${shown} of ${flag}: expected ${EXPECTED[name]}`);
    }
    filter = { ...filter, ...part };
  }
  return filter;
}

/**
 * Refuses the options of an export where nothing is exported.
 *
 * @throws {ProcessError} `bad_option`.
 */
export function assertNoFilter(flags: Sources["flags"]): void {
  const given = NAMES.map((name) => EXPORT_OPTIONS[name].flag).find((flag) => flag in flags);
  if (given === undefined) return;
  throw new ProcessError(
    "bad_option",
    `Cannot use ${given} for an import: leave it out, every line is looked at`,
  );
}

function isId(text: string): boolean {
  return /^[1-9A-HJ-NP-Za-km-z]{1,64}$/.test(text);
}

function within(text: string, filter: (ms: number) => LedgerFilter): LedgerFilter | undefined {
  try {
    return filter(timestampMs(text));
  } catch {
    return undefined;
  }
}
