/**
 * Two naras in two processes, who know each other as ours: this one sends, the other takes and answers.
 *
 * Run as a program, it is the other one: `deno run -A mesh_pair.ts web|node [guarded]`.
 * @module
 */
import { createRuntime, type Runtime } from "../../../runtime/mod.ts";
import { SeededRandom } from "../../../runtime/testing/mod.ts";
import { httpMesh } from "../../../runtime/transport/http_mesh.ts";
import { createIdentity, type Identity } from "../../../utilities/identity.ts";
import type { KeypairName } from "../harness.ts";
import { BenchService } from "./service.ts";

/** The side that sends. Dispose of it to end both. */
export interface Pair extends AsyncDisposable {
  /** Emits and calls. */
  readonly service: BenchService;
  /** The id of the other side. */
  readonly to: string;
}

/** What the two sides have between them. */
export interface PairOptions {
  /** Whether the other side has the guard at its port. @default {false} */
  readonly guard?: boolean;
  /** Whether messages that would wait travel together. @default {false} */
  readonly batching?: boolean;
}

/** Starts both sides. */
export async function openPair(
  keypair: KeypairName,
  { guard = false, batching = false }: PairOptions = {},
): Promise<Pair> {
  const args = ["run", "-A", import.meta.filename!, keypair, ...(guard ? ["guarded"] : [])];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const { value } = await child.stdout.getReader().read();
  const address = new TextDecoder().decode(value).trim();
  const { runtime, service, other } = await startSide("sender", "taker", keypair, { batching });
  runtime.peers.prove(other.id, address, other.name);
  return {
    service,
    to: other.id,
    [Symbol.asyncDispose]: async () => {
      await runtime.stop();
      await child[Symbol.asyncDispose]();
    },
  };
}

async function startSide(
  name: string,
  otherName: string,
  keypair: KeypairName,
  { guard = false, batching }: PairOptions,
): Promise<Side> {
  const [me, other] = await Promise.all([name, otherName].map((name) => identityOf(name, keypair)));
  const service = new BenchService();
  const mesh = httpMesh({ listen: { hostname: "127.0.0.1", port: 0 }, guard, batching });
  const runtime = await createRuntime({ identity: me, services: [service], mesh });
  runtime.keyring.pin(other.id, other.keypair.publicKey, other.name);
  runtime.keyring.markOurs(other.id);
  await runtime.start();
  return { runtime, service, other };
}

interface Side {
  readonly runtime: Runtime;
  readonly service: BenchService;
  readonly other: Identity;
}

/** The same name gives the same nara, in both processes. */
async function identityOf(name: string, keypair: KeypairName): Promise<Identity> {
  return (await createIdentity({ name, keypair, random: new SeededRandom(name.length) })).identity;
}

if (import.meta.main) {
  const { runtime } = await startSide(
    "taker",
    "sender",
    Deno.args[0] as KeypairName,
    { guard: Deno.args[1] === "guarded" },
  );
  Deno.addSignalListener("SIGTERM", () => void runtime.stop().finally(() => Deno.exit(0)));
  console.log(runtime.address);
}
