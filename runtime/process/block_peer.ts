/**
 * Blocks and unblocks peers, for the commands `block` and `unblock`: at once where the nara runs, and in its store where it does not.
 * @module
 */
import { openSqliteStore } from "../ledger/sqlite_file.ts";
import { blockMemory, isRemembered, recallAddressOf } from "../memory.ts";
import { PeerBlocks } from "../primitives/peer_blocks.ts";
import type { PeerRow } from "../primitives/peer_rows.ts";
import { ownId } from "../primitives/peer_error.ts";
import { createIdentity } from "../../utilities/identity.ts";
import { isId, type NaraId } from "../../utilities/names.ts";
import { AskError, askJson } from "./ask.ts";
import { userDataFolder } from "./choose_folder.ts";
import { readConfig } from "./config.ts";
import { findNara } from "./find_nara.ts";
import { badId, isNaraId } from "./nara_id.ts";
import type { CommandContext } from "./operator.ts";
import { ProcessError } from "./process_error.ts";
import { takeHome } from "./resident_folder.ts";

/** What became of it. */
export interface BlockOutcome {
  /** The peer. */
  readonly id: NaraId;
  /** Whether it is blocked now. */
  readonly isBlocked: boolean;
  /** Whether it was not before, or the other way round. */
  readonly isNews: boolean;
  /** Whether the nara knew the peer: with an id that lacks a letter nobody is met. */
  readonly isKnown: boolean;
}

/**
 * Blocks a peer, or unblocks it. What is no id can only be unblocked where an earlier version blocked it.
 *
 * @throws {PeerError} `bad_id` or `own_id`.
 */
export async function changeBlock(
  context: CommandContext,
  action: "block" | "unblock",
  id: NaraId,
): Promise<BlockOutcome> {
  const isReal = isNaraId(id);
  if (!isReal && (action === "block" || !isId(id))) throw badId(action, id);
  try {
    const outcome = await change(context, action, id);
    if (isReal || outcome.isNews) return outcome;
  } catch (thrown) {
    const isRefused = thrown instanceof AskError && thrown.code === "refused";
    if (isReal || !isRefused) throw thrown;
  }
  throw badId(action, id);
}

async function change(
  context: CommandContext,
  action: "block" | "unblock",
  id: NaraId,
): Promise<BlockOutcome> {
  try {
    const contact = await findNara(context.sources, context);
    const { signal } = context;
    const { peers } = await askJson(contact, "/api/peers", { signal }) as { peers: PeerRow[] };
    const path = `/api/peers/${id}/${action}`;
    const outcome = await askJson(contact, path, { method: "POST", signal }) as Omit<BlockOutcome, "isKnown">;
    return { ...outcome, isKnown: peers.some((peer) => peer.id === id) };
  } catch (thrown) {
    const isAway = thrown instanceof AskError && thrown.code === "no_nara";
    if (!isAway || "--api" in context.flags) throw thrown;
    return await inItsStore(context, action, id);
  }
}

/** The folder is held meanwhile, so that no nara runs that would not hear of it. */
async function inItsStore(
  { sources }: CommandContext,
  action: "block" | "unblock",
  id: NaraId,
): Promise<BlockOutcome> {
  const config = readConfig(sources);
  if (config.ledger === "memory") {
    throw new ProcessError(
      "bad_option",
      `Cannot ${action} a peer of a nara that does not run and remembers nothing: start it with --block ID`,
    );
  }
  const { folder, resident } = takeHome(config, () => userDataFolder(Deno.build.os, sources.variable));
  using _held = folder;
  const { identity } = await createIdentity({ soul: resident.soul.reveal(), name: resident.name });
  if (identity.id === id) throw ownId(action);
  using store = openSqliteStore(folder.storePath);
  const blocks = new PeerBlocks(blockMemory(store));
  const address = recallAddressOf(store, id);
  const isNews = action === "block"
    ? blocks.add({ id, ...address !== undefined && { address } })
    : blocks.remove(id);
  const isKnown = address !== undefined || isRemembered(store, id);
  return { id, isBlocked: blocks.has(id), isNews, isKnown };
}
