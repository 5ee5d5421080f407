/**
 * What a nara says to whoever started it: who it is, where it listens, and how another one joins it.
 * @module
 */
import type { Me } from "../stage.ts";
import { hostPort, isWildcard, meshAddressOf } from "../transport/mesh_address.ts";
import { ASK_COMMANDS } from "./ask_commands.ts";
import type { RunningNara } from "./boot.ts";
import type { HostPort } from "./setting_values.ts";

/** What of a running nara is told. */
export type Greeting = Pick<RunningNara, "dataPath" | "apiUrl" | "places" | "isForgetful"> & {
  readonly runtime: {
    readonly me: Pick<Me, "name" | "id">;
    readonly address: string | undefined;
  };
};

/** The greeting as a line of JSON: `{"event":"started","name","id","address","listen","data","api","join"}`. */
export function startedEvent(
  { runtime, dataPath, apiUrl, places: { mesh } }: Greeting,
  self?: string,
): string {
  const { me: { name, id }, address } = runtime;
  return JSON.stringify({
    event: "started",
    name,
    id,
    address,
    listen: mesh && hostPort(mesh.hostname, mesh.port),
    data: dataPath,
    api: apiUrl,
    join: joinCommand(self, address),
  });
}

/** The greeting for a person; `self` is the command that starts this program. */
export function greetingLines(nara: Greeting, self: string): string[] {
  const { runtime: { me: { name, id }, address }, dataPath, isForgetful, places: { mesh } } = nara;
  const kept = isForgetful
    ? `It keeps who it is in ${dataPath}, and forgets all else when it ends.`
    : `It keeps what it knows in ${dataPath}.`;
  const about = [`This is ${name}, ${id}.`, kept, ...answering(nara)];
  const join = joinCommand(self, address);
  if (!join) {
    const port = mesh?.port ?? "PORT";
    const advice = `for others to reach it, pass --mesh-url http://ADDRESS:${port}`;
    return [...about, `It listens on ${everywhere(port)}; ${advice}.`];
  }
  return [
    ...about,
    `It listens on ${listening(address, mesh)}; to join it, run in another terminal:`,
    "",
    `  ${join}`,
    "",
  ];
}

/** Which commands it answers, and where. */
function answering({ apiUrl, places: { api } }: Greeting): string[] {
  if (!apiUrl) return [];
  const names = ASK_COMMANDS.map(({ name }) => name);
  const commands = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  const place = api && isWildcard(api.hostname)
    ? `${everywhere(api.port)}: anyone there can read it`
    : apiUrl;
  return [`It answers the commands ${commands} on ${place}.`];
}

/** Where it listens, and the address that others are told where that is another. */
function listening(address: string | undefined, mesh: HostPort | undefined): string {
  if (!mesh || address === meshAddressOf(mesh.hostname, mesh.port)) return `${address}`;
  const { hostname, port } = mesh;
  return `${
    isWildcard(hostname) ? everywhere(port) : hostPort(hostname, port)
  }, and others reach it at ${address}`;
}

function everywhere(port: number | string): string {
  return `every address of this machine, port ${port}`;
}

function joinCommand(self: string | undefined, address: string | undefined): string | undefined {
  return self && address && `${self} --peer ${address}`;
}
