/**
 * Gives the nara of a data folder a new soul, for the command `soul rotate`. The nara does not run meanwhile: this process holds its
 * folder.
 *
 * What is written comes in such an order that whoever is interrupted has either soul whole: the old one is kept aside, then the
 * rotation, which counts only for the nara to whose id it leads, and the new soul last.
 * @module
 */
import { systemClock, unixSeconds } from "../../utilities/clock.ts";
import { createIdentity } from "../../utilities/identity.ts";
import { chainTo, ROTATIONS_MAX, signRotation } from "../../utilities/key_rotation.ts";
import { Secret } from "../../utilities/secret.ts";
import { userDataFolder } from "./choose_folder.ts";
import { readConfig } from "./config.ts";
import { folderError } from "./data_folder.ts";
import type { CommandContext } from "./operator.ts";
import { ProcessError } from "./process_error.ts";
import { takeHome } from "./resident_folder.ts";
import { formerSoulsPath, readHistory, writeHistory } from "./soul_history.ts";

/** Does what `nara soul` asks for. Resolves with the exit code. */
export async function soulCommand(context: CommandContext): Promise<number> {
  const { argument: action } = context;
  if (action === "rotate") return await rotate(context);
  const found = action === undefined
    ? "run nara soul without an action"
    : `${JSON.stringify(action.slice(0, 40))} a soul`;
  throw new ProcessError("bad_option", `Cannot ${found}: expected nara soul rotate`);
}

async function rotate({ sources, json, print }: CommandContext): Promise<number> {
  const config = readConfig(sources);
  const { folder, resident } = takeHome(config, () => userDataFolder(Deno.build.os, sources.variable));
  using _held = folder;
  const { path } = folder;
  const { former, rotations } = readHistory(path);
  const old = await createIdentity({
    soul: resident.soul.reveal(),
    name: resident.name,
    keypair: config.keypair,
  });
  const next = await createIdentity({ name: old.identity.name, keypair: config.keypair });
  const rotation = await signRotation({
    old: old.identity,
    successor: next.identity,
    rotatedAt: unixSeconds(systemClock),
  });
  const chain = [...chainTo(rotations, old.identity.id), rotation].slice(-ROTATIONS_MAX);
  try {
    writeHistory(path, { former: [...former, resident.soul], rotations: chain });
  } catch (thrown) {
    throw folderError(path, thrown);
  }
  folder.keep({ soul: new Secret(next.soul), name: next.identity.name });
  const { id, name } = next.identity;
  if (json) print(JSON.stringify({ event: "rotated", id, before: old.identity.id, name, data: path }));
  else {
    print(`${name} has a new soul. Its id is ${id} from now on; it was ${old.identity.id}.`);
    print("Start it, and let it run: each peer that it meets learns of this, and forgets the old key.");
    print(
      `The old soul is in ${formerSoulsPath(path)}, for what it sealed: keep that file as safe as the soul.`,
    );
  }
  return 0;
}
