/**
 * What a nara says to whoever started it: who it is, where it listens, and how another one joins it.
 * @module
 */
import type { RunningNara } from "./boot.ts";

/** The greeting as lines for a person, or one of JSON: `{"event":"started","name","id","address","data","join"}`. */
export function greetingLines({ runtime, dataPath }: RunningNara, self: string, json: boolean): string[] {
  const { me: { name, id }, address } = runtime;
  const join = address && `${self} --peer ${address}`;
  if (json) return [JSON.stringify({ event: "started", name, id, address, data: dataPath, join })];
  return [
    `This is ${name}, ${id}.`,
    `It keeps what it knows in ${dataPath}.`,
    ...address && join
      ? [`It listens on ${address}; to join it, run in another terminal:`, "", `  ${join}`, ""]
      : [
        "It listens on every address of this machine; for others to reach it, pass --mesh-url http://ADDRESS:PORT.",
      ],
  ];
}
