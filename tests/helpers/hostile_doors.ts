/**
 * The doors of a nara: every way in which a frame of somebody else's can get to it.
 * @module
 */
import { meshHost } from "../../runtime/testing/mesh_town.ts";
import { settled } from "../../runtime/testing/virtual_clock.ts";
import { MESSAGE_REQUEST } from "../../runtime/transport/http_auth.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { MemoryMesh } from "../../runtime/transport/memory_mesh.ts";
import type { Answer, MeshFactory, MeshTransport, Receipt } from "../../runtime/transport/mesh.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Clock } from "../../utilities/clock.ts";
import { signRequest } from "../../utilities/mesh_signature.ts";
import type { Right } from "./permissions.ts";
import { mallory } from "./stage_context.ts";

/** As much of a nara under attack as a door has to know. */
export interface Behind {
  /** The nara. */
  readonly runtime: Runtime;
  /** Its time. */
  readonly clock: Clock;
  /** Makes it send alice something. */
  trigger(): Promise<void>;
}

/** What a door does for one nara. */
export interface Door {
  /** What the nara joins. */
  readonly mesh: MeshFactory;
  /** Hands in a frame; resolves with what its sender is told, where it is told anything. */
  send(frame: Uint8Array, target: Behind): Promise<Receipt | undefined>;
}

/** A way for a frame to get in. */
export interface EntryPoint {
  /** What it is called. */
  readonly name: string;
  /** What its tests need. */
  readonly rights: readonly Right[];
  /** Makes one for a nara. */
  open(): Door;
}

/** Every way in that there is. A new transport is one more object in here. */
export const ENTRY_POINTS: readonly EntryPoint[] = [
  {
    name: "runtime.receive()",
    rights: [],
    open: () => ({
      mesh: quietMesh(() => undefined),
      send: async (frame, { runtime }) => (await runtime.receive(frame, "mock:somewhere")).receipt,
    }),
  },
  { name: "a memory mesh", rights: [], open: memoryDoor },
  { name: "a reply inside a response", rights: [], open: responseDoor },
  { name: "POST /mesh/message", rights: ["net"], open: () => httpDoor(() => Promise.resolve({})) },
  {
    name: "POST /mesh/message with the headers of a known peer",
    rights: ["net"],
    open: () =>
      httpDoor(({ clock }) =>
        signRequest(mallory, { ...MESSAGE_REQUEST, timestampMs: Number(clock.nowNs() / 1_000_000n) })
      ),
  },
];

function memoryDoor(): Door {
  const place = new MemoryMesh();
  const outside = place.join(meshHost({ identity: mallory })) as MeshTransport;
  return {
    mesh: place.join,
    send: async (frame, { runtime }) => (await outside.send(frame, runtime.me.id)).receipt,
  };
}

/** Alice's answer to whatever this nara sends her bears the frame. */
function responseDoor(): Door {
  let reply: Uint8Array | undefined;
  return {
    mesh: quietMesh(() => {
      const once = reply;
      reply = undefined;
      return once;
    }),
    send: async (frame, target) => {
      reply = frame;
      await target.trigger();
      await settled();
      return undefined;
    },
  };
}

function httpDoor(headersOf: (target: Behind) => Promise<Record<string, string>>): Door {
  let headers: Promise<Record<string, string>> | undefined;
  return {
    mesh: httpMesh({ listen: { hostname: "127.0.0.1", port: 0 } }),
    send: async (frame, target) => {
      const response = await fetch(`${target.runtime.address}${MESSAGE_REQUEST.path}`, {
        method: "POST",
        headers: await (headers ??= headersOf(target)), // Signed once: nothing here takes minutes.
        body: new Uint8Array(frame),
      });
      const text = await response.text();
      if (response.status === 401) return { outcome: "drop", reason: "unauthorized", detail: text };
      return JSON.parse(text) as Receipt;
    },
  };
}

/** A mesh that takes everything, answers with what it is told to, and brings nothing. */
function quietMesh(replyOf: () => Uint8Array | undefined): MeshFactory {
  return ({ me }) => {
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    const answer = (): Promise<Answer> => {
      const reply = replyOf();
      return Promise.resolve({ receipt: { outcome: "handled" }, ...reply && { reply, peer: "mock:alice" } });
    };
    return {
      name: "quiet",
      features: { frameBytesMax: 1024 * 1024 },
      address: `mock:${me.id}`,
      inbound: new ReadableStream({ start: (inbox) => void left.then(() => inbox.close()) }),
      send: answer,
      sendToAddress: answer,
      [Symbol.asyncDispose]: () => Promise.resolve(leave()),
    };
  };
}
