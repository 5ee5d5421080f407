/**
 * A queue that is fair twice over: houses get equal shares of the work, and in each house its members do, however many one of them
 * brings, and however large what it brings is.
 *
 * Whoever has had least so far is next (start-time fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996). Whoever comes anew, or
 * comes back, starts level with whoever is being served: nobody saves up a claim by being away, and nobody loses a debt by it.
 * @module
 */

/** Past so many, those who wait for nothing are forgotten, whatever they owe. Whoever waits is never many more. */
const PLACES_MAX = 1_024;

/** Somebody's place: what they have had, and what waits. */
class Place<W> {
  had: number;
  readonly waiting: W;

  constructor(had: number, waiting: W) {
    this.had = had;
    this.waiting = waiting;
  }
}

interface Item<T> {
  readonly value: T;
  readonly cost: number;
}

/** Places by name. */
class Places<W> {
  readonly #places = new Map<string, Place<W>>();
  readonly #isEmpty: (waiting: W) => boolean;
  /** What whoever was served last had had before. */
  #level = 0;

  constructor(isEmpty: (waiting: W) => boolean) {
    this.#isEmpty = isEmpty;
  }

  of(name: string, make: () => W): W {
    const known = this.#places.get(name);
    if (known) {
      if (this.#isEmpty(known.waiting)) known.had = Math.max(known.had, this.#level);
      return known.waiting;
    }
    if (this.#places.size >= PLACES_MAX) this.#forgetDebts();
    const place = new Place(this.#level, make());
    this.#places.set(name, place);
    return place.waiting;
  }

  /** The place of who is next. Those who wait for nothing and owe nothing are forgotten on the way. */
  next(): Place<W> | undefined {
    let next: Place<W> | undefined;
    for (const [name, place] of this.#places) {
      if (this.#isEmpty(place.waiting)) {
        if (place.had <= this.#level) this.#places.delete(name);
      } else if (!next || place.had < next.had) next = place;
    }
    if (next) this.#level = next.had;
    return next;
  }

  #forgetDebts(): void {
    for (const [name, { waiting }] of this.#places) if (this.#isEmpty(waiting)) this.#places.delete(name);
  }
}

type Member<T> = Item<T>[];

interface House<T> {
  readonly members: Places<Member<T>>;
  size: number;
}

/** Items in the order in which they are taken; whoever brings many waits behind nobody but themselves. */
export class FairQueue<T> {
  readonly #houses = new Places<House<T>>(({ size }) => size === 0);
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds one, behind what the same member of the same house brought before.
   *
   * @param cost How much work it is. @default {1}
   */
  push(house: string, member: string, value: T, cost: number = 1): void {
    const { members } = this.#bump(this.#houses.of(house, newHouse));
    members.of(member, () => []).push({ value, cost });
  }

  /** Takes the next one: of the house that has had least, from the member who has. */
  shift(): T | undefined {
    const house = this.#houses.next();
    const member = house?.waiting.members.next();
    const item = member?.waiting.shift();
    if (!house || !member || !item) return undefined;
    house.had += item.cost;
    member.had += item.cost;
    house.waiting.size--;
    this.#size--;
    return item.value;
  }

  #bump(house: House<T>): House<T> {
    house.size++;
    this.#size++;
    return house;
  }
}

function newHouse<T>(): House<T> {
  return { members: new Places<Member<T>>((items) => items.length === 0), size: 0 };
}
