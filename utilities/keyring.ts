/**
 * Which key belongs to which id: the first one that was proven, for good.
 *
 * An id cannot be checked against a key (it hashes a secret), so the keyring pins: whoever comes later with another
 * key for the same id is refused and reported. It is kept in memory; `onChange` tells what is to be kept on disk,
 * and at the next start every kept pin is pinned (and marked as ours) again.
 *
 * Anyone can make ids without end, and a keyring that they filled would shut honest newcomers out for good. So where it is told when a
 * pin may go (`onForget`), an id that only ever introduced itself makes room for the next, the oldest first: such an id means nothing
 * here yet, and whoever took it over would gain no more than with a new one. An id that was met, that is that answered from an address
 * of its own, never makes room, nor does one for which somebody holds something (`keepWhile`). What a chain of rotations leaves behind
 * between its first and its last id does: keys are made for nothing, and who was met once could fill the keyring with its own. Its
 * neighbours are joined first, and the last id of a chain stays as long as the one before it: no link may lead to an id that is free.
 * @module
 */

import { IdentityError } from "./identity_error.ts";
import type { RotationClaim } from "./key_rotation.ts";
import type { NaraId, NaraName } from "./names.ts";
import { isStrongPublicKey } from "./public_key.ts";

/** A key that is pinned for an id. */
export interface Pin {
  /** Whose key it is. */
  readonly id: NaraId;
  /** The public key, 32 bytes. It is the keyring's own array: do not change it. */
  readonly key: Uint8Array;
  /** The name its owner goes by at the moment: a label that proves nothing. */
  readonly name?: NaraName;
  /** Whether a valid `envelope_signature` of this key was seen, so that one is expected from now on. */
  readonly ours: boolean;
  /** On how many days it answered from an address of its own; none as long as it only introduced itself. */
  readonly metDays?: number;
  /** The last of them, in days since 1970. */
  readonly metDay?: number;
  /** Who follows it, by its own word. */
  readonly successor?: Successor;
  /** Whom it follows. */
  readonly predecessor?: NaraId;
}

/** Who follows a nara that has handed its place on. */
export interface Successor {
  /** Its id. */
  readonly id: NaraId;
  /** When that became known here, in milliseconds since 1970. */
  readonly atMs: number;
}

/** Someone came with another key for a pinned id. */
export interface KeyConflict {
  /** The id that was claimed. */
  readonly id: NaraId;
  /** The key that stays. */
  readonly pinned: Uint8Array;
  /** The key that was refused. */
  readonly offered: Uint8Array;
  /** The name that came with it, if one did. */
  readonly name?: NaraName;
  /** Whether the id is one that stays: it was met, or something is held for it. Others mean little yet. */
  readonly isFamiliar?: boolean;
}

/** Options for {@linkcode Keyring}. */
export interface KeyringOptions {
  /**
   * Pins at most; past it the oldest that only ever introduced itself makes room, and where there is none new ids are refused, as
   * forgetting a pin lets anyone take its id over. More costs about 400 bytes each.
   * @default {10_000}
   */
  pinsMax?: number;
  /** Called for every new pin, new name and new mark, after it holds. What it throws goes to the caller. */
  onChange?: (pin: Pin) => void;
  /** Called for every pin that makes room, before it goes. Without it none does. What it throws goes to the caller. */
  onForget?: (id: NaraId) => void;
  /** Whether a pin has to stay, for reasons that the keyring does not know. @default {never} */
  isKept?: (id: NaraId) => boolean;
  /** Called once for every pair of id and refused key (as long as it is among the last 1 000). */
  onConflict?: (conflict: KeyConflict) => void;
}

const KEY_BYTES = 32;
const DAY_MS = 86_400_000;
/** Pins that are asked about when one has to make room; whoever is kept goes to the end. */
const ASKED_MAX = 64;
/** Keys of one name that are tried; a nara of ours beyond them is known by its envelope signature all the same. */
export const NAMESAKES_MAX = 8;
/** Refused pairs of id and key that are remembered, so that each is reported once. */
const REPORTS_MAX = 1_000;

/** The pinned keys of a runtime. */
export class Keyring {
  readonly #pins = new Map<NaraId, Pin>();
  /** Ids that may make room, the oldest first. */
  readonly #passing = new Set<NaraId>();
  readonly #idsByName = new Map<NaraName, Set<NaraId>>();
  readonly #reported = new Set<string>();
  readonly #holders = new Set<(id: NaraId) => boolean>();
  readonly #options: KeyringOptions;
  readonly #pinsMax: number;
  #conflicts = 0;
  #refusals = 0;
  #forgotten = 0;

  /**
   * An empty keyring.
   *
   * @throws {RangeError} If `pinsMax` is not a positive integer.
   */
  constructor(options: KeyringOptions = {}) {
    const { pinsMax = 10_000 } = options;
    if (!Number.isInteger(pinsMax) || pinsMax < 1) {
      throw new RangeError(`pinsMax must be a positive integer: got ${pinsMax}`);
    }
    this.#options = options;
    this.#pinsMax = pinsMax;
  }

  /** How many ids have a key. */
  get size(): number {
    return this.#pins.size;
  }

  /** How many may have one. */
  get pinsMax(): number {
    return this.#pinsMax;
  }

  /** How often an id was refused because there was no room. */
  get refusals(): number {
    return this.#refusals;
  }

  /** How many made room for others. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** How often another key was offered for a pinned id. */
  get conflicts(): number {
    return this.#conflicts;
  }

  /** The key pinned for `id`. It is the keyring's own array: do not change it. */
  get(id: NaraId): Uint8Array | undefined {
    return this.#pins.get(id)?.key;
  }

  /**
   * Pins `key` for `id`; call it only with a key whose owner has just proven to have it. With the key that is
   * pinned already it only takes over `name`.
   *
   * @returns Whether the pin is new or was known.
   * @throws {IdentityError} `key_conflict`, if another key is pinned; `keyring_full`; `weak_public_key`.
   */
  pin(id: NaraId, key: Uint8Array, name?: NaraName): "pinned" | "known" {
    if (key.length !== KEY_BYTES) throw weakKey(id);
    const known = this.#pins.get(id);
    if (known) {
      if (!sameBytes(known.key, key)) {
        throw this.#conflict({ id, pinned: known.key, offered: key.slice(), name });
      }
      if (name !== undefined && name !== known.name) this.#set({ ...known, name });
      return "known";
    }
    if (!isStrongPublicKey(key)) throw weakKey(id);
    if (this.#pins.size >= this.#pinsMax && !this.#makeRoom()) {
      this.#refusals++;
      throw new IdentityError(
        "keyring_full",
        `Cannot pin a key for "${id}" as the keyring holds ${this.#pinsMax} already: raise pinsMax to know more naras`,
      );
    }
    this.#set({ id, key: key.slice(), ...(name !== undefined && { name }), ours: false });
    return "pinned";
  }

  /** Whether a valid `envelope_signature` of the nara with this id was seen. */
  isOurs(id: NaraId): boolean {
    return this.#pins.get(id)?.ours ?? false;
  }

  /** Remembers that a valid `envelope_signature` of this nara was seen. An id without a pin stays unknown. */
  markOurs(id: NaraId): void {
    const pin = this.#pins.get(id);
    if (pin && !pin.ours) this.#set({ ...pin, ours: true });
  }

  /** The nara with this id answered from an address of its own: its pin makes room for nobody. An id without a pin stays unknown. */
  met(id: NaraId, nowMs: number): void {
    const pin = this.#pins.get(id);
    const metDay = Math.floor(nowMs / DAY_MS);
    if (pin && pin.metDay !== metDay) this.#set({ ...pin, metDay, metDays: (pin.metDays ?? 0) + 1 });
  }

  /**
   * Keeps the pin of every id for which `holds` says yes, whoever needs its room, until disposed: what is held for an id must not go to
   * the next who takes that id over.
   */
  keepWhile(holds: (id: NaraId) => boolean): Disposable {
    const holder = (id: NaraId) => holds(id); // Its own, so that the same function may hold twice.
    this.#holders.add(holder);
    return { [Symbol.dispose]: () => void this.#holders.delete(holder) };
  }

  /** Who follows the nara with this id, if it has handed its place on. */
  successorOf(id: NaraId): Successor | undefined {
    return this.#pins.get(id)?.successor;
  }

  /** Whom the nara with this id follows. */
  predecessorOf(id: NaraId): NaraId | undefined {
    return this.#pins.get(id)?.predecessor;
  }

  /**
   * Follows a rotation, of which both signatures were checked just now and whose new key is pinned: from now on the new id stands where
   * the old one stood. Only a rotation by the very key that is pinned for the old id counts, only its first one, and only to somebody
   * who has not stepped down.
   *
   * @returns `unknown` where the old id has no pin, and so nothing is to be followed.
   * @throws {IdentityError} `key_conflict`, for any other rotation of a pinned id.
   */
  succeed({ oldId, oldKey, newId, newKey }: RotationClaim, nowMs: number): "followed" | "known" | "unknown" {
    const old = this.#pins.get(oldId);
    if (!old) return "unknown";
    if (!sameBytes(old.key, oldKey)) {
      throw this.#conflict({ id: oldId, pinned: old.key, offered: oldKey.slice(), name: old.name });
    }
    const successor = this.#pins.get(newId);
    const isOther = old.successor !== undefined && old.successor.id !== newId;
    const isRight = successor && sameBytes(successor.key, newKey) && !successor.successor;
    if (isOther || !isRight || successor.predecessor !== undefined && successor.predecessor !== oldId) {
      throw this.#conflict({ id: oldId, pinned: old.key, offered: newKey.slice(), name: old.name });
    }
    if (old.successor) return "known";
    // The new one first: should only one of them reach the disk, the rotation is followed once more.
    this.#set({
      ...successor,
      ...successor.name === undefined && old.name !== undefined && { name: old.name },
      ...old.metDays !== undefined && {
        metDays: Math.max(old.metDays, successor.metDays ?? 0),
        metDay: successor.metDay ?? old.metDay,
      },
      ours: successor.ours || old.ours,
      predecessor: oldId,
    });
    this.#set({ ...old, successor: { id: newId, atMs: nowMs } });
    return "followed";
  }

  /** Takes back a pin as an earlier run told it. */
  restore(pin: Pin): void {
    this.pin(pin.id, pin.key, pin.name);
    this.#set({ ...pin, key: this.#pins.get(pin.id)!.key });
  }

  /**
   * The keys of naras that go by `name`, as far as pinned: names are not unique. At most {@linkcode NAMESAKES_MAX}, those
   * pinned first, for whoever checks a signature has to try them all.
   */
  keysNamed(name: NaraName): Uint8Array[] {
    return this.idsNamed(name).map((id) => this.#pins.get(id)!.key);
  }

  /** The ids of naras that go by `name`, in the same way. */
  idsNamed(name: NaraName): NaraId[] {
    return [...Iterator.from(this.#idsByName.get(name) ?? []).take(NAMESAKES_MAX)];
  }

  /** All pins, the oldest first. */
  pins(): IterableIterator<Pin> {
    return this.#pins.values();
  }

  #set(pin: Pin): void {
    const before = this.#pins.get(pin.id);
    this.#pins.set(pin.id, pin);
    try {
      this.#options.onChange?.(pin);
    } catch (thrown) { // What could not be kept does not hold, or the next start would know less than this run.
      if (before) this.#pins.set(pin.id, before);
      else this.#pins.delete(pin.id);
      throw thrown;
    }
    if (isPassing(pin)) this.#passing.add(pin.id);
    else this.#passing.delete(pin.id);
    // Who has stepped down goes by no name any more: it is its successor's.
    const [was, is] = [before, pin].map((each) => each?.successor ? undefined : each?.name);
    if (was !== is) this.#rename({ ...pin, name: is }, was);
  }

  #isKept(id: NaraId): boolean {
    return this.#options.isKept?.(id) || this.#holders.values().some((holds) => holds(id));
  }

  /** Forgets the oldest that may go, unless it has to stay. */
  #makeRoom(): boolean {
    const { onForget } = this.#options;
    if (!onForget) return false;
    for (const id of [...Iterator.from(this.#passing).take(ASKED_MAX)]) {
      const leaving = this.#leavesFirst(id);
      if (!this.#passing.has(leaving) || this.#isKept(leaving)) {
        this.#passing.delete(id);
        this.#passing.add(id); // To the end: it was asked about just now.
        continue;
      }
      this.#join(leaving);
      onForget(leaving);
      const { name } = this.#pins.get(leaving)!;
      this.#pins.delete(leaving);
      this.#passing.delete(leaving);
      if (name !== undefined) this.#rename({ id: leaving, name: undefined }, name);
      this.#forgotten++;
      return true;
    }
    return false;
  }

  /** Who has to go before `id` may: the last of a chain goes after the one before it. */
  #leavesFirst(id: NaraId): NaraId {
    const { before, after } = this.#neighbours(id);
    return before && !after ? before.id : id;
  }

  /** The pins beside that of `id` in a chain, as far as they name it. */
  #neighbours(id: NaraId): { before: Pin | undefined; after: Pin | undefined } {
    const { predecessor = "", successor } = this.#pins.get(id)!;
    const before = this.#pins.get(predecessor);
    const isBefore = before?.successor?.id === id;
    const after = this.#pins.get(successor?.id ?? "");
    // A crash between the two writes of a join leaves the second link as it was.
    const isAfter = after?.predecessor === id || isBefore && after?.predecessor === predecessor;
    return { before: isBefore ? before : undefined, after: isAfter ? after : undefined };
  }

  /** Takes `id` out of its chain: those beside it become neighbours. */
  #join(id: NaraId): void {
    const { before, after } = this.#neighbours(id);
    if (!after) return;
    const { predecessor: _, ...first } = after;
    this.#set(before ? { ...first, predecessor: before.id } : first);
    if (before) this.#set({ ...before, successor: { id: after.id, atMs: before.successor!.atMs } });
  }

  #rename({ id, name }: Pick<Pin, "id" | "name">, before: NaraName | undefined): void {
    if (before !== undefined) {
      const ids = this.#idsByName.get(before);
      ids?.delete(id);
      if (ids?.size === 0) this.#idsByName.delete(before);
    }
    if (name !== undefined) {
      const ids = this.#idsByName.get(name) ?? new Set();
      this.#idsByName.set(name, ids.add(id));
    }
  }

  #conflict(conflict: Omit<KeyConflict, "isFamiliar">): IdentityError {
    this.#conflicts++;
    const pair = `${conflict.id} ${conflict.offered.toHex()}`;
    if (!this.#reported.has(pair)) {
      this.#reported.add(pair);
      if (this.#reported.size > REPORTS_MAX) this.#reported.delete(this.#reported.keys().next().value!);
      const isFamiliar = !this.#passing.has(conflict.id) || this.#isKept(conflict.id);
      this.#options.onConflict?.({ ...conflict, ...isFamiliar && { isFamiliar } });
    }
    return new IdentityError(
      "key_conflict",
      `Cannot pin another key for "${conflict.id}" as the first one stays: ` +
        `pinned is ${conflict.pinned.toBase64()}, offered was ${conflict.offered.toBase64()}`,
    );
  }
}

/** Whether a pin means no more than that somebody introduced itself, or was a step on somebody's way. */
export function isPassing({ metDays, successor, predecessor }: Pin): boolean {
  return metDays === undefined || successor !== undefined && predecessor !== undefined;
}

function weakKey(id: NaraId): IdentityError {
  return new IdentityError(
    "weak_public_key",
    `Cannot pin a key for "${id}" as it must be 32 bytes that spell a point of Ed25519 in the one canonical way, ` +
      `and not one of small order: anyone could sign with the one that came`,
  );
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
