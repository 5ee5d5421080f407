/**
 * Evidence: who showed another key for an id that is pinned. It is kept for the operator, for the pin itself stays as it is.
 *
 * Anyone can make any number of ids and keys, so what is kept is bounded for each id and in all, and so is how often the disk is asked.
 * What a crowd shows of ids that only introduced themselves pushes out nothing that is known of the others.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import type { KeyConflict } from "../../utilities/keyring.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { Limit } from "./limits.ts";
import { RateLimiter } from "./rate_limiter.ts";

/** Conflicts that are kept in all; past it the oldest is forgotten. */
export const EVIDENCE_MAX = 256;
/** Conflicts that are kept about one id: the first ones, for the later prove no more. */
export const EVIDENCE_OF_ID_MAX = 4;
/** Conflicts about ids that only introduced themselves that are kept. */
export const EVIDENCE_OF_STRANGERS_MAX = 64;
/** Conflicts that are written down in any minute: so many about familiar ids, and as many about others. */
const WRITES_PER_MINUTE = 32;
const MINUTE_MS = 60_000;

/** A conflict, and when it first came. */
export interface Evidence extends KeyConflict {
  /** When, in milliseconds since 1970. */
  readonly atMs: number;
}

/** Where evidence is kept. */
export interface EvidenceMemory {
  /** What earlier runs kept, the oldest first. */
  all(): readonly Evidence[];
  /** Keeps one. */
  keep(evidence: Evidence): void;
  /** Forgets one. */
  forget(evidence: Evidence): void;
}

/** Evidence that ends with its process. */
const NO_MEMORY: EvidenceMemory = { all: () => [], keep: () => {}, forget: () => {} };

/** All evidence of one nara. */
export class PeerEvidence {
  readonly #clock: Pick<Clock, "monotonicMs" | "nowNs">;
  readonly #memory: EvidenceMemory;
  /** By id and key, the oldest first. */
  readonly #kept = new Map<string, Evidence>();
  readonly #writes: RateLimiter;
  #overflows = 0;
  #strangersOverflows = 0;

  /**
   * Evidence as earlier runs kept it.
   *
   * @param clock The runtime's time.
   * @param memory Where it is kept. @default {nowhere}
   */
  constructor(clock: Pick<Clock, "monotonicMs" | "nowNs">, memory: EvidenceMemory = NO_MEMORY) {
    this.#clock = clock;
    this.#memory = memory;
    this.#writes = new RateLimiter({ clock, keysMax: 2 });
    for (const evidence of memory.all()) this.#kept.set(keyOf(evidence), evidence);
  }

  /** How much there is. */
  get size(): number {
    return this.#kept.size;
  }

  /** All of it, the oldest first. */
  all(): Evidence[] {
    return [...this.#kept.values()];
  }

  /** What there is about one id. */
  about(id: NaraId): Evidence[] {
    return this.all().filter((evidence) => evidence.id === id);
  }

  /**
   * Keeps a conflict.
   *
   * @returns Whether it is news, and so worth a line in the log: once for each id and key, over restarts too.
   * @throws {StoreError} When it cannot be kept.
   */
  add(conflict: KeyConflict): boolean {
    const evidence: Evidence = { ...conflict, atMs: Number(this.#clock.nowNs() / 1_000_000n) };
    const key = keyOf(evidence);
    if (this.#kept.has(key)) return false;
    if (this.about(conflict.id).length >= EVIDENCE_OF_ID_MAX || !this.#mayWrite(evidence)) {
      this.#passOver(evidence);
      return false;
    }
    this.#memory.keep(evidence);
    this.#kept.set(key, evidence);
    this.#makeRoom();
    return true;
  }

  /** Its bounds, for `nara limits`. */
  limits(): Limit[] {
    return [{
      name: "peers.evidence",
      unit: "conflicts of keys",
      max: EVIDENCE_MAX,
      rule:
        `the oldest is forgotten, of ids that were never met first; of one id the first ${EVIDENCE_OF_ID_MAX} stay`,
      inUse: () => this.size,
      overflows: () => this.#overflows,
    }, {
      name: "peers.evidence_of_strangers",
      unit: "conflicts of keys",
      max: EVIDENCE_OF_STRANGERS_MAX,
      rule: "the oldest about an id that was never met is forgotten",
      inUse: () => this.#ofStrangers().length,
      overflows: () => this.#strangersOverflows,
    }];
  }

  #mayWrite({ isFamiliar = false }: Evidence): boolean {
    return this.#writes.allow(isFamiliar ? "familiar" : "strange", MINUTE_MS, WRITES_PER_MINUTE);
  }

  #ofStrangers(): Evidence[] {
    return this.all().filter(({ isFamiliar }) => !isFamiliar);
  }

  #makeRoom(): void {
    const strange = this.#ofStrangers();
    if (strange.length > EVIDENCE_OF_STRANGERS_MAX) this.#forget(strange[0]);
    else if (this.#kept.size > EVIDENCE_MAX) this.#forget(strange[0] ?? this.all()[0]);
  }

  #forget(evidence: Evidence): void {
    this.#memory.forget(evidence);
    this.#kept.delete(keyOf(evidence));
    this.#passOver(evidence);
  }

  #passOver({ isFamiliar }: Evidence): void {
    this.#overflows++;
    if (!isFamiliar) this.#strangersOverflows++;
  }
}

function keyOf({ id, offered }: Pick<Evidence, "id" | "offered">): string {
  return `${id} ${offered.toHex()}`;
}
