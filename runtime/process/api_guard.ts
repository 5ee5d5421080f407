/**
 * Who may ask the local API: programs of this machine, and no web page that a browser of this machine happens to show.
 *
 * A page of another site can have its name resolve to 127.0.0.1 and then read what answers there; but it cannot keep the
 * browser from sending that name as the host, nor from saying where a request comes from.
 * @module
 */
import { isIP } from "node:net";
import { isWildcard } from "../transport/mesh_address.ts";
import { isLoopback } from "./allow_list.ts";

/** A host, its port split off: a name, a number, or one of IPv6 in brackets. */
const HOST = /^(\[[0-9a-f:.]+\]|[^:/?#@[\]\s]+)(?::\d{1,5})?$/i;
/** What a browser says of a request that its user, or a page of ours, makes. */
const OWN_SITES = ["same-origin", "none"];

/**
 * Why a request must not be answered, or nothing.
 *
 * @param headers The request's.
 * @param hostname Where the API listens.
 */
export function refusalOf(headers: Headers, hostname: string): string | undefined {
  const host = headers.get("host") ?? "";
  if (!isOwnHost(host, hostname)) {
    return "Cannot answer for another host: ask by the number of this machine, or as localhost";
  }
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isForeign = site !== null && !OWN_SITES.includes(site) ||
    origin !== null && origin.toLowerCase() !== `http://${host.toLowerCase()}`;
  return isForeign ? "Cannot answer a page of another site" : undefined;
}

/** A number is no name that could be made to mean another machine; which numbers lead here, the socket has decided. */
function isOwnHost(host: string, hostname: string): boolean {
  const name = HOST.exec(host)?.[1].toLowerCase().replace(/^\[(.*)\]$/, "$1");
  if (name === undefined) return false;
  if (name === "localhost" || name === hostname) return true;
  return isIP(name) !== 0 && (isLoopback(name) || isWildcard(hostname));
}
