/**
 * Which addresses count as one, where everybody is to get a share: a single customer has very many numbers of IPv6.
 * @module
 */
import { ipBytes } from "./address_class.ts";

/** What counts as one address: a number of IPv4, of IPv6 the network of 64 bits that one customer has. */
export function addressOf(connection: string): string {
  const colon = connection.lastIndexOf(":");
  if (connection[0] !== "[") return colon < 0 ? connection : connection.slice(0, colon);
  const host = connection.slice(1, colon - 1).replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(host);
  if (mapped) return mapped[1];
  return ipBytes(host)?.toHex().slice(0, 16) ?? host;
}
