/**
 * What a nara says to whoever started it: who it is, where it listens, and how another one joins it.
 * @module
 */
import type { RunningNara } from "./boot.ts";

/** The greeting as a line of JSON: `{"event":"started","name","id","address","data","api","join"}`. */
export function startedEvent({ runtime, dataPath, apiUrl }: RunningNara, self?: string): string {
  const { me: { name, id }, address } = runtime;
  return JSON.stringify({
    event: "started",
    name,
    id,
    address,
    data: dataPath,
    api: apiUrl,
    join: joinCommand(self, address),
  });
}

/** The greeting for a person; `self` is the command that starts this program. */
export function greetingLines({ runtime, dataPath, apiUrl }: RunningNara, self: string): string[] {
  const { me: { name, id }, address } = runtime;
  const about = [`This is ${name}, ${id}.`, `It keeps what it knows in ${dataPath}.`];
  if (apiUrl) {
    about.push(`It answers the commands why, limits, catalog, metrics and dead-letters on ${apiUrl}.`);
  }
  const join = joinCommand(self, address);
  if (join) {
    return [...about, `It listens on ${address}; to join it, run in another terminal:`, "", `  ${join}`, ""];
  }
  return [
    ...about,
    "It listens on every address of this machine; for others to reach it, pass --mesh-url http://ADDRESS:PORT.",
  ];
}

function joinCommand(self: string | undefined, address: string | undefined): string | undefined {
  return self && address && `${self} --peer ${address}`;
}
