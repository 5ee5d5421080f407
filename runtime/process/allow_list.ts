/**
 * Which addresses may be dialled though nobody but a stranger named them: ranges of IP addresses in CIDR notation, and of those
 * only what can be the place of another nara.
 * @module
 */
import {
  type AddressClass,
  CLASS_NAMES,
  classOf,
  ipBytes,
  isIn,
  parseRange,
} from "../transport/address_class.ts";
import { type ParsedAddress, parseMeshAddress } from "../transport/mesh_address.ts";

/** The ranges of the machine itself. */
export const LOOPBACK_RANGES: readonly string[] = ["127.0.0.0/8", "::1/128"];

/** No range makes these the place of another nara. */
const NEVER: readonly AddressClass[] = [
  "broadcast",
  "link_local",
  "metadata",
  "multicast",
  "reserved",
  "translated",
  "unspecified",
];

/** Options of {@linkcode createDialRule}. */
export interface DialRuleOptions {
  /** Whether this nara listens on its own machine only, and so may look for others there. @default {false} */
  readonly isLocal?: boolean;
  /** Whether this nara itself listens at an address. @default {never} */
  readonly isOwn?: (address: ParsedAddress) => boolean;
}

/** Why an address must not be dialled on hearsay; nothing where it may. */
export type DialRule = (address: string) => string | undefined;

/** Whether `text` is a range: `10.0.0.0/8`, `fd00::/8`, or a single address. */
export function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

/**
 * The rule for addresses that strangers name. What passes is `http:` with a number in its one spelling and a port, in one of
 * `ranges`, and neither a special address nor one of this nara's own; this machine counts only for who listens on nothing else.
 * Host names never pass, for what they resolve to can change between the check and the call.
 *
 * @throws {RangeError} If one of `ranges` is none.
 */
export function createDialRule(ranges: readonly string[], options: DialRuleOptions = {}): DialRule {
  const { isLocal = false, isOwn = () => false } = options;
  const allowed = ranges.map((text) => {
    const range = parseRange(text);
    if (!range) throw new RangeError(`ranges must be IP addresses as 10.0.0.0/8 or fd00::/8: got ${text}`);
    return range;
  });
  return (address) => {
    const parsed = parseMeshAddress(address);
    if (!parsed) return "it is no http://NUMBER:PORT in its one spelling";
    const { bytes, class: name } = parsed;
    if (NEVER.includes(name)) return `it is ${CLASS_NAMES[name]}`;
    if (name === "loopback" && !isLocal) {
      return `it is ${CLASS_NAMES.loopback}, and this nara listens for others`;
    }
    if (!allowed.some((range) => isIn(bytes, range))) return "it lies in no range of --mesh-allow";
    return isOwn(parsed) ? "this nara itself listens there" : undefined;
  };
}

/** Whether connections to `hostname`, a number or `localhost`, stay on this machine. */
export function isLoopback(hostname: string): boolean {
  const bytes = ipBytes(hostname);
  return hostname === "localhost" || bytes !== undefined && classOf(bytes) === "loopback";
}
