/**
 * Lives of one nara: runtimes that come one after the other and share a file, of which each but the last may have died suddenly.
 * @module
 */
import { openSqliteFile, openSqliteStore } from "../../runtime/ledger/sqlite_file.ts";
import type { StepHook } from "../../runtime/ledger/group_commit.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import type { Change, KeyValueFile } from "../../runtime/primitives/store.ts";
import { MockRuntime, type MockRuntimeOptions } from "../../runtime/testing/mock_runtime.ts";
import { FaultyDisk } from "../../runtime/testing/faulty_disk.ts";
import { FaultyFile } from "../../runtime/testing/faulty_file.ts";
import { FaultyLedger } from "../../runtime/testing/faulty_ledger.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { lacking } from "./permissions.ts";
import { withFolder } from "./temp_folder.ts";

/** A life: its runtime, and what died with it. */
export interface LifeOptions extends MockRuntimeOptions {
  /** Told of every step that writes. Only SQLite has any. */
  readonly onStep?: StepHook;
}

/** Where a nara's lives take place. */
export interface LifePlace {
  /** What its file is, for the name of a test. */
  readonly name: string;
  /** Whether this run may not use it. */
  readonly ignore: boolean;
  /** Runs `check` with an empty file. Stop each life before the next, or let it `crash`. */
  use(check: (lives: Lives) => Promise<void>): Promise<void>;
}

/** One nara, life after life, on one clock. */
export interface Lives {
  /** Time goes on between lives. */
  readonly clock: VirtualClock;
  /** Begins the next one. */
  open(options?: LifeOptions): Promise<MockRuntime>;
  /** Ends one suddenly: what it had not committed is gone. */
  crash(life: MockRuntime): Promise<void>;
  /** The file between two lives: close it. */
  file(): KeyValueFile;
}

/** Memory that behaves like a disk, and a real SQLite file. */
export const LIFE_PLACES: readonly LifePlace[] = [
  { name: "memory", ignore: lacking(), use: (check) => check(memoryLives()) },
  {
    name: "SQLite",
    ignore: lacking("read", "write"),
    use: (check) => withFolder((folder) => check(sqliteLives(`${folder}/nara.db`))),
  },
];

function memoryLives(): Lives {
  const clock = new VirtualClock();
  const disk = new FaultyDisk({ clock, random: new SeededRandom(3) });
  const file = new FaultyFile(disk);
  const ledger = new FaultyLedger(disk);
  return {
    clock,
    open: (options) => opened({ clock, store: file, ledger: ledger.open(), ...options }),
    crash: async (life) => {
      disk.crash();
      await life.runtime.stop();
      file.forgetUnwritten();
      disk.revive();
    },
    file: () => file,
  };
}

/** Lives on the SQLite file `path`. */
export function sqliteLives(path: string, clock: VirtualClock = new VirtualClock()): Lives {
  let now = path;
  let crashes = 0;
  return {
    clock,
    open: ({ onStep, ...options } = {}) => opened({ clock, ...openSqliteFile(now, { onStep }), ...options }),
    crash: async (life) => {
      const next = `${path}.${++crashes}`;
      copyDisk(now, next);
      await life.runtime.stop(); // Whatever it writes now, nobody reads any more.
      now = next;
    },
    file: () => openSqliteStore(now),
  };
}

/** A clock moves a little from one life to the next, or two would stamp a message with the same instant. */
async function opened(options: MockRuntimeOptions & { clock: VirtualClock }): Promise<MockRuntime> {
  await options.clock.advance(1);
  const mock = await MockRuntime.create(options);
  await mock.peer("alice");
  await settled();
  return mock;
}

/**
 * Copies what lies on the disk of a SQLite file at this moment: what a nara finds that comes back after its process, or its
 * machine, has suddenly gone.
 */
export function copyDisk(path: string, to: string): void {
  for (const suffix of ["", "-wal"]) {
    try {
      Deno.copyFileSync(`${path}${suffix}`, `${to}${suffix}`);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }
}

/** A file in memory with nothing but these commits: what a nara finds that died before the next one. */
export function fileAfter(commits: readonly (readonly Change[])[]): KeyValueFile {
  const file = new MemoryStore();
  for (const changes of commits) file.write(changes);
  return file;
}

/** The keys in a space of a file. */
export function keysIn(file: KeyValueFile, space: string): string[] {
  return file.list(space, "").map(([key]) => key);
}

/** The changes of a commit, in short: `space key`, with a minus in front of those that remove. */
export function inShort(changes: readonly Change[]): string[] {
  return changes.map(({ space, key, value }) => `${value ? "" : "-"}${space} ${key}`);
}
