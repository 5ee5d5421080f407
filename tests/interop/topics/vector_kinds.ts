/**
 * The kinds that the vectors speak: those of the stash, and two that were added for the vectors.
 * @module
 */
import { BadCase } from "../case_reader.ts";
import {
  type Behavior,
  meshRequest,
  type PayloadSchema,
  stashAck,
  stashRefresh,
  StashRefreshV1,
  stashRequest,
  StashRequestV1,
  stashResponse,
  stashStore,
} from "../nara.ts";
import { asGoAny } from "./go_values.ts";

/** A kind of the vectors, whatever its payloads are. */
export type VectorKind = Behavior<unknown, Readonly<Record<number, unknown>>>;

/** Go's `map[string]any`: objects of any form, whose keys are sorted. */
const anyMap: PayloadSchema<unknown> = {
  decode(wire: unknown) {
    if (typeof wire === "object" && wire !== null && !Array.isArray(wire)) return asGoAny(wire);
    throw new TypeError("Cannot read a payload of any form: expected an object");
  },
  encode: (value) => value,
};

const testAny = meshRequest("test:any", "Says whatever it likes").withVersion(1, anyMap);
const testTwoVersions = meshRequest("test:two-versions", "Has had two forms since version 2")
  .withVersion(2, StashRefreshV1).withVersion(3, StashRequestV1);

/** The stash's kinds by name; a service registers them itself. */
export const STASH_KINDS: ReadonlyMap<string, VectorKind> = byName(
  stashAck,
  stashRefresh,
  stashRequest,
  stashResponse,
  stashStore,
);

/** All kinds of the vectors by name. */
export const VECTOR_KINDS: ReadonlyMap<string, VectorKind> = new Map([
  ...STASH_KINDS,
  ...byName(testAny, testTwoVersions),
]);

/** Kinds that Go neither signs nor verifies. */
export const UNSIGNED_IN_GO: ReadonlySet<string> = new Set([stashRefresh.kind]);

function byName(...kinds: VectorKind[]): Map<string, VectorKind> {
  return new Map(kinds.map((kind) => [kind.kind, kind]));
}

/** A kind of the vectors; a case that names another cannot be checked. */
export function kindNamed(name: string): VectorKind {
  const kind = VECTOR_KINDS.get(name);
  if (kind) return kind;
  throw new BadCase(`no kind ${JSON.stringify(name)} is known`);
}
