/**
 * What takes up the bounds of a nara's transports, as `limit_fillers.ts` does for the runtime's own.
 * @module
 */
import { Keyring } from "../../utilities/keyring.ts";
import { HttpClient } from "../../runtime/transport/http_client.ts";
import { HttpInbox } from "../../runtime/transport/http_inbox.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { MemoryPlaza } from "../../runtime/transport/memory_plaza.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { systemClock } from "../../utilities/clock.ts";
import type { Identity } from "../../utilities/identity.ts";
import { type Fillable, type MakeFillable, named } from "./limit_fillers.ts";
import { alice, me } from "./stage_context.ts";

const FRAME = new Uint8Array(8);

function hostOf({ id, name, keypair }: Identity) {
  return { me: { id, name, publicKey: keypair.publicKey }, keypair };
}

/** A place that takes connections and says nothing. */
function silentPlace(): { readonly address: string } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return { address: `http://127.0.0.1:${listener.addr.port}`, [Symbol.dispose]: () => listener.close() };
}

function sendingFillable(name: string): Fillable {
  const place = silentPlace();
  const client = new HttpClient({
    clock: systemClock,
    requestMs: 600_000,
    answerBytesMax: 1_024,
    connectionsMax: 1,
    poolsMax: 1,
  });
  const sends: Promise<unknown>[] = [];
  return {
    limit: named(client.limits(), name),
    fill: () => void sends.push(client.post(place.address, { path: "/", body: FRAME }).catch(() => {})),
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await Promise.all(sends);
      place[Symbol.dispose]();
    },
  };
}

function addressesFillable(name: string): Fillable {
  const client = new HttpClient({
    clock: systemClock,
    requestMs: 600_000,
    answerBytesMax: 1_024,
    connectionsMax: 1,
    poolsMax: 3,
  });
  return {
    limit: named(client.limits(), name),
    // Nobody listens there: what counts is that it was tried.
    fill: (index) => client.post(`http://127.0.0.1:${index + 1}`, { path: "/", body: FRAME }).catch(() => {}),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

function inboxFillable(name: string): Fillable {
  const inbox = new HttpInbox({ clock: new VirtualClock(), answerMs: 1_000 });
  return {
    limit: named(inbox.limits(), name),
    fill: () => inbox.hasRoom && inbox.take(FRAME, "somebody", () => {}),
    [Symbol.asyncDispose]: async () => {
      inbox[Symbol.dispose]();
      await inbox.inbound.cancel();
    },
  };
}

/** Requests that do not come to their end, each on a connection of its own. */
async function requestsFillable(name: string): Promise<Fillable> {
  const mesh = await httpMesh({ listen: { hostname: "127.0.0.1", port: 0 }, bodyMs: 600_000 })({
    ...hostOf(me),
    keyring: new Keyring(),
    clock: systemClock,
    addressOf: () => undefined,
    mayDial: () => false,
  });
  const limit = named(mesh.limits!(), name);
  const port = Number(new URL(mesh.address!).port);
  const connections: Deno.Conn[] = [];
  const head = "POST /mesh/message HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n";
  return {
    limit,
    fill: async () => {
      const before = limit.inUse() + limit.overflows();
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connections.push(connection);
      await connection.write(new TextEncoder().encode(head));
      while (limit.inUse() + limit.overflows() === before) await new Promise((done) => setTimeout(done));
    },
    [Symbol.asyncDispose]: async () => {
      for (const connection of connections) connection.close();
      await mesh.inbound.cancel();
      await mesh[Symbol.asyncDispose]();
    },
  };
}

async function plazaFillable(name: string): Promise<Fillable> {
  const place = new MemoryPlaza();
  const host = { clock: new VirtualClock(), random: new SeededRandom(1), root: "nara" };
  const listener = await place.join({ ...host, ...hostOf(me) });
  const speaker = await place.join({ ...host, ...hostOf(alice) });
  await listener.subscribe(["news"]);
  return {
    limit: named(listener.limits, name),
    fill: () => speaker.publish("news", FRAME),
    [Symbol.asyncDispose]: async () => {
      await speaker[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      await listener.inbound.cancel();
    },
  };
}

/** How each bound of the transports is taken up. */
export const NETWORK_FILLERS: Readonly<Record<string, MakeFillable>> = {
  "http.addresses": addressesFillable,
  "http.inbox": inboxFillable,
  "http.requests": requestsFillable,
  "http.sending": sendingFillable,
  "plaza.inbound": plazaFillable,
};
