/**
 * The building blocks of payload schemas: what a wire field looks like, declared once.
 *
 * A field decodes what Go's `encoding/json` writes and encodes the very same text again.
 * @module
 */
import * as z from "zod";
import { decodeBase64, encodeBase64 } from "../utilities/base64.ts";

function decodeBytes(text: string, context: z.core.ParsePayload<string>): Uint8Array<ArrayBuffer> {
  try {
    return decodeBase64(text) as Uint8Array<ArrayBuffer>;
  } catch {
    context.issues.push({ code: "custom", message: "expected padded standard base64", input: text });
    return z.NEVER;
  }
}

/** What JSON Schema calls text that stands for bytes: for the docs. */
const BASE64 = { contentEncoding: "base64" } as const;

/** Bytes: `Uint8Array` in the program, padded standard base64 on the wire. */
export const bytes = z.codec(z.string(), z.instanceof(Uint8Array), {
  decode: decodeBytes,
  encode: (value) => encodeBase64(value),
}).meta(BASE64);

/** Bytes that Go may send as `null`, its nil slice. */
export const nilableBytes = z.union([bytes, z.null()]);

/** Bytes that are left out when there are none (Go's `omitempty`). */
export const optionalBytes = z.codec(z.string().optional(), z.instanceof(Uint8Array).optional(), {
  decode: (text, context) => text === undefined ? undefined : decodeBytes(text, context as never),
  encode: (value) => value && value.length > 0 ? encodeBase64(value) : undefined,
}).meta(BASE64);

/** Text that is left out when empty (Go's `omitempty`), at most `max` UTF-16 units. */
export function optionalText(max: number): z.ZodType<string | undefined, string | undefined> {
  return z.codec(z.string().max(max).optional(), z.string().max(max).optional(), {
    decode: (text) => text,
    encode: (text) => text === "" ? undefined : text,
  });
}

/** A nara's id: base58, about 44 characters; may be empty where a sender left it so. */
export const naraId = z.string().max(64);

/** A time in whole Unix seconds. */
export const unixSeconds = z.int();

/** A time in whole Unix seconds that is left out when 0. */
export const optionalUnixSeconds = z.codec(z.int().optional(), z.int().optional(), {
  decode: (value) => value,
  encode: (value) => value === 0 ? undefined : value,
});

/** An Ed25519 public key: 32 bytes. */
export const publicKey = bytes.refine((key) => key.length === 32, "expected 32 bytes of Ed25519 public key");
