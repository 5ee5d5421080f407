/**
 * Presence: how naras find one another.
 * @module
 */
export { heyThere, howdy, identityRotated } from "./behaviors.ts";
export { type PresenceOptions, PresenceService } from "./service.ts";
export { HeyThereV1, HOWDY_NEIGHBOURS_MAX, HowdyV1, type NeighbourV1 } from "../../messages/presence.ts";
export { IdentityRotatedV1, type RotationV1 } from "../../messages/rotation.ts";
