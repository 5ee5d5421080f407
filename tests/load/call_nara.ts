/**
 * Two naras in two processes who know each other, and beside the one that is called a server that only echoes: what a bare round trip
 * between the same two processes costs.
 *
 * Run as a program, it is the one that is called: `deno run -A call_nara.ts`. It says where it and the echo listen, and after each
 * line on its standard input how many of its bounded tables are in use, as a line of JSON.
 * @module
 */
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { BenchService } from "../bench/ours/service.ts";

/** Where the child listens. */
interface Addresses {
  readonly nara: string;
  readonly echo: string;
}

/** Both sides. Dispose of it to end them. */
export class CallPair implements AsyncDisposable {
  private constructor(
    /** The nara that calls. */
    readonly runtime: Runtime,
    /** Its service. */
    readonly service: BenchService,
    /** The id of the one that is called. */
    readonly to: string,
    /** What only echoes. */
    readonly echo: string,
    readonly child: Deno.ChildProcess,
    readonly lines: ReadableStreamDefaultReader<string>,
  ) {}

  /** Starts both. */
  static async open(): Promise<CallPair> {
    const args = ["run", "-A", import.meta.filename!];
    const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { nara, echo }: Addresses = JSON.parse((await lines.read()).value!);
    const { runtime, service, other } = await startSide("caller", "callee");
    runtime.peers.prove(other.id, nara, other.name);
    return new CallPair(runtime, service, other.id, echo, child, lines);
  }

  /** How much of each bounded table the one that is called has in use. */
  async inUseThere(): Promise<Record<string, number>> {
    const writer = this.child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n"));
    writer.releaseLock();
    return JSON.parse((await this.lines.read()).value!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stop();
    await this.child.stdin.close();
    await this.lines.cancel();
    await this.child[Symbol.asyncDispose]();
  }
}

/** How much of each bounded table of a nara is in use. */
export function inUse({ limits }: Pick<Runtime, "limits">): Record<string, number> {
  return Object.fromEntries(limits.all().map((limit) => [limit.name, limit.inUse()]));
}

async function startSide(
  name: string,
  otherName: string,
): Promise<{ runtime: Runtime; service: BenchService; other: Identity }> {
  const [identity, other] = await Promise.all([name, otherName].map(identityNamed));
  const service = new BenchService();
  const mesh = httpMesh({ listen: { hostname: "127.0.0.1", port: 0 }, batching: true });
  const runtime = await createRuntime({ identity, services: [service], mesh });
  runtime.keyring.pin(other.id, other.keypair.publicKey, other.name);
  runtime.keyring.markOurs(other.id);
  await runtime.start();
  return { runtime, service, other };
}

/** The same name gives the same nara, in both processes. */
async function identityNamed(name: string): Promise<Identity> {
  return (await createIdentity({ name, keypair: "node", random: new SeededRandom(name.length) })).identity;
}

if (import.meta.main) {
  const { runtime } = await startSide("callee", "caller");
  const echo = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => new Response(await request.bytes()),
  );
  console.log(JSON.stringify({ nara: runtime.address, echo: `http://127.0.0.1:${echo.addr.port}` }));
  for await (const _ of Deno.stdin.readable) console.log(JSON.stringify(inUse(runtime)));
  await Promise.all([runtime.stop(), echo.shutdown()]);
}
