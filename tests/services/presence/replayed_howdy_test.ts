/**
 * An address is proven by an answer to a greeting of this very moment: none that was said before, elsewhere, or to somebody else.
 * @module
 */
import { assertEquals } from "@std/assert";
import { decodeEnvelope } from "../../../messages/envelope.ts";
import { createRuntime } from "../../../runtime/runtime.ts";
import { type FrameForm, signedFrame } from "../../../runtime/testing/frames.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import type { MeshFactory } from "../../../runtime/transport/mesh.ts";
import { howdy } from "../../../services/presence/behaviors.ts";
import { PresenceService } from "../../../services/presence/service.ts";
import { assertBalanced } from "../../helpers/books.ts";
import { alice, me } from "../../helpers/stage_context.ts";

const THIEF = "place:thief";

/** What alice once said, as somebody at {@linkcode THIEF} gives it for an answer. */
interface Howdy {
  readonly to?: string;
  readonly mesh_url?: string;
  readonly form?: FrameForm;
  /** What it answers; that very greeting, if left out. */
  readonly inReplyTo?: string;
  /** Changes it once it is signed. */
  readonly spoil?: (wire: Record<string, unknown>, greeting: string) => void;
}

/** Greets the thief; resolves with where alice is taken to be. */
async function greetThief(said: Howdy): Promise<string | undefined> {
  const clock = new VirtualClock();
  const mesh: MeshFactory = () => {
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    return {
      name: "thief",
      features: { frameBytesMax: 1_000_000 },
      address: "place:me",
      inbound: new ReadableStream({ start: (inbox) => void left.then(() => inbox.close()) }),
      send: () => Promise.resolve({ receipt: { outcome: "handled" } }),
      sendToAddress: async (frame) => {
        const { id } = decodeEnvelope(frame);
        return { receipt: { outcome: "handled" }, reply: await replyTo(id, clock, said), peer: THIEF };
      },
      [Symbol.asyncDispose]: () => Promise.resolve(leave()),
    };
  };
  const presence = new PresenceService({ isPersistent: false });
  const runtime = await createRuntime({
    identity: me,
    clock,
    random: new SeededRandom(1),
    services: [presence],
    mesh,
    mayDial: (address) => address === THIEF,
  });
  await runtime.start();
  const greeting = presence.greet(THIEF);
  await clock.advance(6_000);
  await greeting;
  const address = runtime.peers.addressOf(alice.id);
  await runtime.stop();
  assertBalanced(runtime);
  return address;
}

async function replyTo(greeting: string, clock: VirtualClock, said: Howdy): Promise<Uint8Array> {
  const { to = me.id, mesh_url = THIEF, form = "ours", inReplyTo = greeting, spoil } = said;
  const payload = { public_key: alice.keypair.publicKey, started_at: 7, neighbours: [], mesh_url };
  const draft = {
    ...howdy.draft({ ...payload, ...mesh_url === "" && { mesh_url: undefined } }, { to }),
    inReplyTo,
  };
  const frame = await signedFrame(draft, { from: alice, spec: howdy.spec, atNs: clock.nowNs(), form });
  if (!spoil) return frame;
  const wire = JSON.parse(new TextDecoder().decode(frame));
  spoil(wire, greeting);
  return new TextEncoder().encode(JSON.stringify(wire));
}

Deno.test("PresenceService takes alice to be where she answered this greeting", async () => {
  assertEquals(await greetThief({}), THIEF);
});

const CASES: Readonly<Record<string, Howdy>> = {
  "that answered another greeting": { inReplyTo: "0123456789abcdef" },
  "that answered another greeting, its link changed": {
    inReplyTo: "0123456789abcdef",
    spoil: (wire, greeting) => wire.in_reply_to = greeting,
  },
  "whose link only Go's signature could cover, which it does not": { form: "go" },
  "whose link was changed under Go's signature": {
    form: "both",
    inReplyTo: "0123456789abcdef",
    spoil: (wire, greeting) => {
      wire.in_reply_to = greeting;
      delete wire.envelope_signature;
    },
  },
  "that was for somebody else": { to: "somebodyElse" },
  "that names another place": { mesh_url: "place:alice" },
  "that names no place": { mesh_url: "" },
};

for (const [what, said] of Object.entries(CASES)) {
  Deno.test(`PresenceService takes alice to be nowhere on the strength of a howdy ${what}`, async () => {
    assertEquals(await greetThief(said), undefined);
  });
}
