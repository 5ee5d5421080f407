/**
 * What the outbox, the dead letters and the quarantine are tested on: files that survive a restart, one whose disk refuses, and
 * messages of this nara.
 * @module
 */
import type { Message, MessageParts } from "../../messages/message.ts";
import { openSqliteStore } from "../../runtime/ledger/sqlite_file.ts";
import { keptReader, type ReadKept } from "../../runtime/primitives/kept_message.ts";
import { createLogger, type Logger } from "../../runtime/primitives/logger.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { type Change, type KeyValueFile, StoreError } from "../../runtime/primitives/store.ts";
import { note } from "./kinds.ts";
import { lacking } from "./permissions.ts";
import { alice, me, messageOf } from "./stage_context.ts";
import { withFolder } from "./temp_folder.ts";

/** A place for a file. Each `open` is a new run of the same nara; close the file before the next. */
export interface FilePlace {
  /** What it is, for the name of a test. */
  readonly name: string;
  /** Whether this run may not use it. */
  readonly ignore: boolean;
  /** Runs `check` with an empty place. */
  use(check: (open: () => KeyValueFile) => Promise<void>): Promise<void>;
}

/** Memory, and a real SQLite file. */
export const FILE_PLACES: readonly FilePlace[] = [
  {
    name: "memory",
    ignore: lacking(),
    use: async (check) => {
      const file = new MemoryStore();
      await check(() => file);
    },
  },
  {
    name: "SQLite",
    ignore: lacking("read", "write"),
    use: (check) => withFolder((folder) => check(() => openSqliteStore(`${folder}/store.sqlite`))),
  },
];

/** A file in memory whose disk can refuse, and which tells what was written. */
export class TroubledFile extends MemoryStore {
  /** Every commit, in order. */
  readonly commits: (readonly Change[])[] = [];
  /** Whether the disk refuses every write. */
  isRefusing = false;

  override async write(changes: readonly Change[]): Promise<void> {
    await Promise.resolve(); // As a disk, it takes a moment.
    if (this.isRefusing) {
      throw new StoreError("store_full", "Cannot write: the disk is full, free some space");
    }
    this.commits.push(changes);
    await super.write(changes);
  }
}

/** Lines that a logger wrote, as `level: message`. */
export function loggedLines(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  return {
    log: createLogger("runtime", ({ level, message }) => void lines.push(`${level}: ${message}`)),
    lines,
  };
}

/** Reads notes, and nothing else. */
export const readNotes: ReadKept = keptReader((kind) => {
  if (kind === note.kind) return note.spec;
  throw new RangeError(`nobody speaks ${kind}`);
});

/** A note of this nara to alice. */
export function ownNote(text: string, parts: Partial<MessageParts<unknown>> = {}): Message {
  const payload = { text };
  return messageOf({ fromId: me.id, toId: alice.id, payload, proof: "envelope", ...parts });
}

/** The text of a note. */
export function textOf({ payload }: Pick<Message, "payload">): string {
  return (payload as { text: string }).text;
}

/** The same frame under another kind, which nobody speaks. */
export function foreignNote(text: string): Message {
  return ownNote(text, { kind: "test:gone" });
}
