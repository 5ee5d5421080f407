/**
 * An HTTP mesh on this machine, and what stands in for others there.
 * @module
 */
import { frameSaying, MeshTown, type Townsman } from "../../runtime/testing/mesh_town.ts";
import { httpMesh, type HttpMeshOptions } from "../../runtime/transport/http_mesh.ts";
import { MESSAGE_REQUEST } from "../../runtime/transport/http_auth.ts";
import type { Answer, InboundFrame, Receipt } from "../../runtime/transport/mesh.ts";
import { settled, VIRTUAL_START, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { signRequest } from "../../utilities/mesh_signature.ts";
import { lacking } from "./permissions.ts";

/** Any free port of this machine. */
export const LOCAL = { hostname: "127.0.0.1", port: 0 } as const;

/** Turns for everybody: time stands still in most tests, and whoever waits for one would wait for ever. */
const TURNS = { turnsMax: 1_024 };

/** A town whose mesh is HTTP. */
export function httpTown(options: Partial<HttpMeshOptions> = {}): MeshTown {
  return new MeshTown({ join: httpMesh({ listen: LOCAL, admission: TURNS, ...options }) });
}

/** When virtual time starts, in milliseconds since 1970. */
export const START_MS: number = Date.parse(VIRTUAL_START);

/** A nara whose port is asked, and somebody whom it knows. */
export interface Scene {
  readonly town: MeshTown;
  /** Bob's time. */
  readonly clock: VirtualClock;
  /** Whose port is asked. */
  readonly bob: Townsman;
  /** Bob has her key, as that of a nara that is not one of ours. */
  readonly alice: Identity;
}

/** What may stand at a nara's port, and how the tests of it are called. */
export const FRONTS: Readonly<Record<string, HttpMeshOptions["guard"]>> = {
  "": false,
  " behind the guard": { via: "unix" },
  " behind the guard, by the loopback": { via: "loopback" },
};

/** Registers a test of what a nara's port says, with and without the guard before it. */
export function httpTest(
  says: string,
  fn: (scene: Scene) => void | Promise<void>,
  options?: Partial<HttpMeshOptions>,
): void {
  for (const [where, guard] of Object.entries(FRONTS)) {
    Deno.test({
      name: `httpMesh()${where} ${says}`,
      ignore: lacking("net", ...(where ? ["read", "write"] as const : [])),
      fn: () => withScene(fn, { guard, ...options }),
    });
  }
}

/** Calls `fn` with a nara whose port can be asked. */
export async function withScene(
  fn: (scene: Scene) => void | Promise<void>,
  options?: Partial<HttpMeshOptions>,
): Promise<void> {
  await using town = httpTown(options);
  const clock = new VirtualClock();
  const bob = await town.join("bob", { clock });
  const { identity: alice } = await createIdentity({ name: "alice", keypair: "node" });
  bob.host.keyring.pin(alice.id, alice.keypair.publicKey, alice.name);
  await fn({ town, clock, bob, alice });
}

/** Go's headers for a message, as `identity` signs them. */
export function signedHeaders({ name, keypair }: Identity, atMs = START_MS): Promise<Record<string, string>> {
  return signRequest({ name, keypair }, { ...MESSAGE_REQUEST, timestampMs: atMs });
}

/** What came back for a raw request. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

/** Posts a frame as any client would. */
export async function post(
  { mesh }: Townsman,
  body: string | Uint8Array | ReadableStream<Uint8Array>,
  headers: Record<string, string> = {},
  path: string = MESSAGE_REQUEST.path,
): Promise<RawAnswer> {
  const response = await fetch(`${mesh.address}${path}`, { method: "POST", body: toBody(body), headers });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** A frame may lie in any memory, a body must lie in memory of its own. */
function toBody(body: string | Uint8Array | ReadableStream<Uint8Array>): BodyInit {
  return body instanceof Uint8Array ? new Uint8Array(body) : body;
}

/** Answers everything with one receipt. */
export function always(receipt: Receipt, reply?: Uint8Array): (inbound: InboundFrame) => void {
  return ({ settle }) => settle(receipt, reply);
}

/** A frame without any signature, as text. */
export function unsignedFrame(fromId: string): string {
  return `{"id":"1","kind":"suite:frame","version":1,"from_id":"${fromId}","timestamp":"2026-01-15T10:20:30Z","payload":{}}`;
}

/** A server that is no nara; `address` is where it listens. */
export interface FakePeer extends AsyncDisposable {
  readonly address: string;
  /** The headers of every request so far. */
  readonly requests: Headers[];
}

/** Serves `handler` in place of a nara. */
export function fakePeer(handler: (request: Request) => Response | Promise<Response>): FakePeer {
  const requests: Headers[] = [];
  const controller = new AbortController();
  const server = Deno.serve({ ...LOCAL, signal: controller.signal, onListen: () => {} }, (request) => {
    requests.push(new Headers(request.headers));
    return handler(request);
  });
  return {
    requests,
    address: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: async () => {
      controller.abort();
      await server.finished;
    },
  };
}

/** Lets `from` send to the address of a fake peer. */
export async function sendTo(
  from: Townsman,
  { address }: { address: string },
  text = "hello",
): Promise<Answer> {
  from.dialable.add(address);
  return await from.mesh.sendToAddress(await frameSaying(text, from.identity), address);
}

/** A connection of one's own to a nara, to write what no client would. */
export async function rawConnection({ mesh }: Townsman): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(mesh.address!);
  return await Deno.connect({ hostname, port: Number(port) });
}

/** Writes text to a connection. */
export async function write(connection: Deno.TcpConn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text));
}

/** Reads what is there, or comes next. */
export async function readSome(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(65_536);
  return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
}

/** Reads text until the other side closes. */
export async function readAll(connection: Deno.TcpConn): Promise<string> {
  let text = "";
  for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) text += chunk;
  return text;
}

/** Waits until that many requests are being read or worked on. */
export async function requestsOpen({ mesh }: Townsman, count: number): Promise<void> {
  const requests = mesh.limits?.().find(({ name }) => name === "http.requests");
  while (requests?.inUse() !== count) await settled();
}

/** Waits, without moving it, until somebody waits on the clock. */
export async function waitedFor(clock: VirtualClock): Promise<void> {
  while (clock.pending === 0) await settled();
}
