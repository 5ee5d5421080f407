/**
 * Which addresses may be dialled though nobody but a stranger named them: ranges of IP addresses in CIDR notation.
 * @module
 */
import { BlockList, isIP } from "node:net";

/** The ranges of the machine itself. */
export const LOOPBACK_RANGES: readonly string[] = ["127.0.0.0/8", "::1/128"];

const FAMILIES = { 4: { name: "ipv4", bits: 32 }, 6: { name: "ipv6", bits: 128 } } as const;

/** Whether `text` is a range: `10.0.0.0/8`, `fd00::/8`, or a single address. */
export function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

/**
 * Says of an address such as `http://10.0.0.7:7433` whether it lies in one of `ranges`. Host names never do, for
 * what they resolve to can change between the check and the call; nor does anything but `http:`.
 *
 * @throws {RangeError} If one of `ranges` is none.
 */
export function createAllowList(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList(); // It lists; whether that blocks or allows is for its user to say.
  for (const text of ranges) {
    const range = parseRange(text);
    if (!range) throw new RangeError(`ranges must be IP addresses as 10.0.0.0/8 or fd00::/8: got ${text}`);
    list.addSubnet(range.address, range.bits, range.family);
  }
  return (address) => {
    const url = URL.parse(address);
    if (url?.protocol !== "http:") return false;
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const family = familyOf(host);
    return family !== undefined && list.check(host, family.name);
  };
}

/** Whether connections to `hostname` stay on this machine. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return hostname === "localhost" || createAllowList(LOOPBACK_RANGES)(`http://${host}`);
}

function parseRange(text: string): { address: string; bits: number; family: "ipv4" | "ipv6" } | undefined {
  const [address, length, ...rest] = text.split("/");
  const family = familyOf(address);
  if (!family || rest.length > 0) return undefined;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined;
  const bits = length === undefined ? family.bits : Number(length);
  return bits <= family.bits ? { address, bits, family: family.name } : undefined;
}

function familyOf(address: string): (typeof FAMILIES)[4 | 6] | undefined {
  const version = address.includes("%") ? 0 : isIP(address);
  return version === 4 || version === 6 ? FAMILIES[version] : undefined;
}
