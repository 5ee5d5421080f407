/**
 * What the environment `development` adds: a line for each message that left a pipeline, with every stage that it passed.
 * @module
 */
import type { Passage } from "../primitives/journal.ts";
import type { LogFields, Logger } from "../primitives/logger.ts";

/**
 * Writes each passage at `debug`. It says nothing of the payload.
 *
 * @param log Who speaks.
 */
export function passageLog(log: Logger): (passage: Passage) => void {
  return (passage) => log.debug(passageText(passage), passageFields(passage));
}

/** A passage in a few words: `receive stash:store: drop at verify (unknown_sender)`. */
export function passageText({ direction, message, outcome, stage, reason, error }: Passage): string {
  const where = stage === undefined ? "" : ` at ${stage}`;
  const why = error?.message ?? reason;
  return `${direction} ${message.kind}: ${outcome}${where}${why === undefined ? "" : ` (${why})`}`;
}

function passageFields(passage: Passage): LogFields {
  const { direction, message, peer, passed, handlerMs, stage } = passage;
  const { stages } = passed;
  const durationsMs = passed.durationsMs();
  const names = stages.slice(
    0,
    stage === undefined ? stages.length : stages.indexOf(stage) + 1 || undefined,
  );
  return {
    id: message.id,
    ...direction === "receive" ? { from: message.fromId, peer } : { to: message.toId },
    stages: names.map((name, index) => `${name} ${milliseconds(durationsMs[index] ?? 0)}`).join(", "),
    ...handlerMs !== undefined && { handlerMs: milliseconds(handlerMs) },
  };
}

function milliseconds(ms: number): string {
  return ms.toFixed(2);
}
