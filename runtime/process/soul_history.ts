/**
 * Which souls the nara of a data folder had before: they open what they sealed, and their rotations say who followed whom.
 * @module
 */
import { join } from "node:path";
import { decodeBase64, encodeBase64 } from "../../utilities/base64.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { Rotation } from "../../utilities/key_rotation.ts";
import { Secret } from "../../utilities/secret.ts";
import { parseSoul } from "../../utilities/soul.ts";
import { isPrivate, readIfThere, replaceFile } from "./files.ts";
import { ProcessError } from "./process_error.ts";

/** What a folder says of earlier souls. */
export interface SoulHistory {
  /** The souls, the oldest first. */
  readonly former: readonly Secret<string>[];
  /** The rotations, the oldest first. */
  readonly rotations: readonly Rotation[];
}

/** Souls that are kept aside; past it the oldest go, whose stash was sealed anew many souls ago. */
export const FORMER_MAX = 32;
const FORMER = "soul.former";
const ROTATIONS = "rotations.json";
const BYTES = ["oldKey", "newKey", "oldSignature", "newSignature"] as const;

/** Where the folder `path` keeps its former souls. */
export function formerSoulsPath(path: string): string {
  return join(path, FORMER);
}

/**
 * The history in the folder `path`; an empty one where there is none.
 *
 * @throws {ProcessError} `bad_folder`, if it cannot be read.
 */
export function readHistory(path: string): SoulHistory {
  const former = attempt(join(path, FORMER), (text, file) => {
    const souls = text.split("\n").filter((line) => line !== "");
    souls.forEach(parseSoul);
    if (!isPrivate(file)) throw new TypeError("others may read it: chmod 600 it");
    return souls.map((soul) => new Secret(soul));
  });
  const rotations = attempt(
    join(path, ROTATIONS),
    (text) => (JSON.parse(text) as Record<string, unknown>[]).map(rotationOf),
  );
  return { former: former ?? [], rotations: rotations ?? [] };
}

/** Keeps a history. The souls come first: a rotation without them could lose what they sealed. */
export function writeHistory(path: string, { former, rotations }: SoulHistory): void {
  const souls = [...new Set(former.map((soul) => soul.reveal()))].slice(-FORMER_MAX);
  replaceFile(join(path, FORMER), `${souls.join("\n")}\n`);
  const wire = rotations.map((rotation) => ({
    ...rotation,
    ...Object.fromEntries(BYTES.map((name) => [name, encodeBase64(rotation[name])])),
  }));
  replaceFile(join(path, ROTATIONS), `${JSON.stringify(wire, undefined, 2)}\n`);
}

function rotationOf(wire: Record<string, unknown>): Rotation {
  const { oldId, newId, rotatedAt } = wire;
  if (typeof oldId !== "string" || typeof newId !== "string" || !Number.isSafeInteger(rotatedAt)) {
    throw new TypeError("expected rotations with oldId, newId and rotatedAt");
  }
  const [oldKey, newKey, oldSignature, newSignature] = BYTES.map((name) => decodeBase64(String(wire[name])));
  return { oldId, newId, rotatedAt: rotatedAt as number, oldKey, newKey, oldSignature, newSignature };
}

function attempt<T>(file: string, read: (text: string, file: string) => T): T | undefined {
  try {
    const text = readIfThere(file);
    return text === undefined ? undefined : read(text, file);
  } catch (cause) {
    const found = messageOf(cause);
    throw new ProcessError("bad_folder", `Cannot use ${file} (${found}): restore it`, { cause });
  }
}
