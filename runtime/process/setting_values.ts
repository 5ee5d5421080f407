/**
 * Readers for the values of settings: from text to a value, or to the words for what would have been right.
 * @module
 */
import { isIP } from "node:net";
import { IdentityError } from "../../utilities/identity_error.ts";
import { isNaraName, type NaraId, type NaraName } from "../../utilities/names.ts";
import { Secret } from "../../utilities/secret.ts";
import { parseSoul } from "../../utilities/soul.ts";
import type { LogLevel } from "../primitives/logger.ts";
import type { MemoryMode } from "../service.ts";
import { isMeshAddress, meshAddressOf } from "../transport/mesh_address.ts";
import { isRange } from "./allow_list.ts";
import { MEMORY_MIN } from "./memory_mode.ts";
import { isNaraId, NARA_ID_EXPECTED } from "./nara_id.ts";

/** What became of a text: its value, or what is wrong with it. */
export type Reading<T> =
  | { readonly value: T }
  | {
    /** What would be right, after "expected". */
    readonly expected: string;
  };

/** Reads the text of a setting. It never throws, and no `expected` repeats the text. */
export type Reader<T> = (text: string) => Reading<T>;

/** A place to listen at. */
export interface HostPort {
  /** An IP address without brackets, or `localhost`. */
  readonly hostname: string;
  /** 0 to 65535, where 0 is any that is free. */
  readonly port: number;
}

/** How much a nara remembers. */
export interface MemoryChoice {
  /** The mode. */
  readonly mode: MemoryMode;
  /** Messages that its ledger may hold; only in the mode `custom`. */
  readonly messagesMax?: number;
}

/** How much one service says. */
export interface ServiceLevel {
  /** Which one: a service's name, `runtime` or `process`. */
  readonly service: string;
  /** The least that it logs; `off` for nothing at all. */
  readonly level: LogLevel | "off";
}

/** Messages that a ledger of one's own size may hold: fewer are of no use, more are of no machine. */
const MESSAGES_MIN = 100;
const MESSAGES_MAX = 10_000_000;
const MIB = 1024 * 1024;
/** Bytes of memory: no machine has more. */
const BYTES_MAX = 1024 * 1024 * MIB;
const BYTES = /^([1-9]\d{0,9})([KMG])$/;
/** What no path of anybody's has in it. */
const CONTROL = /\p{Cc}/u;
const PORT_MAX = 65_535;
const PORT_ADVICE = `its port is out of range, which is 0 to ${PORT_MAX}`;
const SERVICE_LEVEL = /^([a-z][a-z0-9-]{0,63})=(debug|info|warn|error|off)$/;
const CUSTOM_MEMORY = /^custom:([1-9]\d{0,8})$/;
const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,9})$/;

/** Reads the path of a file or a folder. */
export function readPath(text: string): Reading<string> {
  return text.trim() === "" || CONTROL.test(text) ? { expected: "a path" } : { value: text };
}

/** Reads a nara's name. */
export function readName(text: string): Reading<NaraName> {
  if (isNaraName(text)) return { value: text };
  const length = [...text].length;
  const found = length > 64 ? ` (${length} came)` : "";
  return { expected: `1 to 64 printable characters without "/", "+" and "#"${found}` };
}

/** Reads a soul. */
export function readSoul(text: string): Reading<Secret<string>> {
  try {
    parseSoul(text);
    return { value: new Secret(text) };
  } catch (thrown) {
    if (!(thrown instanceof IdentityError)) throw thrown;
    return { expected: `40 bytes in base58 (${text.length} characters came): copy the soul whole` };
  }
}

/** Reads `HOST:PORT`: a number, in brackets if it is one of IPv6, or `localhost`. */
export function readHostPort(text: string): Reading<HostPort> {
  const [, bracketed, plain, digits] = HOST_PORT.exec(text) ?? [];
  const isHost = bracketed ? isIP(bracketed) === 6 : plain === "localhost" || isIP(plain ?? "") === 4;
  const port = Number(digits);
  const expected = "HOST:PORT, such as 127.0.0.1:7433, localhost:0 or [::1]:7433";
  if (!isHost) return { expected };
  if (port > PORT_MAX) return { expected: `${expected}: ${PORT_ADVICE}` };
  return { value: { hostname: bracketed ?? plain, port } };
}

/** Reads where the API is: as {@linkcode readHostPort}, also with `http://` before it; or `none`. */
export function readApi(text: string): Reading<HostPort | "none"> {
  if (text === "none") return { value: "none" };
  const reading = readHostPort(text.replace(/^http:\/\/(.*?)\/?$/i, "$1"));
  if ("value" in reading) return reading;
  const expected = "HOST:PORT, such as 127.0.0.1:8080, localhost:0 or [::1]:8080, or none";
  return { expected: reading.expected.endsWith(PORT_ADVICE) ? `${expected}: ${PORT_ADVICE}` : expected };
}

/** Reads `short`, `medium`, `hog`, or `custom:N` for a ledger of N messages. */
export function readMemory(text: string): Reading<MemoryChoice> {
  const named = readOneOf<MemoryMode>(["short", "medium", "hog"], { low: "short", high: "hog" })(text);
  if ("value" in named) return { value: { mode: named.value } };
  const messagesMax = Number(CUSTOM_MEMORY.exec(text)?.[1]);
  if (messagesMax >= MESSAGES_MIN && messagesMax <= MESSAGES_MAX) {
    return { value: { mode: "custom", messagesMax } };
  }
  return {
    expected: `short, medium, hog or custom:N, where N from ${MESSAGES_MIN} to ${MESSAGES_MAX} is how many ` +
      "messages it keeps",
  };
}

/** Reads how much memory: a number of `K`, `M` or `G`, which are powers of 1 024. */
export function readBytes(text: string): Reading<number> {
  const [, digits, unit] = BYTES.exec(text.toUpperCase()) ?? [];
  const value = Number(digits) * 1024 ** ("KMG".indexOf(unit) + 1);
  if (value >= MEMORY_MIN && value <= BYTES_MAX) return { value };
  return {
    expected: `a size from ${MEMORY_MIN / MIB}M to 1024G, such as 512M or 2G, as a nara that does nothing ` +
      "holds about 100M",
  };
}

/** Reads `SERVICE=LEVEL`. */
export function readServiceLevel(text: string): Reading<ServiceLevel> {
  const [, service, level] = SERVICE_LEVEL.exec(text) ?? [];
  if (service === undefined) {
    return { expected: "SERVICE=LEVEL, such as stash=debug; LEVEL is debug, info, warn, error or off" };
  }
  return { value: { service, level: level as ServiceLevel["level"] } };
}

/** Reads the address of a nara, and gives it the form in which addresses are compared. */
export function readMeshUrl(text: string): Reading<string> {
  const url = URL.parse(text);
  const hostname = url?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "";
  const address = meshAddressOf(hostname, Number(url?.port || 80));
  if (/^http:\/\/[^/?#@]+\/?$/i.test(text) && isMeshAddress(address)) return { value: address };
  return { expected: "http://HOST:PORT with a numeric host or localhost, such as http://127.0.0.1:7433" };
}

/** Reads the id of a nara. */
export function readId(text: string): Reading<NaraId> {
  return isNaraId(text) ? { value: text } : { expected: NARA_ID_EXPECTED };
}

/** Reads a range of IP addresses. */
export function readRange(text: string): Reading<string> {
  return isRange(text)
    ? { value: text }
    : { expected: "a range of IP addresses, such as 10.0.0.0/8 or fd00::/8" };
}

/** Reads `true` or `false`, or what stands for them. */
export function readFlag(text: string): Reading<boolean> {
  if (["true", "1", "yes"].includes(text)) return { value: true };
  if (["false", "0", "no"].includes(text)) return { value: false };
  return { expected: "true or false" };
}

/** A reader for one of a few words; `others` are further names for some of them. */
export function readOneOf<T extends string>(
  words: readonly T[],
  others: Readonly<Record<string, T>> = {},
): Reader<T> {
  return (text) => {
    const value = Object.hasOwn(others, text) ? others[text] : words.find((word) => word === text);
    return value === undefined
      ? { expected: `${words.slice(0, -1).join(", ")} or ${words.at(-1)}` }
      : { value };
  };
}
