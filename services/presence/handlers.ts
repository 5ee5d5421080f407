/**
 * How presence answers.
 * @module
 */
import { type HeyThereV1, HOWDY_NEIGHBOURS_MAX, type NeighbourV1 } from "../../messages/presence.ts";
import type { Message } from "../../messages/message.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import type { NaraId } from "../../utilities/names.ts";
import { shuffled } from "../../utilities/random.ts";
import { howdy } from "./behaviors.ts";
import type { Greeter } from "./greeter.ts";
import type { Strangers } from "./strangers.ts";

/** What presence's handlers may touch, and so all that their tests have to supply. */
export interface PresenceContext {
  /** The part of the runtime that they use. */
  readonly rt: Pick<RuntimeApi, "emit" | "keys" | "me" | "peers" | "random">;
  /** Says hey-there in return. */
  readonly greeter: Pick<Greeter, "follow">;
  /** What strangers may still be given. */
  readonly strangers: Pick<Strangers, "share">;
  /** What this nara says of itself. */
  readonly announcement: () => HeyThereV1;
}

/** Somebody says who they are: their key is pinned by now, their address still a claim. */
export async function handleHeyThereV1(
  context: PresenceContext,
  message: Message<HeyThereV1>,
): Promise<void> {
  const { rt, greeter, announcement } = context;
  const { fromId, payload: { mesh_url } } = message;
  if (fromId !== rt.me.id && rt.peers.addressOf(fromId) !== mesh_url) greeter.follow(mesh_url, "claim");
  await rt.emit(howdy.reply(message, { ...announcement(), neighbours: neighboursFor(context, fromId) }));
}

/** Some of those whom this nara knows, without the one who asks; for a stranger as many as strangers may still hear of. */
function neighboursFor({ rt, strangers }: PresenceContext, asker: NaraId): NeighbourV1[] {
  const others = rt.peers.proven().filter(({ id }) => id !== asker && rt.keys.get(id));
  const some = shuffled(others, rt.random).slice(0, HOWDY_NEIGHBOURS_MAX)
    .map(({ id, name, address }) => ({ id, name, public_key: rt.keys.get(id)!, mesh_url: address }));
  return rt.peers.addressOf(asker) === undefined ? strangers.share(asker, some) : some;
}
