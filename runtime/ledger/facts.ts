/**
 * Facts: what was told, by content key, and who told it; in the memory of a memory ledger.
 * @module
 */
import { type Observer, OBSERVERS_MAX } from "./ledger.ts";
import { ownBytes } from "./plain_record.ts";

interface Fact {
  /** Records that tell it. */
  records: number;
  /** In the order in which they were heard. */
  readonly observers: Observer[];
}

/** The facts that some record tells. */
export class Facts {
  readonly #facts = new Map<string, Fact>();

  /** Whether some record tells it. */
  has(contentKey: string): boolean {
    return this.#facts.has(contentKey);
  }

  /** One more record tells it. */
  add(contentKey: string | undefined, observer: Observer | undefined): void {
    if (contentKey === undefined) return;
    const fact = this.#facts.get(contentKey);
    if (fact) fact.records++;
    else this.#facts.set(contentKey, { records: 1, observers: [] });
    if (observer) this.observe(contentKey, observer);
  }

  /** One record less tells it; with the last one it is forgotten, and who told it. */
  delete(contentKey: string | undefined): void {
    const fact = contentKey === undefined ? undefined : this.#facts.get(contentKey);
    if (fact && --fact.records === 0) this.#facts.delete(contentKey!);
  }

  /** Notes one more observer. Returns whether it was noted now. */
  observe(contentKey: string, observer: Observer): boolean {
    const observers = this.#facts.get(contentKey)?.observers;
    if (!observers || observers.length >= OBSERVERS_MAX) return false;
    if (observers.some(({ fromId }) => fromId === observer.fromId)) return false;
    const { fromId, messageId, signature } = observer;
    observers.push({ fromId, messageId, signature: ownBytes(signature) });
    return true;
  }

  /** Who told it. */
  observers(contentKey: string): Observer[] {
    return this.#facts.get(contentKey)?.observers.slice() ?? [];
  }
}
