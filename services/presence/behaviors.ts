/**
 * What presence speaks. Other services import these to subscribe.
 * @module
 */
import { HeyThereV1, HowdyV1 } from "../../messages/presence.ts";
import { IdentityRotatedV1 } from "../../messages/rotation.ts";
import type { Behavior } from "../../runtime/behavior.ts";
import { succession } from "../../runtime/stages/succession.ts";
import { selfAttesting } from "../../runtime/stages/verify.ts";
import { broadcastEvent, meshRequest } from "../../runtime/templates.ts";
import type { Rotation } from "../../utilities/key_rotation.ts";

/** The key that a first-contact message shows is the key that must have signed it. */
const shownKey = selfAttesting(({ public_key }: { public_key: Uint8Array }) => public_key);

/** Answers a hey-there: who I am, and whom I know. */
export const howdy: Behavior<HowdyV1, { readonly 1: HowdyV1 }> = meshRequest(
  "howdy",
  "Answers a hey-there: who I am, and whom I know",
).withVersion(1, HowdyV1).with({
  receive: { verify: shownKey },
  onError: { transport: "log" }, // Whoever misses it greets again.
});

/** Announces who one is, where, and since when. */
export const heyThere: Behavior<HeyThereV1, { readonly 1: HeyThereV1 }> = broadcastEvent(
  "hey-there",
  "Announces who one is, where, and since when",
  1,
  "plaza/hey_there",
).withVersion(1, HeyThereV1).with({
  receive: { verify: shownKey },
  onError: { transport: "drop" }, // The greeter says who does not answer, once.
}).withReplies(howdy);

/** The rotations that a payload tells, in the program's form. */
const toldRotations = ({ rotations }: IdentityRotatedV1): Rotation[] =>
  rotations.map((wire) => ({
    oldId: wire.old_id,
    oldKey: wire.old_public_key,
    newId: wire.new_id,
    newKey: wire.new_public_key,
    rotatedAt: wire.rotated_at,
    oldSignature: wire.old_signature,
    newSignature: wire.new_signature,
  }));

/** Tells a peer that the sender has a new soul, and who it was before. The runtime follows it as it verifies it. */
export const identityRotated: Behavior<IdentityRotatedV1, { readonly 1: IdentityRotatedV1 }> = meshRequest(
  "identity:rotated",
  "Tells that the sender has a new soul, and who it was before",
).withVersion(1, IdentityRotatedV1).with({
  receive: { verify: succession(toldRotations) },
  onError: { transport: "log" }, // Whoever misses it is told when it is met again.
});
