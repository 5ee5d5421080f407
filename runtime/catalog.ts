/**
 * The catalog: every kind that a nara speaks, in words. What it prints is read from the declarations, so it cannot differ from
 * what runs.
 * @module
 */
import { type BehaviorSpec, type Freshness, isLocal } from "./behavior.ts";
import { emitStages, receiveStages } from "./chains.ts";
import type { ErrorStrategies, ErrorStrategy } from "./error_strategy.ts";
import { type DeliveryPromise, PROMISE_TESTS, promiseOf } from "./promise.ts";
import type { Registered } from "./registry.ts";
import type { Stage } from "./stage.ts";

/** A stage in words. */
export interface CatalogStage {
  /** Its name, as in logs and metrics. */
  readonly name: string;
  /** What it does with its settings. */
  readonly does: string;
}

/** One kind in words; plain data, as JSON has it. */
export interface CatalogEntry {
  /** What the messages are called on the wire. */
  readonly kind: string;
  /** What they say. */
  readonly description: string;
  /** The service that owns it. */
  readonly owner: string;
  /** Which template it was made from. */
  readonly template: string;
  /** Whether its messages never leave their nara. */
  readonly isLocal: boolean;
  /** Whether messages of one peer pass strictly one after another. */
  readonly isOrdered: boolean;
  /** The versions of its payload that have a schema, in ascending order; the last is that of new messages. */
  readonly versions: readonly number[];
  /** The oldest version that is still taken. */
  readonly min: number;
  /** The versions that have a handler. */
  readonly handled: readonly number[];
  /** Kinds that may answer it. */
  readonly replies: readonly string[];
  /** The emit pipeline. */
  readonly emit: readonly CatalogStage[];
  /** The receive pipeline; empty for a local kind. */
  readonly receive: readonly CatalogStage[];
  /** What happens when a stage of the emit pipeline fails. */
  readonly onError: ErrorStrategies;
  /** What happens when a stage of the receive pipeline fails, or the handler. */
  readonly onReceiveError: ErrorStrategies;
  /** How old, and how far ahead, a message may be. */
  readonly freshness: Freshness;
  /** How many messages are heard; left out where there is no limit. */
  readonly rateLimit?: string;
  /** What is promised of every message. */
  readonly promise: DeliveryPromise;
  /** How the name of the test begins that proves the promise. */
  readonly provenBy: string;
}

/** The catalog of these kinds, by name. */
export function catalogOf(
  kinds: readonly Pick<Registered, "spec" | "owner" | "handlers">[],
): CatalogEntry[] {
  return kinds.map(entryOf).sort((a, b) => a.kind < b.kind ? -1 : 1);
}

/** The catalog in lines for a person. */
export function catalogLines(entries: readonly CatalogEntry[]): string[] {
  return entries.flatMap((entry, index) => index === 0 ? entryLines(entry) : ["", ...entryLines(entry)]);
}

function entryOf({ spec, owner, handlers }: Pick<Registered, "spec" | "owner" | "handlers">): CatalogEntry {
  const {
    kind,
    description,
    template,
    isOrdered,
    schemas,
    min,
    replies,
    onError,
    onReceiveError,
    freshness,
  } = spec;
  const promise = promiseOf(spec);
  return {
    kind,
    description,
    owner,
    template,
    isLocal: isLocal(spec),
    isOrdered,
    versions: [...schemas.keys()].sort((a, b) => a - b),
    min,
    handled: Object.keys(handlers).map(Number).sort((a, b) => a - b),
    replies,
    emit: inWords(emitStages(spec)),
    receive: isLocal(spec) ? [] : inWords(receiveStages(spec)),
    onError,
    onReceiveError,
    freshness,
    ...rateLimitOf(spec),
    promise,
    provenBy: PROMISE_TESTS[promise],
  };
}

/** What is left out of a compiled chain is left out here. */
function inWords(stages: readonly Stage[]): CatalogStage[] {
  return stages.filter(({ isNone }) => !isNone).map((stage) => ({
    name: stage.name,
    does: stage.describe(),
  }));
}

function rateLimitOf({ receive: { rateLimit } }: BehaviorSpec): { rateLimit?: string } {
  return rateLimit.isNone ? {} : { rateLimit: rateLimit.describe() };
}

function entryLines(entry: CatalogEntry): string[] {
  const { kind, description, owner, template, isOrdered, versions, min, handled, replies } = entry;
  const { emit, receive, freshness, rateLimit, promise, provenBy } = entry;
  const row = (name: string, text: string) => `  ${name.padEnd(10)} ${text}`;
  const optional = (name: string, text: string) => text === "" ? [] : [row(name, text)];
  const taken = versions.filter((version) => version >= min);
  return [
    `${kind}: ${description}`,
    row("owner", `${owner}, by the template ${template}${isOrdered ? ", strictly in order" : ""}`),
    row("versions", `${taken.join(", ")}${handledText(taken, handled)}`),
    ...optional("replies", replies.join(", ")),
    ...stageRows("emit", emit),
    ...stageRows("receive", receive),
    row("fails", strategyRows(entry).map((words) => words.join(" ")).join(", ")),
    ...entry.isLocal
      ? []
      : [row("freshness", freshnessText(freshness)), row("rate", rateLimit ?? "no limit")],
    row("promise", promise),
    row("proven by", `the test "${provenBy} …"`),
  ];
}

/** Where a message can fail, and what happens then; the ways out and in apart where they differ. */
export function strategyRows(
  { onError, onReceiveError }: Pick<CatalogEntry, "onError" | "onReceiveError">,
): [where: string, strategy: ErrorStrategy][] {
  const both = (slot: "store" | "other"): [string, ErrorStrategy][] =>
    onError[slot] === onReceiveError[slot]
      ? [[slot, onError[slot]]]
      : [[`${slot} (out)`, onError[slot]], [`${slot} (in)`, onReceiveError[slot]]];
  return [
    ["transport", onError.transport],
    ...both("store"),
    ["verify", onReceiveError.verify],
    ...both("other"),
    ["handler", onReceiveError.handler],
  ];
}

function handledText(taken: readonly number[], handled: readonly number[]): string {
  if (handled.length === 0) return ", without a handler";
  return taken.every((version) => handled.includes(version))
    ? ""
    : `, with a handler for ${handled.join(", ")}`;
}

function stageRows(title: string, stages: readonly CatalogStage[]): string[] {
  const width = Math.max(0, ...stages.map(({ name }) => name.length));
  return stages.map(({ name, does }, index) =>
    `  ${(index === 0 ? title : "").padEnd(10)} ${name.padEnd(width)}  ${does}`
  );
}

function freshnessText({ pastMs, futureMs }: Freshness): string {
  return `at most ${seconds(pastMs)} old and ${seconds(futureMs)} ahead`;
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
