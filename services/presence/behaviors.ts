/**
 * What presence speaks. Other services import these to subscribe.
 * @module
 */
import { HeyThereV1, HowdyV1 } from "../../messages/presence.ts";
import type { Behavior } from "../../runtime/behavior.ts";
import { selfAttesting } from "../../runtime/stages/verify.ts";
import { broadcastEvent, meshRequest } from "../../runtime/templates.ts";

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
