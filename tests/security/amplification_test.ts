/**
 * R43: whoever asks again and again gets few bytes for each of its own, and nobody can have them sent to another.
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { builtInServices } from "../../mod.ts";
import { decodeEnvelope } from "../../messages/envelope.ts";
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { MeshError, type MeshFactory } from "../../runtime/transport/mesh.ts";
import { HOWDY_NEIGHBOURS_MAX, type HowdyV1 } from "../../messages/presence.ts";
import { heyThere } from "../../services/presence/behaviors.ts";
import { HEARSAY_PER_MINUTE } from "../../services/presence/strangers.ts";
import { stashRefresh, stashRequest, stashStore } from "../../services/stash/behaviors.ts";
import { systemClock } from "../../utilities/clock.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { samplesOf } from "../helpers/all_kinds.ts";
import { assertBalanced } from "../helpers/books.ts";
import { attackedNara, HonestClient } from "../helpers/honest_client.ts";
import { lacking } from "../helpers/permissions.ts";
import { me, naraNamed } from "../helpers/stage_context.ts";

const TIMES = 1_000;
/** Bytes out for each byte in. */
const RATIO_MAX = 3;

/** A frame that left this nara unasked. */
interface Sent {
  readonly kind: string;
  readonly to: string;
  readonly bytes: number;
}

/** A nara with neighbours to tell of, and all that leaves it. */
class Scene implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly sent: Sent[] = [];
  runtime!: Runtime;
  bytesIn = 0;
  bytesOut = 0;
  #stamp = 0n;

  static async open(): Promise<Scene> {
    const scene = new Scene();
    scene.runtime = await createRuntime({
      identity: me,
      clock: scene.clock,
      random: new SeededRandom(1),
      services: builtInServices({ isNewborn: true }),
      mesh: scene.#mesh,
      mayDial: () => true,
    });
    await scene.runtime.start();
    for (let at = 0; at < 20; at++) {
      const { id, name, keypair } = await naraNamed(`neighbour ${at}`);
      scene.runtime.keyring.pin(id, keypair.publicKey, name);
      scene.runtime.peers.prove(id, `http://10.0.0.${at}:7433`, name);
    }
    return scene;
  }

  /** Nobody answers where this nara asks. */
  readonly #mesh: MeshFactory = ({ addressOf }) => {
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    const send = (frame: Uint8Array, to: string): Promise<never> => {
      this.sent.push({ kind: decodeEnvelope(frame).kind, to, bytes: frame.length });
      this.bytesOut += frame.length;
      return Promise.reject(new MeshError("unreachable", "nobody is there"));
    };
    return {
      name: "counting",
      features: { frameBytesMax: 1024 * 1024 },
      address: "http://127.0.0.1:7433",
      inbound: new ReadableStream({ start: (inbox) => void left.then(() => inbox.close()) }),
      send: (frame, id) => {
        const address = addressOf(id);
        if (address !== undefined) return send(frame, address);
        return Promise.reject(new MeshError("unreachable", "no address of it is proven"));
      },
      sendToAddress: send,
      [Symbol.asyncDispose]: () => Promise.resolve(leave()),
    };
  };

  /** Hands in what `from` says, and counts what comes back. */
  async say(frame: Uint8Array): Promise<void> {
    this.bytesIn += frame.length;
    const { receipt, reply } = await this.runtime.receive(frame, "10.9.9.9:1");
    this.bytesOut += JSON.stringify(receipt).length + (reply?.length ?? 0);
  }

  /** An instant that no other frame bears. */
  nextNs(): bigint {
    return this.clock.nowNs() - ++this.#stamp;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stop();
    assertBalanced(this.runtime);
  }
}

async function hello({ nextNs, ...rest }: Scene | { nextNs(): bigint }, from: Identity, mesh_url?: string) {
  const payload = { public_key: from.keypair.publicKey, started_at: 7, mesh_url };
  const atNs = nextNs.call(rest);
  return await signedFrame(heyThere.draft(payload), { from, spec: heyThere.spec, atNs });
}

const stranger = await naraNamed("stranger");

Deno.test(`R43 Runtime sends at most ${RATIO_MAX} bytes for each that one stranger says, whatever kind it says ${TIMES} times`, async () => {
  for (const { kind } of samplesOf((await opened()).runtime.catalog).map(({ spec }) => spec)) {
    await using scene = await Scene.open();
    const sample = samplesOf(scene.runtime.catalog).find(({ spec }) => spec.kind === kind)!;
    await scene.say(await hello({ nextNs: () => scene.nextNs() }, stranger, "http://10.9.9.9:7433"));
    [scene.bytesIn, scene.bytesOut] = [0, 0];
    for (let count = 0; count < TIMES; count++) {
      const isMesh = sample.spec.emit.transport.name === "mesh";
      const draft = { kind, payload: sample.payload(stranger), ...isMesh && { to: me.id } };
      await scene.say(await signedFrame(draft, { from: stranger, spec: sample.spec, atNs: scene.nextNs() }));
    }
    await scene.clock.advance(5_000);
    await settled();
    assert(scene.bytesIn > TIMES * 300, kind);
    assertLess(scene.bytesOut, RATIO_MAX * scene.bytesIn, `${kind}: ${scene.bytesOut} for ${scene.bytesIn}`);
  }
});

/** For its catalog alone. */
async function opened(): Promise<Scene> {
  await using scene = await Scene.open();
  return scene;
}

Deno.test(`R43 PresenceService gives a crowd of ${TIMES} strangers, each with a name and a place of its own, no more than that`, async () => {
  await using scene = await Scene.open();
  const crowd = await Promise.all(Array.from({ length: TIMES }, async (_, at) => {
    const random = new SeededRandom(at);
    return (await createIdentity({ name: `s${at}`, keypair: "node", random })).identity;
  }));
  for (const [at, from] of crowd.entries()) {
    const mesh_url = `http://10.1.${at >> 8}.${at & 255}:7433`;
    await scene.say(await hello({ nextNs: () => scene.nextNs() }, from, mesh_url));
  }
  await settled();
  const greeted = scene.sent.filter(({ to }) => to.startsWith("http://10.1."));
  assert(greeted.length > 0 && greeted.length <= HEARSAY_PER_MINUTE, `${greeted.length} were greeted`);
  assertEquals(greeted.filter(({ kind }) => kind !== heyThere.kind), [], "a greeting, and nothing else");
  assertLess(scene.bytesOut, RATIO_MAX * scene.bytesIn, `${scene.bytesOut} for ${scene.bytesIn}`);
});

Deno.test("R43 StashService sends no byte of a stash to an address that is not proven, whoever asks for it", async () => {
  await using scene = await Scene.open();
  const nextNs = () => scene.nextNs();
  await scene.say(await hello({ nextNs }, stranger, "http://10.9.9.9:7433"));
  const payload = {
    owner_id: stranger.id,
    nonce: new Uint8Array(24).fill(1),
    ciphertext: new Uint8Array(40_000).fill(2),
    ts: 1,
  };
  const draft = stashStore.draft(payload as never, { to: me.id });
  await scene.say(await signedFrame(draft, { from: stranger, spec: stashStore.spec, atNs: nextNs() }));
  [scene.bytesIn, scene.bytesOut] = [0, 0];
  for (let count = 0; count < 100; count++) {
    const refresh = {
      ...stashRefresh.draft({ owner_id: stranger.id } as never),
      to: count % 2 ? me.id : undefined,
    };
    for (const form of ["unsigned", "ours"] as const) {
      await scene.say(
        await signedFrame(refresh, { from: stranger, spec: stashRefresh.spec, atNs: nextNs(), form }),
      );
    }
    await scene.say(await hello({ nextNs }, stranger, `http://10.9.9.9:${8_000 + count}`));
    await scene.clock.advance(1_000);
  }
  await settled();
  assertEquals(scene.sent.filter(({ kind }) => kind.startsWith("stash")), []);
  assertLess(scene.bytesOut, RATIO_MAX * scene.bytesIn);
});

Deno.test("R43 StashService answers an owner's own requests a few times a minute, so that asking does not multiply", async () => {
  await using scene = await Scene.open();
  const nextNs = () => scene.nextNs();
  await scene.say(await hello({ nextNs }, stranger));
  const store = {
    owner_id: stranger.id,
    nonce: new Uint8Array(24).fill(1),
    ciphertext: new Uint8Array(40_000).fill(2),
    ts: 1,
  };
  const frame = await signedFrame(stashStore.draft(store as never, { to: me.id }), {
    from: stranger,
    spec: stashStore.spec,
    atNs: nextNs(),
  });
  await scene.say(frame);
  for (let count = 0; count < TIMES; count++) {
    const draft = stashRequest.draft({ owner_id: stranger.id } as never, { to: me.id });
    await scene.say(await signedFrame(draft, { from: stranger, spec: stashRequest.spec, atNs: nextNs() }));
  }
  assertLess(scene.bytesOut, RATIO_MAX * scene.bytesIn, `${scene.bytesOut} for ${scene.bytesIn}`);
});

Deno.test({
  name: "R43 an honest client is served beside a stranger who says every public kind again and again",
  ignore: lacking("net"),
  fn: async () => {
    await using runtime = await attackedNara(...builtInServices({ isNewborn: true }));
    await using honest = await HonestClient.of(runtime);
    const samples = samplesOf(runtime.catalog);
    let count = 0;
    const nextNs = () => systemClock.nowNs() - BigInt(++count);
    await runtime.receive(await hello({ nextNs }, stranger), "10.9.9.9:1");
    await honest.assertServedBeside(async () => {
      const { spec, payload } = samples[count % samples.length];
      const isMesh = spec.emit.transport.name === "mesh";
      const draft = { kind: spec.kind, payload: payload(stranger), ...isMesh && { to: runtime.me.id } };
      const frame = await signedFrame(draft, { from: stranger, spec, atNs: nextNs() });
      await runtime.receive(frame, "10.9.9.9:1");
    });
  },
});

Deno.test("R43 a newcomer in a crowd of strangers hears of neighbours all the same, and of all once its address is proven", async () => {
  await using scene = await Scene.open();
  const nextNs = () => scene.nextNs();
  for (let at = 0; at < TIMES; at++) await scene.say(await hello({ nextNs }, await naraNamed(`crowd ${at}`)));
  const newcomer = await naraNamed("newcomer");
  const greet = async () => {
    const { reply } = await scene.runtime.receive(await hello({ nextNs }, newcomer), "10.9.9.8:1");
    return (JSON.parse(new TextDecoder().decode(reply!)).payload as HowdyV1).neighbours.length;
  };
  const heard = [await greet(), await greet(), await greet()];
  assert(heard.some((neighbours) => neighbours > 0), `${heard}`);
  assert(Math.max(...heard) < HOWDY_NEIGHBOURS_MAX, "the crowd took what there was");
  scene.runtime.peers.prove(newcomer.id, "http://10.9.9.8:7433", newcomer.name);
  assertEquals(await greet(), HOWDY_NEIGHBOURS_MAX);
});
