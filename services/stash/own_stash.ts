/**
 * One's own stash: the data, its sequence number, and the sealed copy that every confidant gets.
 *
 * What is at rest in the store is the sealed copy, so the data folder tells no more than a confidant's does.
 * @module
 */
import type { RuntimeApi } from "../../runtime/service.ts";
import { unixSeconds } from "../../utilities/clock.ts";
import { Encryptor } from "../../utilities/encryptor.ts";
import { messageOf } from "../../utilities/errors.ts";
import type { Sealed } from "../../utilities/keypair.ts";
import { decodeRecord, encodeRecord, type StashRecord } from "./record.ts";
import { type Stash, stashCodec } from "./sealed_stash.ts";
import { Turns } from "./turns.ts";

const KEY = "own";
const REPLACED_KEY = "own:replaced";
/** Changes that may wait: each is one write, and those who cause them wait in lanes of their own. */
const CHANGES_MAX = 1_024;

/** A stash with its sealed form. */
export interface OwnCopy {
  /** What is inside. */
  readonly stash: Stash;
  /** As confidants keep it. */
  readonly record: StashRecord;
}

/** What an own stash needs of its runtime. */
export type OwnStashRuntime = Pick<RuntimeApi, "seal" | "open" | "clock" | "log"> & {
  readonly store: Pick<RuntimeApi["store"], "get" | "set" | "setAll">;
};

/** The stash of this nara. */
export class OwnStash {
  readonly #rt: OwnStashRuntime;
  readonly #encryptor: Encryptor<Stash>;
  readonly #turns = new Turns(CHANGES_MAX);
  #current: OwnCopy | undefined;
  /** Whether it was set in this life, rather than found. */
  #isSetHere = false;
  /** Copies that this nara did not seal, or that were altered. */
  unopenable = 0;

  /** @param rt What it may use. */
  constructor(rt: OwnStashRuntime) {
    this.#rt = rt;
    this.#encryptor = new Encryptor(rt, stashCodec);
  }

  /** The stash as it stands; `undefined` before there is one. */
  get current(): OwnCopy | undefined {
    return this.#current;
  }

  /** Its sequence number; -1 before there is one. */
  get sequence(): number {
    return this.#current?.stash.sequence ?? -1;
  }

  /** Takes back what an earlier run kept. */
  async load(): Promise<void> {
    this.#current = await this.#read(KEY);
  }

  /**
   * Keeps `data` under the next sequence number. Once resolved it survives `kill -9`.
   *
   * @throws {StashError} `too_large` or `busy`.
   * @throws {StoreError} When it cannot be written; then nothing has changed.
   */
  set(data: Uint8Array): Promise<OwnCopy> {
    return this.#turns.run(async () => {
      const stash: Stash = { sequence: Math.max(0, this.sequence) + 1, data };
      const record = { ...this.#encryptor.encrypt(stash), storedAt: unixSeconds(this.#rt.clock) };
      await this.#rt.store.set(KEY, encodeRecord(record));
      this.#isSetHere = true;
      return this.#current = { stash, record };
    });
  }

  /** Seals the stash once more, as it stands: for an owner whose key is a new one. */
  reseal(): Promise<void> {
    return this.#turns.run(async () => {
      if (!this.#current) return;
      const { stash, record: { storedAt } } = this.#current;
      const record = { ...this.#encryptor.encrypt(stash), storedAt };
      await this.#rt.store.set(KEY, encodeRecord(record));
      this.#current = { stash, record };
    });
  }

  /** Opens a copy that came from elsewhere; one that does not open is counted. */
  open(sealed: Sealed): Stash | undefined {
    try {
      return this.#encryptor.decrypt(sealed);
    } catch {
      this.unopenable++;
      return undefined;
    }
  }

  /**
   * Takes a copy from an earlier life in place of the current one, if its sequence number is higher: nobody
   * but this nara could have sealed it. What was set in this life is kept aside then, for {@linkcode
   * OwnStash.replaced}.
   *
   * @returns Whether it was taken.
   */
  adopt({ stash, record }: OwnCopy): Promise<boolean> {
    return this.#turns.run(async () => {
      if (stash.sequence <= this.sequence) return false;
      const entries: [string, Uint8Array][] = [[KEY, encodeRecord(record)]];
      const before = this.#isSetHere ? this.#current : undefined;
      if (before) entries.push([REPLACED_KEY, encodeRecord(before.record)]);
      await this.#rt.store.setAll(entries);
      if (before) {
        const fields = { sequence: before.stash.sequence, by: stash.sequence };
        this.#rt.log.warn(
          "a stash of an earlier life replaced the one that was set in this life, which is kept aside",
          fields,
        );
      }
      this.#current = { stash, record };
      this.#isSetHere = false;
      return true;
    });
  }

  /** What {@linkcode OwnStash.adopt} replaced last. */
  async replaced(): Promise<Stash | undefined> {
    return (await this.#read(REPLACED_KEY))?.stash;
  }

  async #read(key: string): Promise<OwnCopy | undefined> {
    const value = await this.#rt.store.get(key);
    const record = value && decodeRecord(value);
    if (!record) return undefined;
    try {
      return { stash: this.#encryptor.decrypt(record), record };
    } catch (thrown) {
      this.#rt.log.error("the stash in the store does not open, it may be another soul's", {
        key,
        error: messageOf(thrown),
      });
      return undefined;
    }
  }
}
