/**
 * The command `demo`: five naras in five processes. One stashes a file with three others, is killed, loses its folder, and
 * comes back from nothing but its soul and the address of one other.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { residentOf } from "../../../runtime/process/data_folder.ts";
import type { CommandContext } from "../../../runtime/process/operator.ts";
import { systemClock } from "../../../utilities/clock.ts";
import { TARGET_CONFIDANTS } from "../confidants.ts";
import { COPIES_WANTED } from "../recovery.ts";
import { readStashFile, sha256Of } from "./stash_file.ts";
import { Story } from "./story.ts";
import { type Inhabitant, Town } from "./town.ts";

/** How many naras there are beside the one that the story is about. */
const OTHERS = 4;
/** Milliseconds after which the demo gives up. */
const DEMO_MS = 120_000;
const ROOT = new URL("../../../", import.meta.url);

/**
 * Plays the demo. The last line of its JSON is `{"event":"recovered","bytes","sha256","ms","confidants"}`, where `ms` is
 * counted from the start of the process that recovered, and `confidants` are those who gave back the newest copy.
 *
 * @returns 0, only if the bytes are the same.
 * @throws {ProcessError} `bad_file` or `bad_folder`, before anything was started.
 * @throws What `signal` was aborted with.
 * @throws {Error} If something did not happen, or not within two minutes.
 */
export async function runDemo({ argument, json, print, signal }: CommandContext): Promise<number> {
  const path = argument ?? fileURLToPath(new URL("README.md", ROOT));
  const data = readStashFile(path);
  const story = new Story({ json, print });
  const over = new AbortController();
  const limit = AbortSignal.any([signal, over.signal]);
  systemClock.sleep(DEMO_MS, { signal: limit }).then(
    () => over.abort(new Error(`Cannot finish the demo within ${DEMO_MS / 1_000} s`)),
    () => {},
  );
  try {
    await using town = new Town(limit);
    const others = await gather(town, story);
    const { owner, confidants } = await stash({ town, story, path, data, others });
    const soul = await loseEverything(owner, story);
    const stranger = others.find(({ id }) => !confidants.includes(id)) ?? others[0];
    await recover({ town, story, data, owner, soul, stranger });
    return 0;
  } finally {
    over.abort();
  }
}

/** Starts naras, each told of the one before it. */
async function gather(town: Town, story: Story): Promise<Inhabitant[]> {
  const others: Inhabitant[] = [];
  while (others.length < OTHERS) {
    const previous = others.at(-1);
    const nara = await town.welcome(town.newFolder(), { peer: previous?.address });
    others.push(nara);
    tellStart(story, nara, previous);
  }
  return others;
}

/** What {@linkcode stash} needs. */
interface Stashing {
  readonly town: Town;
  readonly story: Story;
  readonly path: string;
  readonly data: Uint8Array;
  readonly others: readonly Inhabitant[];
}

/** Starts the owner, and waits until three others keep its file. */
async function stash(
  { town, story, path, data, others }: Stashing,
): Promise<{ owner: Inhabitant; confidants: string[] }> {
  const peer = others.at(-1)!;
  const command = ["stash-keep", "--stash-file", Deno.realPathSync(path)]; // /dev/stdin is another file there.
  const owner = await town.welcome(town.newFolder(), { command, peer: peer.address });
  tellStart(story, owner, peer);
  const { peers } = await owner.process.event("found");
  story.tell(
    "found",
    `${owner.name} has found ${peers} others through it and stashes ${path}: ${data.length} bytes`,
    {
      peers,
    },
  );
  const { confidants: ids } = await owner.process.event("stored");
  const confidants = others.filter(({ id }) => Array.isArray(ids) && ids.includes(id));
  if (confidants.length < TARGET_CONFIDANTS) {
    throw new Error(
      `Cannot go on: ${confidants.length} confidants keep the stash, expected ${TARGET_CONFIDANTS}`,
    );
  }
  const names = confidants.map(({ name }) => name);
  story.tell("stored", `${names.join(", ")} keep it, sealed so that only ${owner.name} can read it`, {
    confidants: names,
  });
  return { owner, confidants: confidants.map(({ id }) => id) };
}

/** Kills the owner and removes its folder; what is left is its soul, as its operator would have written it down. */
async function loseEverything({ process, folder, name }: Inhabitant, story: Story): Promise<string> {
  process.kill();
  const { signal } = await process.status;
  const resident = residentOf(folder);
  if (!resident) throw new Error(`Cannot go on: ${name} kept no soul in ${folder}`);
  Deno.removeSync(folder, { recursive: true });
  story.tell(
    "killed",
    `${name} is killed by ${signal} and its folder removed: all that is left is its soul`,
    {
      name,
      signal,
    },
  );
  return resident.soul.reveal();
}

/** What {@linkcode recover} needs. */
interface Recovering {
  readonly town: Town;
  readonly story: Story;
  readonly data: Uint8Array;
  readonly owner: Inhabitant;
  readonly soul: string;
  /** The one nara that the new process is told of; it keeps no copy. */
  readonly stranger: Inhabitant;
}

/** Starts a new process with the soul, and waits until it has the file again. */
async function recover({ town, story, data, owner, soul, stranger }: Recovering): Promise<void> {
  const startMs = story.ms;
  const folder = town.newFolder();
  const out = join(folder, "recovered");
  const reborn = await town.welcome(folder, {
    command: ["stash-recover", "--stash-out", out],
    peer: stranger.address,
    soul,
  });
  if (reborn.id !== owner.id) throw new Error(`Cannot go on: the soul of ${owner.id} made ${reborn.id}`);
  story.tell(
    "reborn",
    `${reborn.name} is back, in a new process with an empty folder, told of ${stranger.name}`,
    {
      name: reborn.name,
      id: reborn.id,
      address: reborn.address,
    },
  );
  const { confidants: holders } = await reborn.process.event("recovered");
  const confidants = Array.isArray(holders) ? holders.length : 0;
  if (confidants < COPIES_WANTED) {
    throw new Error(`Cannot trust one copy alone: expected ${COPIES_WANTED}, got ${confidants}`);
  }
  const recovered = Deno.readFileSync(out);
  const [bytes, sha256, ms] = [recovered.length, sha256Of(recovered), story.ms - startMs];
  if (sha256 !== sha256Of(data)) {
    throw new Error(`Cannot call that recovered: ${bytes} bytes came back, and not the same`);
  }
  story.tell(
    "recovered",
    `${confidants} confidants gave it back within ${ms} ms: the same ${bytes} bytes, SHA-256 ${sha256}`,
    {
      bytes,
      sha256,
      ms,
      confidants,
    },
  );
}

function tellStart(
  story: Story,
  { name, id, address, process: { pid } }: Inhabitant,
  peer?: Inhabitant,
): void {
  const toldOf = peer ? `, told of ${peer.name}` : "";
  story.tell("started", `${name} listens on ${address}${toldOf}`, {
    name,
    id,
    address,
    pid,
    peer: peer?.address,
  });
}
