/**
 * Joins the HTTP mesh at the port that was given, or at the first one from the default on that is free.
 * @module
 */
import type { Logger } from "../primitives/logger.ts";
import { MeshError, type MeshFactory } from "../transport/mesh.ts";
import { hostPort } from "../transport/mesh_address.ts";
import type { NaraConfig } from "./config.ts";
import { ProcessError } from "./process_error.ts";
import type { HostPort } from "./setting_values.ts";
import type { MeshGuard } from "./settings.ts";

/** Ports that are tried where none was given. */
const PORTS_TRIED_MAX = 100;
const GUARDS: Readonly<Record<MeshGuard, boolean | undefined>> = { auto: undefined, on: true, off: false };

/**
 * A mesh that listens as `config` says.
 *
 * @param onListen Told where it listens in the end.
 * @param isMemoryShort Whether nothing is to be taken in now.
 * The factory rejects with a {@linkcode ProcessError} `port_in_use` or `bad_option`.
 */
export function meshAt(
  { listen, isListenGiven, meshUrl, meshGuard }: NaraConfig,
  log: Logger,
  onListen: (at: HostPort) => void,
  isMemoryShort: () => boolean,
): MeshFactory {
  const { hostname, port: first } = listen;
  const guard = GUARDS[meshGuard];
  return async (host) => {
    const { httpMesh } = await import("../transport/http_mesh.ts");
    const last = isListenGiven ? first : first + PORTS_TRIED_MAX - 1;
    for (let port = first;; port++) {
      try {
        const mesh = await httpMesh({
          listen: { hostname, port },
          publicUrl: meshUrl,
          guard,
          isMemoryShort,
          onListen: (port) => onListen({ hostname, port }),
        })(host);
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
