/**
 * Presence: how naras find one another.
 * @module
 */
export { heyThere, howdy } from "./behaviors.ts";
export { type PresenceOptions, PresenceService } from "./service.ts";
export { HeyThereV1, HOWDY_NEIGHBOURS_MAX, HowdyV1, type NeighbourV1 } from "../../messages/presence.ts";
