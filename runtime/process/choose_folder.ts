/**
 * Which data folder a nara gets: the one that was asked for, or one of its own under the user's data folder, numbered
 * from 1, so that the same command in three terminals is three naras.
 * @module
 */
import { isAbsolute, join, resolve } from "node:path";
import { generatedName } from "../../utilities/generated_name.ts";
import type { Secret } from "../../utilities/secret.ts";
import { parseSoul } from "../../utilities/soul.ts";
import type { NaraConfig } from "./config.ts";
import { DataFolder, lockPathOf, type Resident, residentOf } from "./data_folder.ts";
import { type Holder, holderOf } from "./folder_lock.ts";
import { ProcessError } from "./process_error.ts";
import { readHistory } from "./soul_history.ts";

/** What decides about the folder. */
export type Wanted = Pick<NaraConfig, "data" | "name" | "soul">;

/** A folder that was taken. */
export interface Choice {
  /** The folder. */
  readonly folder: DataFolder;
  /** The first folder that would have been taken, had nobody held it. */
  readonly passedOver?: {
    /** Where it is. */
    readonly path: string;
    /** Who holds it. */
    readonly holder: Holder;
  };
}

/** How many naras one user has on one machine; more is a mistake in a script. */
const FOLDERS_MAX = 1_000;

/**
 * Takes the folder `wanted.data`, or else a numbered one under `base`: the first that is free and belongs to whom is
 * wanted, or a new one.
 *
 * @throws {ProcessError} `folder_in_use`, `wrong_soul`, `wrong_name` or `bad_folder`.
 */
export function chooseFolder(wanted: Wanted, base: () => string): Choice {
  return wanted.data === undefined
    ? takeOwn(wanted, base())
    : { folder: takeGiven(wanted, resolve(wanted.data)) };
}

/**
 * Where the folders of all naras of a user are, by the manners of the system.
 *
 * @throws {ProcessError} `bad_folder`, where the environment does not say.
 */
export function userDataFolder(os: string, variable: (name: string) => string | undefined): string {
  const under = (name: string, ...path: string[]): string | undefined => {
    const folder = variable(name);
    return folder && isAbsolute(folder) ? join(folder, ...path, "nara") : undefined;
  };
  const found = under("XDG_DATA_HOME") ?? (
    os === "windows"
      ? under("LOCALAPPDATA") ?? under("USERPROFILE", "AppData", "Local")
      : os === "darwin"
      ? under("HOME", "Library", "Application Support")
      : under("HOME", ".local", "share")
  );
  if (found) return found;
  throw new ProcessError(
    "bad_folder",
    "Cannot tell where your data belongs as no home folder is known: pass --data FOLDER",
  );
}

function takeGiven(wanted: Wanted, path: string): DataFolder {
  const folder = DataFolder.take(path);
  if (!folder) throw inUse(path, "stop that one, or choose another folder");
  const { resident } = folder;
  try {
    if (resident && wanted.soul && wanted.soul.reveal() !== resident.soul.reveal()) {
      const advice = "leave the soul out, or choose another folder";
      throw new ProcessError(
        "wrong_soul",
        `Cannot use the given soul with the data folder ${path}, which keeps another: ${advice}`,
      );
    }
    if (resident?.name !== undefined && wanted.name !== undefined && wanted.name !== resident.name) {
      const [asked, found] = [wanted.name, resident.name].map((name) => JSON.stringify(name));
      const advice = "leave the name out, or choose another folder";
      throw new ProcessError(
        "wrong_name",
        `Cannot be ${asked} with the data folder ${path}, which is that of ${found}: ${advice}`,
      );
    }
    return folder;
  } catch (thrown) {
    folder[Symbol.dispose]();
    throw thrown;
  }
}

function takeOwn(wanted: Wanted, base: string): Choice {
  let passedOver: Choice["passedOver"];
  const taken = (
    path: string,
    isRight: (resident: Resident | undefined) => boolean,
  ): DataFolder | undefined => {
    const folder = DataFolder.take(path);
    if (!folder) passedOver ??= { path, holder: holderOf(lockPathOf(path)) };
    if (folder && isRight(folder.resident)) return folder;
    folder?.[Symbol.dispose](); // Somebody was faster, and has moved in and out.
  };
  for (const path of numberedFolders(base)) {
    const belongs = (resident: Resident | undefined) =>
      resident !== undefined && belongsTo(resident, wanted, path);
    if (!belongs(residentOf(path))) continue;
    const folder = taken(path, belongs);
    if (folder) return { folder, passedOver };
    if (wanted.soul !== undefined) throw inUse(path, "one soul is one nara, so stop that one first");
  }
  for (let number = 1; number <= FOLDERS_MAX; number++) {
    const path = join(base, String(number));
    if (residentOf(path)) continue;
    const folder = taken(path, (resident) => resident === undefined);
    if (folder) return { folder, passedOver };
  }
  throw new ProcessError(
    "bad_folder",
    `Cannot make another folder in ${base}: there are ${FOLDERS_MAX}, pass --data FOLDER`,
  );
}

/** The folders of naras in `base`, lowest number first. */
export function numberedFolders(base: string): string[] {
  try {
    const numbers = [...Deno.readDirSync(base)].map(({ name }) => name).filter((name) =>
      /^[1-9]\d{0,3}$/.test(name)
    );
    return numbers.sort((a, b) => Number(a) - Number(b)).map((number) => join(base, number));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw new ProcessError(
      "bad_folder",
      `Cannot look into ${base}: make it readable, or pass --data FOLDER`,
      { cause: thrown },
    );
  }
}

/** By the soul if one is wanted, else by the name; else it is one whom nobody named. */
function belongsTo({ soul, name }: Resident, wanted: Wanted, path: string): boolean {
  if (wanted.soul) return soul.reveal() === wanted.soul.reveal();
  if (wanted.name !== undefined) return name === wanted.name;
  return [soul, ...formerSouls(path)].some((one) => name === generatedName(parseSoul(one.reveal()).seed));
}

/** A nara keeps the name that its first soul generated, whatever soul it has now. */
function formerSouls(path: string): readonly Secret<string>[] {
  try {
    return readHistory(path).former;
  } catch {
    return []; // Whoever takes the folder is told.
  }
}

function inUse(path: string, advice: string): ProcessError {
  const holder = describeHolder(holderOf(lockPathOf(path)));
  return new ProcessError(
    "folder_in_use",
    `Cannot use the data folder ${path} as ${holder} holds it: ${advice}`,
  );
}

/** A holder in words. */
export function describeHolder({ name, pid }: Holder): string {
  const process = pid === undefined ? "another process" : `process ${pid}`;
  return name === undefined ? process : `${JSON.stringify(name)} (${process})`;
}
