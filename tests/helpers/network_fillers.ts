/**
 * What takes up the bounds of a nara's transports, as `limit_fillers.ts` does for the runtime's own.
 * @module
 */
import { Admission } from "../../runtime/transport/admission.ts";
import type { AdmissionBounds } from "../../runtime/transport/admission_options.ts";
import { HttpClient } from "../../runtime/transport/http_client.ts";
import { HttpInbox } from "../../runtime/transport/http_inbox.ts";
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

/** Who asks at a port, each from where `from` says. */
function admissionFillable(
  name: string,
  bounds: Partial<AdmissionBounds>,
  fill: (admission: Admission, index: number) => unknown,
): Fillable {
  const admission = new Admission({ clock: new VirtualClock(), ...bounds });
  return {
    limit: named(admission.limits(), name),
    fill: (index) => fill(admission, index),
    [Symbol.asyncDispose]: () => {
      admission[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/** Each from an address of its own. */
const elsewhere = (index: number) => `10.0.${index >> 8}.${index & 255}:1`;

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
  "http.refusals_held": (name) =>
    admissionFillable(name, { requestsMax: 6, promptMax: 1 }, (admission, index) => {
      if (index === 0) admission.refused(); // The first is given at once.
      admission.refused();
    }),
  "http.request_bytes": (name) =>
    admissionFillable(
      name,
      { bytesMax: 60 },
      (admission, index) => admission.enter(elsewhere(index), 10),
    ),
  "http.requests": (name) =>
    admissionFillable(name, { requestsMax: 8 }, (admission, index) => admission.enter(elsewhere(index), 1)),
  "http.requests_of_one_address": (name) =>
    admissionFillable(name, { requestsMax: 16 }, (admission) => admission.enter("10.0.0.1:1", 1)),
  "http.requests_of_one_sender": (name) =>
    admissionFillable(name, { requestsMax: 16 }, (admission, index) => {
      admission.proven(elsewhere(index), alice.id);
      admission.enter(elsewhere(index), 1);
    }),
  "http.senders": (name) =>
    admissionFillable(
      name,
      { sendersMax: 6 },
      (admission, index) => admission.proven(elsewhere(index), alice.id),
    ),
  "http.turns": (name) =>
    admissionFillable(name, { turnsMax: 4 }, (admission, index) => {
      const ticket = admission.enter(elsewhere(index), 1);
      if (typeof ticket !== "string") admission.turn(ticket);
    }),
  "http.sending": sendingFillable,
  "plaza.inbound": plazaFillable,
};
