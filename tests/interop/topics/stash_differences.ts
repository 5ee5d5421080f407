/**
 * What our stash did otherwise than Go's, in the words of the table.
 * @module
 */
import {
  decodeEnvelope,
  type Message,
  type StashAckV1,
  type StashResponseV1,
  type StashService,
} from "../nara.ts";
import type { GoStash } from "./go_stash.ts";
import { routeOf, wireOf, withoutOwnField } from "./sending.ts";
import type { SentFrame } from "./vector_runtime.ts";

const encoder = new TextEncoder();

/** What was sent, stored or taken back otherwise; `expected` is what Go sends. */
export function differencesOf(
  stash: StashService,
  go: GoStash,
  expected: readonly Message[],
  sent: readonly SentFrame[],
): string[] {
  const differences: string[] = [];
  const [theirs, ours] = [
    expected.map((message) => `${routeOf(message, {})} ${wireOf(message)}`),
    sent.map(({ to, wire }) => `direct:${to} ${withoutOwnField(wire)}`),
  ];
  if (theirs.join("\n") !== ours.join("\n")) {
    differences.push(sent.map(({ wire }) => describe(wire)).join(" and ") || "no answer");
  }
  const { owners } = stash.status();
  if (owners !== go.size) differences.push(`${owners} stored`);
  const own = ownOf(stash);
  if (own?.text !== go.own?.text || own?.time !== go.own?.time) {
    differences.push(own ? `own stash ${own.text} of ${own.time}` : "no own stash");
  }
  return differences;
}

/** An answer of the stash in a few words. */
function describe(wire: string): string {
  const { kind, payload } = decodeEnvelope(encoder.encode(wire));
  const { success, reason } = payload as StashAckV1;
  const { found } = payload as StashResponseV1;
  if (kind === "stash:ack") return success ? "ack" : `ack with "${reason}"`;
  return kind === "stash:response" ? `response ${found ? "found" : "not found"}` : kind;
}

function ownOf(stash: StashService): { text: string; time: number } | undefined {
  if (!stash.stash) return undefined;
  const { own } = JSON.parse(new TextDecoder().decode(stash.marshalState())) as {
    own: { stored_at: number };
  };
  return { text: new TextDecoder().decode(stash.stash.data), time: own.stored_at };
}
