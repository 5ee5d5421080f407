/**
 * A typed view of a store: values of one schema under one prefix, written as canonical JSON.
 * @module
 */
import { MessageError, schemaComplaint } from "../../messages/message_error.ts";
import type { PayloadSchema } from "../../messages/payload_schema.ts";
import { canonicalJson } from "../../utilities/canonical_json.ts";
import type { Effects } from "./effects.ts";
import { type Store, StoreError } from "./store.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Values of one type in a service's store.
 *
 * @example Rounds voted in
 * ```ts
 * import { typedStore } from "@nara/nara/runtime";
 * import * as z from "zod";
 * const rounds = typedStore(rt.store, "round/", z.strictObject({ number: z.int(), voted: z.boolean() }));
 * await rounds.set("5", { number: 5, voted: true });
 * ```
 */
export interface TypedStore<T> {
  /**
   * The value of `key`.
   *
   * @throws {StoreError} `unreadable`, when what is there is not of this type.
   */
  get(key: string): Promise<T | undefined>;
  /**
   * Sets the value of `key`.
   *
   * @param effects In a handler: makes the change one of its effects, kept together or not at all; it shows when the handler has
   * returned.
   * @throws {MessageError} `bad_payload`, when the value is not of this type.
   * @throws {StoreError} As {@linkcode Store.set}.
   */
  set(key: string, value: T, effects?: Effects): Promise<void>;
  /** Removes `key`; it need not be there. */
  delete(key: string, effects?: Effects): Promise<void>;
  /** All keys and values, sorted by key. */
  list(): Promise<[key: string, value: T][]>;
}

/** The values of `store` whose keys begin with `prefix`, as `schema` describes them. */
export function typedStore<T>(store: Store, prefix: string, schema: PayloadSchema<T>): TypedStore<T> {
  const read = (key: string, bytes: Uint8Array): T => {
    try {
      return schema.decode(JSON.parse(decoder.decode(bytes)) as never);
    } catch (thrown) {
      const message = `Cannot read the value of "${prefix}${key}": ${
        thrown instanceof SyntaxError ? "it is no JSON" : schemaComplaint(thrown)
      }; delete it, or convert it`;
      throw new StoreError("unreadable", message, { cause: thrown });
    }
  };
  const write = (key: string, value: T): Uint8Array => {
    try {
      return encoder.encode(canonicalJson(schema.encode(value)));
    } catch (thrown) {
      const message = `Cannot keep this value under "${prefix}${key}": ${schemaComplaint(thrown)}`;
      throw new MessageError("bad_payload", message, { cause: thrown });
    }
  };
  return {
    async get(key) {
      const bytes = await store.get(prefix + key);
      return bytes && read(key, bytes);
    },
    async set(key, value, effects) {
      const bytes = write(key, value);
      if (effects) return effects.set(prefix + key, bytes);
      await store.set(prefix + key, bytes);
    },
    async delete(key, effects) {
      if (effects) return effects.delete(prefix + key);
      await store.delete(prefix + key);
    },
    async list() {
      const entries = await store.list(prefix);
      return entries.map(([key, bytes]) => {
        const name = key.slice(prefix.length);
        return [name, read(name, bytes)];
      });
    },
  };
}
