/**
 * Where the mesh listens: `Deno.serve` on the port itself, or behind the guard.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import { messageOf } from "../../utilities/errors.ts";
import { nextTurn, turns } from "../primitives/event_loop.ts";
import type { Limit } from "../primitives/limits.ts";
import { Guard } from "./guard.ts";
import { Behind } from "./guard_behind.ts";
import type { GuardSettings } from "./guard_options.ts";
import type { RefusalCount } from "./http_refusals.ts";
import { STATUS_CODE, textResponse } from "./http_responses.ts";
import { MeshError } from "./mesh.ts";
import { hostPort } from "./mesh_address.ts";
import { SteadyServer } from "./steady_server.ts";

/** Turns of the event loop in which the last responses are taken over and written; few are enough for 150. */
const FLUSH_TURNS = 8;
/** The same with a guard between; so many are only needed where somebody does not read. */
const GUARDED_FLUSH_TURNS = 2_000;

/** Answers a request from `peer`: a host and a port. */
export type HttpHandler = (request: Request, peer: string) => Response | Promise<Response>;

/** Options of {@linkcode openFront}. */
export interface HttpFrontOptions {
  /** Where to listen; port 0 takes any that is free. */
  readonly listen: { readonly hostname: string; readonly port: number };
  /** What the guard allows. @default {there is none} */
  readonly guard?: GuardSettings;
  /** Bytes that a body may hold. */
  readonly bodyBytesMax: number;
  /** The paths that are served. */
  readonly paths: readonly string[];
  /** The runtime's time. */
  readonly clock: Clock;
  /** Where refusals are counted. */
  readonly refusals: RefusalCount;
  /** What answers. */
  readonly handler: HttpHandler;
}

/** A port that is open. Dispose of it to close every connection at once. */
export interface HttpFront extends AsyncDisposable {
  /** Which port. */
  readonly port: number;
  /** Its bounds, for `nara limits`. */
  limits(): Limit[];
  /** Lets the answers leave that were given, as far as they are read. */
  flush(): Promise<void>;
}

/**
 * Starts to listen.
 *
 * @throws {MeshError} `address_in_use` or `cannot_listen`.
 */
export function openFront(options: HttpFrontOptions): HttpFront {
  const { hostname, port } = options.listen;
  const at = hostPort(hostname, port);
  try {
    return options.guard ? openGuarded(options, options.guard) : openBare(options);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) {
      throw new MeshError(
        "address_in_use",
        `Cannot listen on ${at} as another program does: choose another port, or 0 for any that is free`,
        { cause: thrown },
      );
    }
    throw new MeshError("cannot_listen", `Cannot listen on ${at}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function openBare({ listen: { hostname, port }, handler, refusals }: HttpFrontOptions): HttpFront {
  const server = new SteadyServer<Deno.NetAddr>({
    open: (signal, before) =>
      Deno.serve(
        { hostname, port: before?.port ?? port, signal, onListen: () => {} },
        (request, { remoteAddr }) => handler(request, hostPort(remoteAddr.hostname, remoteAddr.port)),
      ),
    onEnd: () => refusals.add(STATUS_CODE.ServiceUnavailable, "no_descriptors"),
  });
  return {
    port: server.addr.port,
    limits: () => [],
    flush: () => turns(FLUSH_TURNS),
    // Not `shutdown`: it would wait for whoever never reads its response.
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function openGuarded(options: HttpFrontOptions, settings: GuardSettings): HttpFront {
  const { listen, handler, bodyBytesMax, paths, clock, refusals } = options;
  const listener = Deno.listen(listen);
  const behind = openBehind(listener, settings, (request) => {
    const peer = behind.peerOf(request.headers);
    if (peer !== undefined) return handler(request, peer);
    return textResponse(STATUS_CODE.Forbidden, "Only the guard may ask here");
  });
  const parts = { clock, settings, bodyBytesMax, paths: new Set(paths), behind, refusals };
  const guard = new Guard(listener, parts);
  return {
    port: listener.addr.port,
    limits: () => guard.limits(),
    flush: async () => {
      guard.stopAccepting();
      await turns(FLUSH_TURNS);
      for (let turn = 0; turn < GUARDED_FLUSH_TURNS && guard.answering > 0; turn++) await nextTurn();
    },
    [Symbol.asyncDispose]: async () => {
      await guard[Symbol.asyncDispose]();
      await behind[Symbol.asyncDispose]();
    },
  };
}

function openBehind(
  listener: Deno.TcpListener,
  { via }: GuardSettings,
  handler: ConstructorParameters<typeof Behind>[1],
): Behind {
  try {
    return new Behind(via, handler);
  } catch (thrown) {
    listener.close();
    throw thrown;
  }
}
