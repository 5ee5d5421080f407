/**
 * What lies behind the guard: `Deno.serve`, where only the guard can reach it.
 *
 * It listens on a Unix socket in a folder that nobody else may enter, or, where that cannot be, on a port of the loopback. In
 * both cases a request has to bear a secret that only the guard writes, and with it the address of whoever sent it.
 * @module
 */
import { systemRandom } from "../../utilities/random.ts";
import type { GuardVia } from "./guard_options.ts";
import { SteadyServer } from "./steady_server.ts";

/** The field that the guard adds: its secret, a space, and where the request came from. */
export const GUARD_FIELD = "x-nara-guard";
const SECRET_BYTES = 24;
const SOCKET = "mesh";

/** What answers a request; `via` says nothing of who sent it. */
export type BehindHandler = (request: Request) => Response | Promise<Response>;

/** A server that only the guard can reach. Dispose of it to close every connection at once. */
export class Behind implements AsyncDisposable {
  /** How it is reached. */
  readonly via: "unix" | "loopback";
  readonly #secret = systemRandom.bytes(SECRET_BYTES).toBase64();
  readonly #server: AsyncDisposable;
  readonly #folder: string | undefined;
  readonly #connect: () => Promise<Deno.Conn>;

  /**
   * Starts to listen.
   *
   * @param via How.
   * @param handler What answers.
   * @param parent Where the folder of the socket is made. @default {where the machine keeps what is temporary}
   * @throws What the machine says, if there is no way to.
   */
  constructor(via: GuardVia, handler: BehindHandler, parent?: string) {
    const unix = via === "loopback" ? undefined : this.#serveUnix(via, handler, parent);
    this.via = unix ? "unix" : "loopback";
    this.#folder = unix?.folder;
    const { server, connect } = unix ?? this.#serveLoopback(handler);
    this.#server = server;
    this.#connect = connect;
  }

  /** Connects to it. */
  connect(): Promise<Deno.Conn> {
    return this.#connect();
  }

  /** The line that the guard puts into the head of a request from `peer`. */
  fieldOf(peer: string): string {
    return `${GUARD_FIELD}: ${this.#secret} ${peer}\r\n`;
  }

  /** Where a request came from; `undefined` when the guard did not send it. */
  peerOf(headers: Headers): string | undefined {
    const field = headers.get(GUARD_FIELD);
    if (!field?.startsWith(this.#secret)) return undefined;
    return field.slice(this.#secret.length + 1);
  }

  /** Closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    if (this.#folder !== undefined) removeFolder(this.#folder);
  }

  #serveUnix(via: GuardVia, handler: BehindHandler, dir?: string) {
    if (via === "auto" && Deno.build.os === "windows") return undefined;
    let folder: string | undefined;
    try {
      folder = Deno.makeTempDirSync({ dir, prefix: "nara-mesh-" }); // With mode 0700.
      const path = `${folder}/${SOCKET}`;
      const open = (signal: AbortSignal, before?: Deno.UnixAddr) => {
        if (before) Deno.removeSync(path); // The socket of the one that ended.
        return Deno.serve({ path, signal, onListen: () => {} }, (request) => handler(request));
      };
      const server = new SteadyServer({ open });
      return { folder, server, connect: () => Deno.connect({ transport: "unix", path }) };
    } catch (thrown) {
      if (folder !== undefined) removeFolder(folder);
      if (via === "unix") throw thrown;
      return undefined; // No right to write there, a path that is too long, a system without such sockets.
    }
  }

  #serveLoopback(handler: BehindHandler) {
    const hostname = "127.0.0.1";
    const open = (signal: AbortSignal, before?: Deno.NetAddr) =>
      Deno.serve(
        { hostname, port: before?.port ?? 0, signal, onListen: () => {} },
        (request) => handler(request),
      );
    const server = new SteadyServer({ open });
    const { port } = server.addr;
    const connect = async () => {
      const connection = await Deno.connect({ hostname, port });
      connection.setNoDelay(true);
      return connection;
    };
    return { server, connect };
  }
}

function removeFolder(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // It is empty but for a dead socket, and lies among what is temporary.
  }
}
