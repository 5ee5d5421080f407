/**
 * A nara's start, from its process to the first answered `/ping`, in a folder that it has used before.
 * @module
 */
import { memoryOf, startAndAsk } from "../floors/start.ts";
import type { KeypairName, Rig } from "../harness.ts";

const PROGRAM = new URL("../../../mod.ts", import.meta.url).pathname;

/** Prepares a data folder. */
export async function open(keypair: KeypairName): Promise<Rig> {
  const data = Deno.makeTempDirSync({ prefix: "nara-bench-" });
  const options = [
    "--data",
    data,
    "--mesh-listen",
    "127.0.0.1:0",
    "--api",
    "none",
    "--keypair",
    keypair,
    "--json",
  ];
  const args = ["run", "-A", "--no-check", PROGRAM, ...options];
  return {
    once: async () => {
      const child = await startAndAsk(args);
      child.kill("SIGKILL");
      await child.status;
    },
    figures: { "idle-mib": await memoryOf(args) },
    [Symbol.asyncDispose]: () => Deno.remove(data, { recursive: true }),
  };
}
