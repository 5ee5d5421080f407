/**
 * What kind of place a number of IPv4 or IPv6 stands for: some are no places of another nara, whoever names them.
 *
 * The ranges are those of IANA's special-purpose registries (RFC 6890 and its successors); those of metadata services are the
 * numbers that the large clouds document.
 * @module
 */

/** Kinds of places. `unicast` is all that is none of the others. */
export type AddressClass =
  | "broadcast"
  | "link_local"
  | "loopback"
  | "metadata"
  | "multicast"
  | "reserved"
  | "translated"
  | "unicast"
  | "unspecified";

/** What a class is called, for a person. */
export const CLASS_NAMES: Readonly<Record<AddressClass, string>> = {
  broadcast: "the address of everybody",
  link_local: "a link-local address",
  loopback: "an address of this machine itself",
  metadata: "the address of a cloud's metadata service",
  multicast: "a multicast address",
  reserved: "a reserved address",
  translated: "an IPv4 address in the clothes of IPv6",
  unicast: "an address",
  unspecified: "the address of nobody in particular",
};

/** The first that fits counts. */
const RANGES: readonly (readonly [AddressClass, string])[] = [
  ["metadata", "169.254.169.254/32"],
  ["metadata", "169.254.170.2/32"],
  ["metadata", "100.100.100.200/32"],
  ["metadata", "168.63.129.16/32"],
  ["metadata", "192.0.0.192/32"],
  ["metadata", "fd00:ec2::254/128"],
  ["metadata", "fd20:ce::254/128"],
  ["broadcast", "255.255.255.255/32"],
  ["unspecified", "0.0.0.0/8"],
  ["unspecified", "::/128"],
  ["loopback", "127.0.0.0/8"],
  ["loopback", "::1/128"],
  ["link_local", "169.254.0.0/16"],
  ["link_local", "fe80::/10"],
  ["multicast", "224.0.0.0/4"],
  ["multicast", "ff00::/8"],
  ["reserved", "192.0.0.0/24"],
  ["reserved", "240.0.0.0/4"],
  ["reserved", "fec0::/10"],
  ["reserved", "100::/64"],
  ["translated", "::ffff:0:0/96"],
  ["translated", "::ffff:0:0:0/96"],
  ["translated", "::/96"],
  ["translated", "64:ff9b::/96"],
  ["translated", "64:ff9b:1::/48"],
  ["translated", "2002::/16"],
  ["translated", "2001::/32"],
];

/**
 * The bytes of a number: 4 or 16, or nothing where `host` is none in its one spelling (four decimals without leading zeros, or
 * what a URL writes between brackets).
 */
export function ipBytes(host: string): Uint8Array | undefined {
  return host.includes(":") ? bytesOfIpv6(host) : bytesOfIpv4(host);
}

/** The class of a number's bytes. */
export function classOf(bytes: Uint8Array): AddressClass {
  return TABLE.find(({ range }) => isIn(bytes, range))?.name ?? "unicast";
}

/** A range of numbers. */
export interface IpRange {
  /** The bytes of its first number, or of any in it. */
  readonly bytes: Uint8Array;
  /** How many of its leading bits all of its numbers share. */
  readonly bits: number;
}

/** The range that `text` says: `10.0.0.0/8`, `fd00::/8`, or a single number. */
export function parseRange(text: string): IpRange | undefined {
  const [host, length, ...rest] = text.split("/");
  const bytes = ipBytes(host);
  if (!bytes || rest.length > 0) return undefined;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const bits = length === undefined ? bytes.length * 8 : Number(length);
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

/** Whether a number lies in a range of the same family. */
export function isIn(bytes: Uint8Array, range: IpRange): boolean {
  if (bytes.length !== range.bytes.length) return false;
  return bytes.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, range.bits - index * 8));
    const mask = 0xff << (8 - bits) & 0xff;
    return (byte & mask) === (range.bytes[index] & mask);
  });
}

const TABLE = RANGES.map(([name, text]) => ({ name, range: parseRange(text)! }));

function bytesOfIpv4(host: string): Uint8Array | undefined {
  const parts = host.split(".");
  const isRight = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part));
  if (!isRight || parts.some((part) => Number(part) > 255)) return undefined;
  return Uint8Array.from(parts, Number);
}

function bytesOfIpv6(host: string): Uint8Array | undefined {
  const halves = host.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}
