import { assert, assertEquals, assertFalse } from "@std/assert";
import { decodeEnvelope } from "../../../messages/envelope.ts";
import { createRuntime, type Runtime } from "../../../runtime/runtime.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import type { MeshFactory } from "../../../runtime/transport/mesh.ts";
import { PresenceService } from "../../../services/presence/service.ts";
import { assertBalanced } from "../../helpers/books.ts";
import { note, Recorder } from "../../helpers/kinds.ts";
import { alice, me } from "../../helpers/stage_context.ts";

/** Somebody listens at `place:relay` and passes every frame on to alice, and her answers back. */
async function relayed(peers: string[], mayDial: (address: string) => boolean = () => true) {
  const clock = new VirtualClock();
  const runtimes = new Map<string, Runtime>();
  const passedOn: string[] = [];
  const join = (address: string): MeshFactory => (host) => {
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    const deliver = async (frame: Uint8Array, there: string) => {
      if (there === "place:relay") passedOn.push(decodeEnvelope(frame).kind);
      const target = runtimes.get(there === "place:relay" ? "place:alice" : there)!;
      return { ...await target.receive(frame, address), peer: there };
    };
    return {
      name: "relay",
      features: { frameBytesMax: 1_000_000 },
      address,
      inbound: new ReadableStream({ start: (inbox) => void left.then(() => inbox.close()) }),
      send: async (frame, to) => await deliver(frame, host.addressOf(to)!),
      sendToAddress: deliver,
      [Symbol.asyncDispose]: () => Promise.resolve(leave()),
    };
  };
  const start = async (identity: typeof me, address: string, given: string[]) => {
    const services = [new PresenceService(), new Recorder(note)];
    const random = new SeededRandom(1);
    const runtime = await createRuntime({
      identity,
      services,
      clock,
      random,
      mesh: join(address),
      peers: given,
      mayDial,
    });
    runtimes.set(address, runtime);
    await runtime.start();
    return runtime;
  };
  const hers = await start(alice, "place:alice", []);
  const mine = await start(me, "place:me", peers);
  return {
    clock,
    hers,
    mine,
    passedOn,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const runtime of [mine, hers]) {
        await runtime.stop();
        assertBalanced(runtime);
      }
    },
  };
}

Deno.test("PresenceService takes no relay's place for the place of whoever it passes greetings on to", async () => {
  await using made = await relayed([]);
  assert(await made.mine.service(PresenceService).greet("place:relay"));
  await made.clock.advance(1_000);
  assertEquals(made.passedOn[0], "hey-there");
  assertEquals(made.mine.peers.addressOf(alice.id), "place:alice");
  made.passedOn.length = 0;
  await made.mine.service(Recorder).rt.emit(note.draft({ text: "between us" }, { to: alice.id }));
  assertEquals([made.passedOn, made.hers.service(Recorder).texts], [[], ["between us"]]);
});

Deno.test("PresenceService that may not dial the place that a relayed howdy names has no place for its sender", async () => {
  await using made = await relayed([], (address) => address === "place:relay");
  assert(await made.mine.service(PresenceService).greet("place:relay"));
  await made.clock.advance(1_000);
  assertEquals([made.mine.keyring.isOurs(alice.id), made.mine.peers.addressOf(alice.id)], [true, undefined]);
});

Deno.test("PresenceService takes the operator's word for an address, though its owner names another", async () => {
  await using made = await relayed(["place:relay"]);
  await made.clock.advance(100);
  assert(made.passedOn.includes("hey-there"));
  assertFalse(made.mine.peers.addressOf(alice.id) === undefined);
});
