/**
 * Rotations on the wire, and whom this nara has told of its own.
 * @module
 */
import type { IdentityRotatedV1, RotationV1 } from "../../messages/rotation.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import { messageOf } from "../../utilities/errors.ts";
import { leadsTo, type Rotation } from "../../utilities/key_rotation.ts";
import type { NaraId } from "../../utilities/names.ts";
import { identityRotated } from "./behaviors.ts";

/** Peers that are remembered as told; past it the one told first is told again. */
const TOLD_MAX = 4_096;

/** A rotation as its payload says it. */
export function toWire(rotation: Rotation): RotationV1 {
  const { oldId, oldKey, newId, newKey, rotatedAt, oldSignature, newSignature } = rotation;
  return {
    old_id: oldId,
    old_public_key: oldKey,
    new_id: newId,
    new_public_key: newKey,
    rotated_at: rotatedAt,
    old_signature: oldSignature,
    new_signature: newSignature,
  };
}

/** Tells peers who this nara was before, each once in a run. */
export class RotationTeller {
  readonly #rt: Pick<RuntimeApi, "emit" | "log">;
  readonly #payload: IdentityRotatedV1 | undefined;
  readonly #told = new Set<NaraId>();

  /**
   * @param rt What it may use.
   * @param rotations The nara's own, the oldest first; those that do not lead to it are not told.
   */
  constructor(rt: Pick<RuntimeApi, "emit" | "log" | "me">, rotations: readonly Rotation[]) {
    this.#rt = rt;
    const isOwn = leadsTo(rotations, rt.me.id);
    this.#payload = isOwn ? { rotations: rotations.map(toWire) } : undefined;
  }

  /** Tells `id`, unless it was told. It never rejects: who does not hear it now is told in the next run, or when it is met again. */
  async tell(id: NaraId): Promise<void> {
    if (!this.#payload || this.#told.has(id)) return;
    this.#told.add(id);
    if (this.#told.size > TOLD_MAX) this.#told.delete(this.#told.keys().next().value!);
    try {
      const { outcome, receipt } = await this.#rt.emit(identityRotated.draft(this.#payload, { to: id }));
      if (outcome !== "sent" || receipt?.outcome === "error") this.#told.delete(id);
    } catch (thrown) {
      this.#told.delete(id);
      this.#rt.log.debug("a peer could not be told of the new soul", { id, error: messageOf(thrown) });
    }
  }
}
