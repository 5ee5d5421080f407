/**
 * The journal of the kill loop: what the naras said before they died, kept outside of them.
 * @module
 */

/** The two naras of the loop. */
export type Role = "sender" | "receiver";

/** What was said. Messages go by the letter of their kind and their number, e.g. `r17`. */
export class Journal {
  /** Messages of which their sender was told that they are in good hands: with their receiver, or kept to be sent again. */
  readonly accepted = new Set<string>();
  /** Messages of which their receiver itself said that it handled them. */
  readonly receipts = new Set<string>();
  /** How often a handler began with a message. */
  readonly runs = new Map<string, number>();
  /** How often a handler of a message was killed before its message was answered. */
  readonly interrupted = new Map<string, number>();
  /** The highest number that the sender began with. */
  last = 0;
  /** Told when another message is accepted. */
  onAccepted: () => void = () => {};
  /** What the living process of each has begun and not ended. */
  readonly #open: Record<Role, Set<string>> = { sender: new Set(), receiver: new Set() };

  /** Whether a nara is in the middle of some work, as far as it said. */
  isAtWork(role: Role): boolean {
    return this.#open[role].size > 0;
  }

  /** Notes a line that a nara said. What is none of the journal's is left out. */
  note(role: Role, line: string): void {
    const [verb, letter, number] = line.split(" ");
    if (number === undefined) return;
    const key = letter + number;
    switch (verb) {
      case "began":
        this.#open[role].add(key);
        if (role === "receiver") count(this.runs, key);
        else this.last = Math.max(this.last, Number(number));
        return;
      case "accepted":
        this.accepted.add(key);
        this.onAccepted();
        break;
      case "receipt":
        this.receipts.add(key);
        return;
    }
    this.#open[role].delete(key);
  }

  /** Notes that the process of a nara is gone. Tells whether it was in the middle of some work. */
  noteEnd(role: Role): boolean {
    const open = this.#open[role];
    this.#open[role] = new Set();
    if (role === "receiver") { for (const key of open) count(this.interrupted, key); }
    return open.size > 0;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
