/**
 * Where this nara itself listens, so that nobody can make it ask itself.
 * @module
 */
import { ipBytes } from "../transport/address_class.ts";
import { isWildcard, type ParsedAddress } from "../transport/mesh_address.ts";
import { isLoopback } from "./allow_list.ts";
import type { HostPort } from "./setting_values.ts";

/** The listeners of one nara. */
export class OwnListeners {
  readonly #listeners: HostPort[] = [];
  readonly #interfaces: () => readonly string[];

  /** @param interfaces The numbers of this machine. @default {what the system says, where it may be asked} */
  constructor(interfaces: () => readonly string[] = interfaceAddresses) {
    this.#interfaces = interfaces;
  }

  /** Notes that this nara listens there. */
  add(listener: HostPort): void {
    this.#listeners.push(listener);
  }

  /** Whether a connection to `address` would end at this nara. */
  readonly isOwn = ({ host, port }: ParsedAddress): boolean =>
    this.#listeners.some((listener) => listener.port === port && this.#reaches(host, listener.hostname));

  /** Who listens everywhere is reached by every number of this machine. */
  #reaches(host: string, hostname: string): boolean {
    if (isWildcard(hostname)) return isLoopback(host) || this.#interfaces().some((own) => isSame(own, host));
    return hostname === "localhost" ? isLoopback(host) : isSame(hostname, host);
  }
}

function isSame(one: string, other: string): boolean {
  return ipBytes(one)?.toHex() === ipBytes(other)?.toHex();
}

function interfaceAddresses(): string[] {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" });
  return state === "granted" ? Deno.networkInterfaces().map(({ address }) => address) : [];
}
