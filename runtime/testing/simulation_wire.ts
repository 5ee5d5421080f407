/**
 * The wire of one simulated life: passes everything on, shows it to the witness, and falls silent when the nara dies.
 * @module
 */
import type { NaraId } from "../../utilities/names.ts";
import type { Answer, InboundFrame, MeshTransport, SendOptions } from "../transport/mesh.ts";
import { never } from "./simulation_clock.ts";
import type { Life } from "./simulation_nara.ts";
import type { Witness } from "./simulation_witness.ts";

/** `inner`, watched. */
export function tapped(inner: MeshTransport, life: Life, witness: Witness): MeshTransport {
  const pass = async (frame: Uint8Array, to: string, send: () => Promise<Answer>): Promise<Answer> => {
    if (life.isDead) return await never();
    witness.sent(life, frame, to);
    try {
      const answer = await send();
      if (life.isDead) return await never();
      witness.answered(life, frame, answer);
      return answer;
    } catch (thrown) {
      if (life.isDead) return await never();
      witness.notAnswered(life, frame, thrown);
      throw thrown;
    }
  };
  return {
    name: inner.name,
    features: inner.features,
    address: inner.address,
    inbound: watched(inner.inbound, life, witness),
    send: (frame: Uint8Array, to: NaraId, options?: SendOptions) =>
      pass(frame, to, () => inner.send(frame, to, options)),
    sendToAddress: (frame: Uint8Array, address: string, options?: SendOptions) =>
      pass(
        frame,
        address.slice(address.indexOf(":") + 1),
        () => inner.sendToAddress(frame, address, options),
      ),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

function watched(
  inbound: ReadableStream<InboundFrame>,
  life: Life,
  witness: Witness,
): ReadableStream<InboundFrame> {
  const reader = inbound.getReader();
  return new ReadableStream<InboundFrame>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (life.isDead) return await never();
      if (done) controller.close();
      else controller.enqueue(show(value, life, witness));
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function show(inbound: InboundFrame, life: Life, witness: Witness): InboundFrame {
  const { frame, peer } = inbound;
  witness.arrived(life, frame, peer);
  return {
    frame,
    peer,
    settle(receipt, reply) {
      if (life.isDead) return;
      witness.settled(life, frame, receipt);
      inbound.settle(receipt, reply);
    },
  };
}
