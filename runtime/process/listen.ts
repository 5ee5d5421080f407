/**
 * Joins the HTTP mesh at the port that was given, or at the first one from the default on that is free.
 * @module
 */
import type { Logger } from "../primitives/logger.ts";
import { MeshError, type MeshFactory } from "../transport/mesh.ts";
import { hostPort, parseMeshAddress } from "../transport/mesh_address.ts";
import type { NaraConfig } from "./config.ts";
import type { OwnListeners } from "./own_listeners.ts";
import { ProcessError } from "./process_error.ts";
import type { MeshGuard } from "./settings.ts";

/** Ports that are tried where none was given. */
const PORTS_TRIED_MAX = 100;
const GUARDS: Readonly<Record<MeshGuard, boolean | undefined>> = { auto: undefined, on: true, off: false };

/**
 * A mesh that listens as `config` says.
 *
 * @param own Told where it listens in the end.
 * @param isMemoryShort Whether nothing is to be taken in now.
 * The factory rejects with a {@linkcode ProcessError} `port_in_use` or `bad_option`.
 */
export function meshAt(
  { listen, isListenGiven, meshUrl, meshGuard }: NaraConfig,
  log: Logger,
  own: OwnListeners,
  isMemoryShort: () => boolean,
): MeshFactory {
  const { hostname, port: first } = listen;
  const guard = GUARDS[meshGuard];
  return async (host) => {
    const { httpMesh } = await import("../transport/http_mesh.ts");
    const last = isListenGiven ? first : first + PORTS_TRIED_MAX - 1;
    for (let port = first;; port++) {
      try {
        const at = { listen: { hostname, port }, publicUrl: meshUrl };
        const mesh = await httpMesh({ ...at, guard, isMemoryShort })(host);
        // With port 0, only an address of its own tells which it got.
        const told = meshUrl === undefined && mesh.address ? parseMeshAddress(mesh.address) : undefined;
        own.add({ hostname, port: told?.port ?? port });
        if (port !== first) {
          log.info(`port ${first} is in use, so this nara listens on the next free one`, { port });
        }
        return mesh;
      } catch (thrown) {
        const isInUse = thrown instanceof MeshError && thrown.code === "address_in_use";
        if (!isInUse || port >= last) throw listenError(thrown, isInUse, hostPort(hostname, first));
      }
    }
  };
}

function listenError(thrown: unknown, isInUse: boolean, at: string): unknown {
  if (!(thrown instanceof MeshError)) return thrown;
  const options = { cause: thrown };
  const advice = "choose another with --mesh-listen";
  if (isInUse) {
    return new ProcessError(
      "port_in_use",
      `Cannot listen on ${at} as another program does: ${advice}`,
      options,
    );
  }
  return new ProcessError("bad_option", `${thrown.message}: ${advice}`, options);
}
