/**
 * Things in the order of their time, equal times by id: kept sorted in small pieces, so that adding and removing move little.
 * @module
 */
import type { LedgerPosition } from "./ledger_query.ts";

/** Things in one piece at most. A piece that is full in its middle is halved; at the end a new one begins. */
const PIECE_MAX = 512;

/** A sorted list of things of which each has a place of its own. */
export class TimeOrder<T extends LedgerPosition> {
  readonly #pieces: T[][] = [];
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The oldest. */
  get first(): T | undefined {
    return this.#pieces[0]?.[0];
  }

  /** Adds one that is not there yet. */
  add(item: T): void {
    this.#size++;
    const pieces = this.#pieces;
    const last = pieces.at(-1);
    if (!last || isBefore(last[last.length - 1], item)) {
      if (last && last.length < PIECE_MAX) last.push(item);
      else pieces.push([item]);
      return;
    }
    const at = this.#pieceOf(item);
    const piece = pieces[at];
    piece.splice(placeIn(piece, item), 0, item);
    if (piece.length > PIECE_MAX) pieces.splice(at + 1, 0, piece.splice(PIECE_MAX / 2));
  }

  /** How many stand in front of `position`. */
  countBefore(position: LedgerPosition): number {
    const at = this.#pieceOf(position);
    let count = at < this.#pieces.length ? placeIn(this.#pieces[at], position) : 0;
    for (let before = 0; before < at; before++) count += this.#pieces[before].length;
    return count;
  }

  /** Removes one that is there. */
  delete(item: T): void {
    const at = this.first === item ? 0 : this.#pieceOf(item); // The oldest goes most often.
    const piece = this.#pieces[at];
    const place = piece?.[0] === item ? 0 : piece ? placeIn(piece, item) : -1;
    if (piece?.[place] !== item) return;
    this.#size--;
    if (piece.length === 1) this.#pieces.splice(at, 1);
    else if (place === 0) piece.shift();
    else piece.splice(place, 1);
  }

  /**
   * Shows those behind `after`, oldest first, for as long as `take` says true. `take` must change nothing in here.
   *
   * @param after Where to begin; at the oldest if left out.
   */
  ascend(after: LedgerPosition | undefined, take: (item: T) => boolean): void {
    let at = after ? this.#pieceOf(after) : 0;
    let place = after && at < this.#pieces.length ? placeIn(this.#pieces[at], after) : 0;
    for (; at < this.#pieces.length; at++, place = 0) {
      const piece = this.#pieces[at];
      if (after && piece[place] && !isBefore(after, piece[place])) place++; // The very one at which it begins.
      after = undefined;
      for (; place < piece.length; place++) if (!take(piece[place])) return;
    }
  }

  /**
   * Shows those in front of `before`, newest first, for as long as `take` says true. `take` must change nothing in here.
   *
   * @param before Where to begin; at the newest if left out.
   */
  descend(before: LedgerPosition | undefined, take: (item: T) => boolean): void {
    let at = before ? this.#pieceOf(before) : this.#pieces.length;
    let place = before && at < this.#pieces.length ? placeIn(this.#pieces[at], before) : 0;
    for (;;) {
      const piece = this.#pieces[at];
      while (--place >= 0) if (!take(piece[place])) return;
      if (--at < 0) return;
      place = this.#pieces[at].length;
    }
  }

  /** The first piece that does not end before `position`; one behind the last if all do. */
  #pieceOf(position: LedgerPosition): number {
    let [low, high] = [0, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const piece = this.#pieces[middle];
      if (isBefore(piece[piece.length - 1], position)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether `a` stands before `b`. */
export function isBefore(a: LedgerPosition, b: LedgerPosition): boolean {
  return a.timestampMs < b.timestampMs || a.timestampMs === b.timestampMs && a.id < b.id;
}

/** How many in a piece stand before `position`. */
function placeIn(piece: readonly LedgerPosition[], position: LedgerPosition): number {
  let [low, high] = [0, piece.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(piece[middle], position)) low = middle + 1;
    else high = middle;
  }
  return low;
}
