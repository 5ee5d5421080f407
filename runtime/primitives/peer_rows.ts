/**
 * The peers of a nara as a table: for `nara peers`, as lines for people and as JSON for programs.
 * @module
 */
import type { Keyring } from "../../utilities/keyring.ts";
import type { NaraId, NaraName } from "../../utilities/names.ts";
import type { PeerDirectory } from "./peer_directory.ts";
import type { Evidence } from "./peer_evidence.ts";
import type { PeerState } from "./peer_view.ts";

/** A key that was refused for an id, as JSON. */
export interface RefusedKey {
  /** The key, as base64. */
  readonly key: string;
  /** The name that came with it, if one did. */
  readonly name?: NaraName;
  /** When it first came, in milliseconds since 1970. */
  readonly atMs: number;
}

/** A peer, as JSON. */
export interface PeerRow {
  /** Its id. */
  readonly id: NaraId;
  /** Its name, for display only. */
  readonly name?: NaraName;
  /** Where it is reached, once that is proven. */
  readonly address?: string;
  /** Whose program it runs, as far as its signatures tell: `unknown` before its key is pinned. */
  readonly program: "ours" | "go" | "unknown";
  /** What its answers were worth lately, from −100 to 100. */
  readonly score: number;
  /** How it stands; `known` where only its key is. */
  readonly state: PeerState | "known";
  /** Milliseconds since it was heard, where it was in this run. */
  readonly silentMs?: number;
  /** Bytes of verified messages that came from it in this run. */
  readonly bytesIn: number;
  /** Bytes that were sent to it in this run. */
  readonly bytesOut: number;
  /** Who follows it, where it has handed its place on. */
  readonly successor?: NaraId;
  /** Whom it follows. */
  readonly predecessor?: NaraId;
  /** Other keys that were shown for its id, and refused. */
  readonly refusedKeys: readonly RefusedKey[];
}

/** What a table of peers is made of. */
export interface PeerSources {
  /** Who is out there. */
  readonly peers: Pick<PeerDirectory, "view" | "evidence">;
  /** Whose keys are known. */
  readonly keyring: Pick<Keyring, "get" | "isOurs" | "successorOf" | "predecessorOf">;
}

/** All peers, the one heard last first; then those of whom there is nothing but evidence. */
export function peerRows({ peers, keyring }: PeerSources): PeerRow[] {
  const evidence = peers.evidence?.all() ?? [];
  const rows = peers.view().map(({ id, name, address, silentMs, ...rest }): PeerRow => ({
    id,
    ...name !== undefined && { name },
    ...address !== undefined && { address },
    program: programOf(id, keyring),
    ...rest,
    ...silentMs !== undefined && { silentMs: Math.round(silentMs) },
    ...followingOf(id, keyring),
    refusedKeys: refusedKeysOf(id, evidence),
  }));
  const shown = new Set(rows.map(({ id }) => id));
  const others = new Set(evidence.map(({ id }) => id).filter((id) => !shown.has(id)));
  return [...rows, ...[...others].map((id) => onlyKnown(id, keyring, evidence))];
}

/** The same as lines of text, a headline first. What was refused stands below its peer. */
export function peerLines(rows: readonly PeerRow[]): string[] {
  if (rows.length === 0) return ["No peers are known."];
  const head = ["id", "name", "address", "program", "score", "state", "heard", "in", "out"];
  const table = [head, ...rows.map(cellsOf)];
  const widths = head.map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  return table.flatMap((cells, index) => {
    const line = cells.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd();
    return index === 0 ? [line] : [line, ...notesOf(rows[index - 1])];
  });
}

function cellsOf(row: PeerRow): string[] {
  const { id, name = "", address = "-", program, score, state, silentMs, bytesIn, bytesOut } = row;
  const heard = silentMs === undefined ? "-" : `${Math.round(silentMs / 1_000)} s ago`;
  return [id, name, address, program, `${score}`, state, heard, `${bytesIn}`, `${bytesOut}`];
}

function notesOf({ successor, predecessor, refusedKeys }: PeerRow): string[] {
  return [
    ...successor === undefined ? [] : [`  it has handed its place on to ${successor}`],
    ...predecessor === undefined ? [] : [`  it was ${predecessor} before`],
    ...refusedKeys.map(({ key, name, atMs }) => {
      const who = name === undefined ? "" : ` by somebody who goes by ${JSON.stringify(name)}`;
      return `  another key was shown for it on ${new Date(atMs).toISOString()}${who}, and refused: ${key}`;
    }),
  ];
}

function onlyKnown(id: NaraId, keyring: PeerSources["keyring"], evidence: readonly Evidence[]): PeerRow {
  return {
    id,
    program: programOf(id, keyring),
    score: 0,
    state: "known",
    bytesIn: 0,
    bytesOut: 0,
    ...followingOf(id, keyring),
    refusedKeys: refusedKeysOf(id, evidence),
  };
}

function programOf(id: NaraId, keyring: PeerSources["keyring"]): PeerRow["program"] {
  if (!keyring.get(id)) return "unknown";
  return keyring.isOurs(id) ? "ours" : "go";
}

function followingOf(
  id: NaraId,
  keyring: PeerSources["keyring"],
): Pick<PeerRow, "successor" | "predecessor"> {
  const [successor, predecessor] = [keyring.successorOf(id)?.id, keyring.predecessorOf(id)];
  return {
    ...successor !== undefined && { successor },
    ...predecessor !== undefined && { predecessor },
  };
}

function refusedKeysOf(id: NaraId, evidence: readonly Evidence[]): RefusedKey[] {
  return evidence.filter((each) => each.id === id).map(({ offered, name, atMs }) => ({
    key: offered.toBase64(),
    ...name !== undefined && { name },
    atMs,
  }));
}
