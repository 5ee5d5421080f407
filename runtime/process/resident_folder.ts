/**
 * The data folder of a nara that is there already and does not run: for commands that work on what it keeps.
 * @module
 */
import { resolve } from "node:path";
import { chooseFolder, numberedFolders, type Wanted } from "./choose_folder.ts";
import { type DataFolder, type Resident, residentOf } from "./data_folder.ts";
import { ProcessError } from "./process_error.ts";

/** A folder that this process holds, and who lives there. */
export interface Home {
  /** The folder. Dispose of it to let go. */
  readonly folder: DataFolder;
  /** Who lives there. */
  readonly resident: Resident;
}

/**
 * Takes the folder `wanted.data`, or the only one under `base` that belongs to whom is wanted. Nothing is made.
 *
 * @throws {ProcessError} `folder_in_use`, while its nara runs; `bad_folder`, where nobody lives; `bad_option`, where it cannot be
 * told which is meant; `wrong_soul` and `wrong_name`.
 */
export function takeHome(wanted: Wanted, base: () => string): Home {
  const data = wanted.data === undefined ? onlyOne(wanted, base()) : resolve(wanted.data);
  if (!residentOf(data)) {
    const advice = "pass the --data FOLDER of one that has run";
    throw new ProcessError("bad_folder", `Cannot find a nara in the data folder ${data}: ${advice}`);
  }
  const { folder } = chooseFolder({ ...wanted, data }, base);
  if (folder.resident) {
    const { soul, name = wanted.name } = folder.resident; // Whoever restored no more than the soul has to say the name.
    return { folder, resident: { soul, name } };
  }
  folder[Symbol.dispose]();
  throw new ProcessError("bad_folder", `Cannot use the data folder ${data}: its soul went away meanwhile`);
}

function onlyOne({ name, soul }: Wanted, base: string): string {
  const found = numberedFolders(base).flatMap((path) => {
    const resident = residentOf(path);
    const isWanted = resident && (name === undefined || resident.name === name) &&
      (soul === undefined || resident.soul.reveal() === soul.reveal());
    return isWanted ? [{ path, name: resident.name }] : [];
  });
  const [first, ...others] = found;
  if (!first) {
    const who = name === undefined ? "a nara" : `a nara called ${JSON.stringify(name)}`;
    throw new ProcessError("bad_folder", `Cannot find ${who} in ${base}: pass --data FOLDER`);
  }
  if (others.length === 0) return first.path;
  const all = found.map(({ path, name }) => `${name ?? "one without a name"} in ${path}`).join(", ");
  throw new ProcessError(
    "bad_option",
    `Cannot tell which nara is meant, as there are ${found.length} (${all}): pass --name NAME or --data FOLDER`,
  );
}
