/**
 * Bounds of things that know nothing of {@linkcode Limit}: lanes, of which there are many, and the keyring, which is a utility.
 * @module
 */
import type { Keyring } from "../../utilities/keyring.ts";
import type { Lanes } from "../lanes.ts";
import type { Limit } from "./limits.ts";

/** What is asked of a set of lanes. */
export type LanesInUse = Pick<Lanes<unknown>, "size" | "longest" | "stageMax" | "laneMax" | "overflows">;

/**
 * The bounds of many sets of lanes that serve one purpose, such as the handlers of all kinds: in use is what the fullest holds.
 *
 * @param name What they are for, e.g. `handlers`; the bounds are called `lanes.handlers` and `lanes.handlers.of_a_peer`.
 * @param all Every set of them, as they stand when somebody asks.
 */
export function lanesLimits(name: string, all: () => Iterable<LanesInUse>): Limit[] {
  const most = (count: (lanes: LanesInUse) => number) => () =>
    [...all()].reduce((max, lanes) => Math.max(max, count(lanes)), 0);
  const refused = () => [...all()].reduce((sum, { overflows }) => sum + overflows, 0);
  const rule = "the message ends with peer_busy";
  return [
    {
      name: `lanes.${name}`,
      unit: "messages of a kind",
      max: most(({ stageMax }) => stageMax)() || 1_024,
      rule,
      inUse: most(({ size }) => size),
      overflows: refused,
    },
    {
      name: `lanes.${name}.of_a_peer`,
      unit: "messages of a peer and a kind",
      max: most(({ laneMax }) => laneMax)() || 128,
      rule,
      inUse: most(({ longest }) => longest),
      overflows: refused,
    },
  ];
}

/** The bound of the keyring. */
export function keyringLimits(
  keyring: Pick<Keyring, "size" | "pinsMax" | "refusals" | "forgotten">,
): Limit[] {
  return [{
    name: "keyring.pins",
    unit: "keys",
    max: keyring.pinsMax,
    rule:
      "the oldest that only introduced itself makes room; without one new naras are refused, for pins must stay",
    inUse: () => keyring.size,
    overflows: () => keyring.refusals + keyring.forgotten,
  }];
}
