/**
 * Texts that mean something to somebody: to a prototype, a broker, a file system, a terminal, a reader's eye.
 * @module
 */
import { computeId } from "../../messages/message_id.ts";
import type { Identity } from "../../utilities/identity.ts";
import { encodeBase64 } from "../../utilities/base64.ts";

/** Keys through which an object's prototype, or what it inherits, is reached. */
export const PROTOTYPE_KEYS = ["__proto__", "constructor", "prototype"] as const;

/** Names of what every object inherits, which a careless look-up finds. */
export const INHERITED = [
  "toString",
  "valueOf",
  "hasOwnProperty",
  "isPrototypeOf",
  "__defineGetter__",
  "__lookupSetter__",
];

/** A text, and whether it is a name, an id or a kind: written by hand, so that it checks whoever decides it. */
export interface HostileText {
  /** The text. */
  readonly text: string;
  /** Whether it may be a nara's name. */
  readonly isName: boolean;
  /** Whether it may stand where an id is expected. */
  readonly isId: boolean;
  /** Whether it may be a kind. */
  readonly isKind: boolean;
}

const nothing = (text: string): HostileText => ({ text, isName: false, isId: false, isKind: false });
const nameOnly = (text: string): HostileText => ({ ...nothing(text), isName: true });
const nameAndId = (text: string): HostileText => ({ ...nothing(text), isName: true, isId: true });

/** Texts for every place where a name, a kind or an id is expected. */
export const HOSTILE_TEXTS: readonly HostileText[] = [
  ...[
    "",
    " ",
    "\t",
    "\n",
    "a\nb",
    "a\rb",
    "a\u0000b",
    "\u0000",
    "\u001b[31mred",
    "\u007f",
    "\u0085",
    "\u009b",
  ].map(nothing),
  ...[
    "\u202ealice",
    "al\u202dice",
    "\u2066alice\u2069",
    "\u200ealice",
    "ali\u200bce",
    "\ufeffalice",
    "ali\u00adce",
  ].map(nothing),
  ...["alice\u2028", "\u2029", "\ue000", "\ufffe", "\u{10ffff}", "\u{e0041}"].map(nothing),
  ...["a/b", "../../etc/passwd", "/", "./a", "a+", "+", "#", "plaza/#", "nara/+/x", " alice", "alice "].map(
    nothing,
  ),
  ...["x".repeat(65), "\u{1f600}".repeat(65), "a".repeat(1024 * 1024)].map(nothing),
  ...["..", ".", "...", "*", ">", "a.b", "a.*", "a.>", "$SYS", "$share", "a b", "a\\b", "C:", "a%2fb", "a?b"]
    .map(nameOnly),
  ...[
    "\u0430lice",
    "\u03b1lice",
    "\uff41lice",
    "ali\u0441e",
    "\u05d0\u05dc\u05d9\u05e1",
    "日本",
    "é",
    "e\u0301",
  ].map(nameOnly),
  ...["'; DROP TABLE messages;--", "<script>", "${jndi}", "{{x}}", "|", "~", "%00", "a:b:", ":a"].map(
    nameOnly,
  ),
  ...["A", "Alice", "__proto__", "-", "_", "-rf", "1", "0", "NaN", "CON"].map(nameAndId),
  ...["null", "undefined", "true", "constructor", "alice"].map((text) => ({
    ...nameAndId(text),
    isKind: true,
  })),
  ...["a:b", "a-b:c"].map((text) => ({ ...nameOnly(text), isKind: true })),
];

const encoder = new TextEncoder();

/** The text of an envelope as somebody may spell it. */
export interface Spelled {
  /** Who signs it. */
  readonly from: Pick<Identity, "id" | "name" | "keypair">;
  /** To whom it goes. */
  readonly toId?: string;
  /** Its kind. */
  readonly kind: string;
  /** The text of its time, without quotation marks. */
  readonly timestamp: string;
  /** The JSON text of its payload. */
  readonly payload: string;
  /** The JSON text of its version. @default {"1"} */
  readonly version?: string;
}

/** A frame with a good id and a good envelope signature over exactly this text, whatever it says. */
export async function spelledFrame(
  { from, toId, kind, timestamp, payload, version = "1" }: Spelled,
): Promise<Uint8Array> {
  const id = computeId({ kind, fromId: from.id, timestamp, payloadJson: payload });
  const to = toId ? `,"to_id":${JSON.stringify(toId)}` : "";
  const content = `{"id":"${id}","kind":${JSON.stringify(kind)},"version":${version},"from_id":${
    JSON.stringify(from.id)
  }${to},"timestamp":"${timestamp}","payload":${payload}}`;
  const signature = await from.keypair.sign(encoder.encode(`nara:envelope:v1\n${content}`));
  return encoder.encode(`${content.slice(0, -1)},"envelope_signature":"${encodeBase64(signature)}"}`);
}
