/**
 * An outbox over a network that is up or down, and what it did.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { NewLetter } from "../../runtime/primitives/letter.ts";
import { Outbox } from "../../runtime/primitives/outbox.ts";
import type { OutboxOptions, OutboxOutcome } from "../../runtime/primitives/outbox_options.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { loggedLines, readNotes, textOf, TroubledFile } from "./kept.ts";

/** A minute, in milliseconds. */
export const MINUTE_MS = 60_000;
/** When a message is given up that was kept as it was made: with a window of five minutes and a margin of one. */
export const DEADLINE_MS = 4 * MINUTE_MS;
/** How a message fails whose target does not answer. */
export const away = new MeshError("unreachable", "nobody answers");
/** It came through. */
export const SENT: OutboxOutcome = { outcome: "sent" };
/** Nobody answered. */
export const FAILED: OutboxOutcome = { outcome: "failed", error: away };

/** An outbox over a network that is up or down, started unless told otherwise, and what it did. */
export function outboxBench(options: Partial<OutboxOptions> & { start?: boolean } = {}) {
  const clock = options.clock ?? new VirtualClock();
  const network = { isUp: false, answer: (_: Message): OutboxOutcome => network.isUp ? SENT : FAILED };
  const tries: { atMs: number; text: string }[] = [];
  const sent: Message[] = [];
  const letters: NewLetter[] = [];
  const { log, lines } = loggedLines();
  const file = options.file ?? new TroubledFile();
  const outbox = new Outbox({
    clock,
    random: new SeededRandom(1),
    file,
    log,
    send: (message) => {
      tries.push({ atMs: clock.monotonicMs(), text: textOf(message) });
      const outcome = network.answer(message);
      if (outcome.outcome === "sent") sent.push(message);
      return Promise.resolve(outcome);
    },
    read: readNotes,
    pastMs: () => 5 * MINUTE_MS,
    giveUp: async (letter, alongside) => {
      await file.write(alongside);
      return letters.push(letter) > 0;
    },
    ...options,
  });
  if (options.start !== false) outbox.start();
  const keep = (message: Message, error: Error = away) =>
    outbox.keep({ message, direction: "emit", stage: "mesh", error });
  const texts = () => sent.map(textOf);
  return { outbox, clock: clock as VirtualClock, network, tries, sent, texts, letters, lines, file, keep };
}
