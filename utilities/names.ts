/**
 * The kinds of text that name things. Each is a type of its own, so that an id is never taken for a name.
 * @module
 */

/** A nara's id: base58 of SHA-256 over soul and name, about 44 characters. Proven only by a signature. */
export type NaraId = string & { readonly __text?: "NaraId" };

/** A nara's name: a label for people, 1 to 64 printable code points. It proves nothing and need not be unique. */
export type NaraName = string & { readonly __text?: "NaraName" };

/** A message's id: the first 16 base58 characters of a SHA-256 over kind, sender, time and payload. */
export type MessageId = string & { readonly __text?: "MessageId" };

const NAME_FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}/+#]/u;
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const KIND = /^[a-z][a-z0-9-]*(:[a-z0-9-]+)*$/;

/** Whether `text` may be a nara's name: 1 to 64 printable code points without `/`, `+` and `#`. */
export function isNaraName(text: string): text is NaraName {
  if (text.length === 0 || text.length > 128 || NAME_FORBIDDEN.test(text)) return false;
  return text.trim() === text && [...text].length <= 64;
}

/** Whether `text` may be a message kind: lower-case words joined by `:`, at most 64 characters. */
export function isKind(text: string): boolean {
  return text.length <= 64 && KIND.test(text);
}

/**
 * Whether `text` may stand where an id is expected: 1 to 64 letters and digits of ASCII, "-" and "_". Wider than what naras
 * make (base58), and still nothing that could mean more in a topic, a path, a key or a log line.
 */
export function isId(text: string): boolean {
  return ID.test(text);
}
