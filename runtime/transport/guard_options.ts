/**
 * What the guard in front of the mesh port allows: times, sizes and numbers of connections.
 * @module
 */

/** Options of the guard. */
export interface GuardOptions {
  /** Milliseconds that the head of a request may take, from its first byte; of the first one, from connecting on. @default {5_000} */
  headMs?: number;
  /** Milliseconds that a connection may rest between an answer and the next request. @default {5_000} */
  idleMs?: number;
  /** Milliseconds that a client may take to read an answer, from its first byte. @default {10_000} */
  drainMs?: number;
  /**
   * Connections in all. At the bound the one that is longest without a complete head is closed.
   * @default {256, or as many as the process has file descriptors for}
   */
  connectionsMax?: number;
  /** Connections of one address, by the same rule. This machine's own are not bounded so. @default {64} */
  addressConnectionsMax?: number;
  /** Bytes of a head. @default {16_384} */
  headBytesMax?: number;
  /**
   * Whether this machine's own addresses are bounded as others are, as where a port is forwarded on it.
   * @default {false}
   */
  boundsLoopback?: boolean;
  /**
   * How a request comes from the guard to `Deno.serve`: by a Unix socket in a folder of its own, which costs an eighth of the
   * rate, or by a port of the loopback, which costs a quarter. `auto` takes the first where it can.
   * @default {"auto"}
   */
  via?: GuardVia;
}

/** How a request comes from the guard to `Deno.serve`. */
export type GuardVia = "auto" | "unix" | "loopback";

/** What the guard has to know of the mesh that it guards. */
export interface GuardedMesh {
  /** Where it listens. */
  readonly hostname: string;
  /** Milliseconds that a body may take, from the end of its head. */
  readonly bodyMs: number;
}

/** Options of the guard, all of them. */
export type GuardSettings = Readonly<Required<GuardOptions>> & Pick<GuardedMesh, "bodyMs">;

const DEFAULTS: Readonly<Required<GuardOptions>> = {
  headMs: 5_000,
  idleMs: 5_000,
  drainMs: 10_000,
  connectionsMax: 256,
  addressConnectionsMax: 64,
  headBytesMax: 16_384,
  boundsLoopback: false,
  via: "auto",
};

/**
 * The guard's settings where there is to be one: by default wherever others than this machine could connect.
 *
 * @param guard What was asked for.
 * @param mesh What is guarded.
 * @throws {RangeError} If a number is no positive integer.
 */
export function guardSettings(
  guard: boolean | GuardOptions | undefined,
  { hostname, bodyMs }: GuardedMesh,
): GuardSettings | undefined {
  if (guard === false || (guard === undefined && isLoopbackHost(hostname))) return undefined;
  const given = Object.entries(guard === true || guard === undefined ? {} : guard);
  const options = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "number" && (!Number.isInteger(value) || value < 1)) {
      throw new RangeError(`guard.${name} must be a positive integer: got ${value}`);
    }
  }
  const seats = { connectionsMax: Math.min(DEFAULTS.connectionsMax, seatsFor(descriptorsMax())) };
  return { ...DEFAULTS, ...seats, ...options, bodyMs };
}

/** File descriptors that a nara needs beside its guest's: for its files, its ports, and its own requests. */
const DESCRIPTORS_KEPT = 40;
/** What one guest takes: its connection, and both ends of the one to the server behind. */
const DESCRIPTORS_OF_GUEST = 3;

/** Connections for which so many descriptors suffice; a few in any case. */
export function seatsFor(descriptors: number): number {
  return Math.max(4, Math.floor((descriptors - DESCRIPTORS_KEPT) / DESCRIPTORS_OF_GUEST));
}

/** File descriptors that this process may have; without end where nobody says. */
function descriptorsMax(): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"));
    return soft ? Number(soft[1]) : Infinity;
  } catch {
    return Infinity; // Another system than Linux, or no right to look.
  }
}

/** Whether `hostname` is one of this machine alone. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
