/**
 * Finds the running nara that a command is meant for.
 * @module
 */
import { resolve } from "node:path";
import { type ApiContact, contactIn } from "./api_file.ts";
import { AskError, type AskOptions, type Contact, isThere } from "./ask.ts";
import { describeHolder, numberedFolders, userDataFolder } from "./choose_folder.ts";
import { hostPort } from "../transport/mesh_address.ts";
import { lockPathOf, residentOf } from "./data_folder.ts";
import { holderOf, isHeld } from "./folder_lock.ts";
import { ProcessError } from "./process_error.ts";
import { SETTINGS, type Sources, valuesOf } from "./settings.ts";

/**
 * The nara at `--api`, that in the folder `--data`, that with the name `--name`, or the only one that runs in the folders of
 * this user.
 *
 * @throws {AskError} `no_nara`, where none runs.
 * @throws {ProcessError} `bad_option`, where several do.
 */
export async function findNara(sources: Sources, options: AskOptions): Promise<Contact> {
  const api = valuesOf(SETTINGS.api, sources).at(-1);
  const data = valuesOf(SETTINGS.data, sources).at(-1);
  const name = valuesOf(SETTINGS.name, sources).at(-1);
  if (api === "none") {
    throw new ProcessError(
      "bad_option",
      "Cannot ask a nara that answers nowhere: pass --api HOST:PORT instead of none",
    );
  }
  const known = data === undefined ? undefined : contactIn(resolve(data));
  if (api && api.port !== 0) { // With port 0, nobody can know beforehand where it answers.
    const url = `http://${hostPort(api.hostname, api.port)}`;
    return known?.url === url ? known : { url };
  }
  if (data !== undefined) {
    return known ?? none(`in ${resolve(data)}`, "start one with that --data", [resolve(data)]);
  }
  return await onlyOne(sources, name, options);
}

async function onlyOne(sources: Sources, name: string | undefined, options: AskOptions): Promise<Contact> {
  const base = userDataFolder(Deno.build.os, sources.variable);
  const silent: string[] = [];
  const running: { path: string; contact: ApiContact; name: string }[] = [];
  for (const path of numberedFolders(base)) {
    const contact = contactIn(path);
    if (!contact && !isHeld(lockPathOf(path))) continue;
    const resident = residentOf(path)?.name ?? "";
    if (name !== undefined && resident !== name) continue;
    if (!contact) silent.push(path);
    else if (await isThere(contact, options)) running.push({ path, contact, name: resident });
  }
  const [first, ...others] = running;
  if (!first) {
    return name === undefined
      ? none(`in ${base}`, "start one, or pass --data FOLDER or --api HOST:PORT", silent)
      : none(`with the name ${JSON.stringify(name)}`, "start it, or pass another --name", silent);
  }
  if (others.length === 0) return first.contact;
  const names = running.map(({ name, path }) => `${name} in ${path}`).join(", ");
  throw new ProcessError(
    "bad_option",
    `Cannot tell which nara is meant, as ${running.length} run (${names}): pass --name NAME or --data FOLDER`,
  );
}

/** Says that nobody can be asked; `silent` are folders that may be held nevertheless. */
function none(where: string, advice: string, silent: readonly string[]): never {
  const path = silent.find((path) => isHeld(lockPathOf(path)));
  if (path !== undefined) {
    const holder = describeHolder(holderOf(lockPathOf(path)));
    throw new AskError(
      "no_nara",
      `Cannot ask the nara in ${path} as it runs without a local API (${holder} holds the folder): start it with --api HOST:PORT`,
    );
  }
  throw new AskError("no_nara", `Cannot ask a nara ${where} as none runs there: ${advice}`);
}
