/**
 * Addresses of the HTTP mesh: `http://HOST:PORT`, and nothing else.
 *
 * Whoever says "reach me there" chooses what this machine connects to. An address therefore names a host by its number
 * (or as `localhost`) and a port, in its one spelling: no name that is looked up, no user, no path, no query.
 * @module
 */

import { type AddressClass, classOf, ipBytes } from "./address_class.ts";

/** No address is longer: eight groups of IPv6 in brackets, and a port. */
const ADDRESS_CHARS_MAX = 64;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Whether `text` is an address of the HTTP mesh in its one spelling, e.g. `http://127.0.0.1:7433`. */
export function isMeshAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol !== "http:" || url.port === "0") return false;
  const { hostname, port } = url;
  // A parser knows many spellings of one address (`http://0x7f.1:080`); only what it writes itself is taken.
  if (text !== `http://${hostname}:${port || "80"}`) return false;
  return hostname === "localhost" || hostname.startsWith("[") || IPV4.test(hostname);
}

/** An address taken apart. */
export interface ParsedAddress {
  /** The number, without brackets. */
  readonly host: string;
  /** Its bytes: 4 or 16. */
  readonly bytes: Uint8Array;
  /** What kind of place it stands for. */
  readonly class: AddressClass;
  /** 1 to 65535. */
  readonly port: number;
}

/** Takes an address apart that names its host by a number; nothing where it is anything else, `localhost` included. */
export function parseMeshAddress(text: string): ParsedAddress | undefined {
  if (text.length > ADDRESS_CHARS_MAX || !isMeshAddress(text)) return undefined;
  const colon = text.lastIndexOf(":");
  const host = text.slice("http://".length, colon).replace(/^\[(.*)\]$/, "$1");
  const bytes = ipBytes(host);
  return bytes && { host, bytes, class: classOf(bytes), port: Number(text.slice(colon + 1)) };
}

/** The address of `hostname` (a number or `localhost`) and `port`. */
export function meshAddressOf(hostname: string, port: number): string {
  return `http://${hostPort(hostname, port)}`;
}

/** Host and port as one text; an IPv6 number stands in brackets. */
export function hostPort(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Whether `hostname` stands for every address of the machine, and so is none that others could dial. */
export function isWildcard(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}

/** The port on which Go's naras expect each other. */
const GO_PORT = 7433;

/** The `mesh_ip` of `address`: Go's naras take a number alone for one on their own port, else host and port. */
export function meshIpOf(address: string | undefined): string {
  if (!address) return "";
  const { hostname, host, port } = new URL(address);
  return port === `${GO_PORT}` && IPV4.test(hostname) ? hostname : host;
}
