/**
 * What the journal says, in words: for `nara why ID`, as lines for people and as JSON for programs.
 * @module
 */
import type { MessageId } from "../../utilities/names.ts";
import { formatTimestamp } from "../../utilities/timestamp.ts";
import type { Receipt } from "../transport/mesh.ts";
import type { PassageRecord, Why } from "./journal.ts";
import { adviceForDrop, adviceForError, adviceForRefusal } from "./journal_advice.ts";

/** A passage as JSON: times as RFC 3339 text, a stage beside its duration, and what to do about a failure. */
export interface ExplainedPassage extends Omit<PassageRecord, "atNs" | "stages" | "durationsMs"> {
  /** When it entered. */
  readonly at: string;
  /** The stages that it passed, in order. Neighbours that never wait are timed together, at the last of them. */
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
  /** What to do about it; left out where nothing went wrong. */
  readonly advice?: string;
}

/** What is known of a message, as JSON. */
export interface ExplainedWhy {
  /** The message's id. */
  readonly id: MessageId;
  /** What is known. */
  readonly known: Why["known"];
  /** Every way that it took, in the order in which they ended. */
  readonly passages: readonly ExplainedPassage[];
  /** Where it is now, if it is still under way. */
  readonly underWay?: string;
}

/** What is known of the message `id`, as JSON. */
export function explainAsJson(id: MessageId, why: Why): ExplainedWhy {
  if (why.known !== "passages") return { id, known: why.known, passages: [] };
  const passages = why.passages.map((passage): ExplainedPassage => {
    const { atNs, stages, durationsMs, ...rest } = passage;
    const advice = adviceFor(passage);
    return {
      ...rest,
      at: formatTimestamp(atNs),
      stages: durationsMs.map((ms, index) => ({ name: stages[index], ms })),
      ...advice !== undefined && { advice },
    };
  });
  return { id, known: "passages", passages, ...why.underWay !== undefined && { underWay: why.underWay } };
}

/** What is known of the message `id`, as lines. */
export function explain(id: MessageId, why: Why): string[] {
  if (why.known === "forgotten") {
    return [`${id} came by, but its way is forgotten: too many messages came after it.`];
  }
  if (why.known !== "passages") {
    return [
      `Nothing is known of ${id}: this nara has not seen it since it started, or has forgotten even that.`,
    ];
  }
  const [first] = why.passages;
  const lines = first ? [headline(first)] : [`${id} has not ended yet.`];
  for (const passage of why.passages) lines.push("", ...passageLines(passage));
  if (why.underWay !== undefined) lines.push("", `Now: ${why.underWay}`);
  return lines;
}

/** What to do about a passage; nothing where all went well. */
export function adviceFor(
  { outcome, reason, errorName, errorCode, receipt }: PassageRecord,
): string | undefined {
  switch (outcome) {
    case "done":
      return receipt && isRefusal(receipt) ? adviceForRefusal(receipt.reason) : undefined;
    case "drop":
      return adviceForDrop(reason ?? "");
    case "quarantined":
      return "It is of a newer version than this nara speaks, and is kept: upgrade nara, and it is handled then.";
    default:
      return adviceForError(errorName, errorCode);
  }
}

function headline({ kind, id, fromId, toId }: PassageRecord): string {
  return `${kind} ${id}, from ${fromId} to ${toId ?? "everybody"}`;
}

function passageLines(passage: PassageRecord): string[] {
  const { direction, peer, atNs, handlerMs } = passage;
  const what = direction === "emit" ? "emitted" : peer === undefined ? "received" : `received from ${peer}`;
  const advice = adviceFor(passage);
  return [
    `${formatTimestamp(atNs)} ${what}`,
    ...timedStages(passage).map(({ names, ms }) => `  ${names.join(", ")}: ${milliseconds(ms)}`),
    ...handlerMs === undefined ? [] : [`  handler: ${milliseconds(handlerMs)}`],
    `  ${ending(passage)}`,
    ...advice === undefined ? [] : [`  What to do: ${advice}`],
  ];
}

/** Neighbours that never wait are timed together, at the last of them: so they share a line. */
function timedStages({ stages, durationsMs }: PassageRecord): { names: string[]; ms: number }[] {
  const groups: { names: string[]; ms: number }[] = [];
  let names: string[] = [];
  durationsMs.forEach((ms, index) => {
    names.push(stages[index]);
    if (ms === 0 && index < durationsMs.length - 1) return;
    groups.push({ names, ms });
    names = [];
  });
  return groups;
}

function ending({ outcome, direction, stage, reason, errorName, errorCode, receipt }: PassageRecord): string {
  const where = stage === undefined ? "" : ` at ${stage}`;
  const what = [errorName && `${errorName}${errorCode ? ` (${errorCode})` : ""}`, reason]
    .filter((part) => part !== undefined).join(": ");
  switch (outcome) {
    case "done":
      return direction === "receive" ? "Handled." : `Sent${receipt ? `; ${answerText(receipt)}` : ""}.`;
    case "drop":
      return `Dropped${where}: ${reason ?? "no reason was given"}.`;
    case "error":
      return `Failed${where}: ${what}`;
    case "quarantined":
      return `Quarantined${where}.`;
    case "retrying":
      return `Failed${where}, and will be tried again: ${what}`;
    case "queued":
      return `Failed${where}, and waits among the dead letters: ${what}`;
  }
}

function isRefusal(receipt: Receipt): receipt is Extract<Receipt, { reason: string }> {
  return receipt.outcome === "drop" || receipt.outcome === "error";
}

function answerText(receipt: Receipt): string {
  if (receipt.outcome === "unknown") return "the other side has not said what became of it";
  if (!isRefusal(receipt)) return `the other side says that it was ${receipt.outcome}`;
  const verb = receipt.outcome === "drop" ? "dropped it" : "failed at it";
  return `the other side says that it ${verb}: ${receipt.detail ?? receipt.reason}`;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
}
