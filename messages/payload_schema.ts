/**
 * What a payload schema must be able to do. A zod 4 object fits as it is.
 * @module
 */

/** Reads a payload from its wire form, and writes it. Both throw when the value is not what they describe. */
export interface PayloadSchema<T> {
  /** From parsed JSON to the program's form. */
  decode(wire: never): T;
  /** From the program's form to what canonical JSON writes: fields with wire names, in wire order. */
  encode(value: T): unknown;
}
