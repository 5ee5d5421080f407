/**
 * A stand-in for `jsr:@nats-io/transport-deno` on machines that cannot reach JSR: the part of its API that a plaza on
 * NATS needs, from the package's twin for Node, which runs on Deno as it is. `links` in `deno.json` puts it there;
 * without `links` the real package is used.
 *
 * Import it with `await import()`, so that only a nara that talks to NATS pays for it.
 * @module
 */

export {
  connect,
  credsAuthenticator,
  headers,
  nkeyAuthenticator,
  tokenAuthenticator,
} from "@nats-io/transport-node";
export { usernamePasswordAuthenticator } from "@nats-io/transport-node";
export type { Authenticator, ConnectionOptions, Msg, MsgHdrs, NatsConnection } from "@nats-io/transport-node";
export type { Status, Subscription, SubscriptionOptions, TlsOptions } from "@nats-io/transport-node";
