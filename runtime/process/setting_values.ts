/**
 * Readers for the values of settings: from text to a value, or to the words for what would have been right.
 * @module
 */
import { isIP } from "node:net";
import { IdentityError } from "../../utilities/identity_error.ts";
import { isNaraName, type NaraName } from "../../utilities/names.ts";
import { parseSoul } from "../../utilities/soul.ts";
import { isMeshAddress, meshAddressOf } from "../transport/mesh_address.ts";
import { isRange } from "./allow_list.ts";

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

const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;

/** Reads any text that is not blank. */
export function readText(text: string): Reading<string> {
  return text.trim() === "" ? { expected: "something" } : { value: text };
}

/** Reads a nara's name. */
export function readName(text: string): Reading<NaraName> {
  return isNaraName(text)
    ? { value: text }
    : { expected: '1 to 64 printable characters without "/", "+" and "#"' };
}

/** Reads a soul. */
export function readSoul(text: string): Reading<string> {
  try {
    parseSoul(text);
    return { value: text };
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
  if (!isHost || port > 65_535) {
    return { expected: "HOST:PORT, such as 127.0.0.1:7433, localhost:0 or [::1]:7433" };
  }
  return { value: { hostname: bracketed ?? plain, port } };
}

/** Reads the address of a nara, and gives it the form in which addresses are compared. */
export function readMeshUrl(text: string): Reading<string> {
  const url = URL.parse(text);
  const hostname = url?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "";
  const address = meshAddressOf(hostname, Number(url?.port || 80));
  if (/^http:\/\/[^/?#@]+\/?$/i.test(text) && isMeshAddress(address)) return { value: address };
  return { expected: "http://HOST:PORT with a numeric host or localhost, such as http://127.0.0.1:7433" };
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
