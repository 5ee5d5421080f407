/**
 * The page `docs/messages.md`: every kind that a program's services speak, read from the declarations, so that it cannot differ
 * from what runs.
 * @module
 */
import { payloadFields } from "../../messages/payload_fields.ts";
import { type CatalogEntry, catalogOf, type CatalogStage, strategyRows } from "../catalog.ts";
import { type ErrorStrategies, type ErrorStrategy, STRATEGY_TABLE } from "../error_strategy.ts";
import { DROP_ADVICE } from "../primitives/journal_advice.ts";
import { type DeliveryPromise, PROMISE_TESTS } from "../promise.ts";
import type { Registered } from "../registry.ts";

/** What a kind is told from. */
export type DocumentedKind = Pick<Registered, "spec" | "owner" | "handlers">;

/** What each promise says. */
const PROMISES: Readonly<Record<DeliveryPromise, string>> = {
  "best effort": "it may be lost; its handler never sees it twice, in a nara that keeps its memory on disk",
  "at least once until its deadline, or a dead letter":
    "it is tried again, also by the next run of its nara; what does not arrive in time lies with the dead letters. " +
    "Its handler sees it twice only where its nara could not note that it was handled: it was killed in between, or the disk refused",
  "stored before acknowledged": "whoever is told that it was taken can rely on it being on disk",
};

/** What each strategy does. */
const STRATEGIES: Readonly<Record<ErrorStrategy, string>> = {
  drop: "count it, and say nothing",
  log: "a warning in the log",
  retry: "on the way out: try it again until its deadline, then as `queue`; on the way in: as `queue`",
  queue: "put it with the dead letters, for a person to look at",
  panic:
    "stop the nara, if its own machine broke (a damaged file, a key that does not sign); for anything else as `queue`, " +
    "with an alarm",
};

const HEAD = `---
title: Messages
description: Every kind of message that the built-in services speak, and what becomes of each; generated.
---

# Messages

\`deno task docs\` writes this page from the declarations: change those, not this. Of a running nara, \`nara catalog\` tells the
same.`;

/** The page as Markdown, before it is formatted. */
export function messagesPage(kinds: readonly DocumentedKind[]): string {
  const entries = catalogOf(kinds);
  const specs = new Map(kinds.map(({ spec }) => [spec.kind, spec]));
  return [
    HEAD,
    overview(entries),
    ...entries.map((entry) => kindSection(entry, specs.get(entry.kind)!)),
    promiseSection(),
    strategySection(),
    dropSection(),
  ].join("\n\n") + "\n";
}

function overview(entries: readonly CatalogEntry[]): string {
  const rows = entries.map(({ kind, description, owner, promise }) => [
    `[${code(kind)}](#${anchorOf(kind)})`,
    description,
    owner,
    promise,
  ]);
  return `## Kinds\n\n${table(["kind", "what it says", "service", "promise"], rows)}`;
}

function kindSection(entry: CatalogEntry, spec: DocumentedKind["spec"]): string {
  const { kind, description, versions, emit, receive, isLocal } = entry;
  const parts = [`## \`${kind}\``, `${description}.`, table(["", ""], factRows(entry, spec))];
  for (const version of versions) parts.push(versionPart(version, spec));
  parts.push("On its way out:", stageTable(emit));
  if (isLocal) parts.push("It never leaves its nara: behind that comes its handler.");
  else parts.push("On its way in, once it was decoded:", stageTable(receive));
  return parts.join("\n\n");
}

function factRows(entry: CatalogEntry, { bytesMax }: DocumentedKind["spec"]): string[][] {
  const { owner, template, isOrdered, isLocal, min, versions, handled, replies } = entry;
  const { freshness, rateLimit, promise, provenBy } = entry;
  const taken = versions.filter((version) => version >= min);
  return [
    ["service", owner],
    ["template", `\`${template}\`${isOrdered ? ", strictly in order" : ""}`],
    ["versions taken", taken.join(", ")],
    ["with a handler", handled.length === 0 ? "none" : handled.join(", ")],
    ["answered by", replies.length === 0 ? "nothing" : replies.map(code).join(", ")],
    ["promise", `${promise}; proven by the test "${provenBy} …"`],
    [
      "when a stage fails",
      strategyRows(entry).map(([where, strategy]) => `${where} \`${strategy}\``).join(", "),
    ],
    ...isLocal ? [] : [
      ["fresh", `up to ${freshness.pastMs / 1_000} s back and ${freshness.futureMs / 1_000} s ahead`],
      ["heard", rateLimit ?? "without a rate limit"],
      ["largest", `${bytesMax} bytes, envelope included`],
    ],
  ];
}

function versionPart(version: number, spec: DocumentedKind["spec"]): string {
  const fields = payloadFields(spec.schemas.get(version)!);
  if (!fields) return `Version ${version}: its schema does not tell its fields.`;
  if (fields.length === 0) return `Version ${version} has no fields.`;
  const rows = fields.map(({ name, type, isRequired, description }) => [
    code(name),
    type,
    isRequired ? "yes" : "no",
    description,
  ]);
  return `Version ${version}:\n\n${table(["field", "type", "required", "meaning"], rows)}`;
}

function stageTable(stages: readonly CatalogStage[]): string {
  return table(["stage", "what it does"], stages.map(({ name, does }) => [code(name), does]));
}

function promiseSection(): string {
  const rows = Object.entries(PROMISES).map(([promise, says]) => [
    promise,
    says,
    `"${PROMISE_TESTS[promise as DeliveryPromise]} …"`,
  ]);
  return `## Promises\n\n${table(["promise", "of every message", "the test that proves it"], rows)}`;
}

function strategySection(): string {
  const slots: readonly (keyof ErrorStrategies)[] = ["transport", "store", "verify", "other", "handler"];
  const types = Object.entries(STRATEGY_TABLE).map(([type, { strategies, because }]) => [
    type,
    ...slots.map((slot) => code(strategies[slot])),
    because,
  ]);
  return [
    "## Error strategies",
    "What happens when a stage, or the handler, fails:",
    table(["strategy", "what happens"], Object.entries(STRATEGIES).map(([name, says]) => [code(name), says])),
    "By type of message; a kind starts from the row of its template, and may say otherwise:",
    table(["type", ...slots, "because"], types),
  ].join("\n\n");
}

function dropSection(): string {
  const rows = Object.entries(DROP_ADVICE).map(([reason, advice]) => [code(reason), advice]);
  return [
    "## Why a message was dropped",
    "`nara why ID` says the same of a message that came by. Reasons that begin with `x:` are those of a service's own stages.",
    table(["reason", "what to do"], rows),
  ].join("\n\n");
}

/** As forges make it of a headline. */
function anchorOf(kind: string): string {
  return kind.replaceAll(":", "");
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cellText).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A bar would end the cell. */
function cellText(text: string): string {
  return text.replaceAll("|", "\\|");
}
