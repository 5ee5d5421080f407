/**
 * R70: nobody takes the id, or the content key, of a message that is still to come.
 * @module
 */
import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../runtime/testing/seeded_random.ts";
import { encodeBase64 } from "../../utilities/base64.ts";
import { fact, letter, type Sample, saying, sighting } from "../helpers/all_kinds.ts";
import {
  alice,
  frameFrom,
  gopher,
  mallory,
  stranger,
  Target,
  tries,
  type Wire,
  wireOf,
} from "../helpers/hostile.ts";

const TRIES = tries(10_000);
/** What could be said before alice says it, while her message is known already: by who copies, bends or signs it anew. */
type Squat = (honest: Wire, random: SeededRandom) => Wire;

const noise = (random: SeededRandom) => encodeBase64(random.bytes(64));

const SQUATS: Readonly<Record<string, Squat>> = {
  "the very message, its signature made up": (honest, random) => ({
    ...honest,
    envelope_signature: noise(random),
  }),
  "the very message, Go's signature made up": ({ envelope_signature: _, ...honest }, random) => ({
    ...honest,
    signature: noise(random),
  }),
  "the very message without a signature": ({ envelope_signature: _, ...honest }) => honest,
  "its id on another payload": (honest, random) => ({ ...honest, payload: saying(noise(random)) }),
  "its id in another name": (honest) => ({ ...honest, from_id: mallory.id, from: mallory.name }),
  "its id in a stranger's name": (honest) => ({ ...honest, from_id: stranger.id }),
  "its id in nobody's name": (honest) => ({ ...honest, from_id: "" }),
  "its id at another time": (honest, random) => ({
    ...honest,
    timestamp: `2026-01-15T10:20:${String(Math.floor(random.next() * 30)).padStart(2, "0")}Z`,
  }),
  "its id for another kind": (honest) => ({
    ...honest,
    kind: honest.kind === fact.kind ? letter.kind : fact.kind,
  }),
};

const sampleOf = ({ samples }: Target, kind: string): Sample =>
  samples.find((each) => each.spec.kind === kind)!;

Deno.test(`Receiver handles every honest message, whatever ${TRIES} squatters said under its id before [R70]`, async () => {
  await using target = await Target.open();
  const random = new SeededRandom(70);
  const squats = Object.entries(SQUATS);
  const kinds = target.samples.filter(({ spec }) =>
    spec.kind.startsWith("sec:") && spec.receive.rateLimit.isNone
  );
  const perMessage = 50;
  for (let at = 0; at < TRIES / perMessage; at++) {
    const sample = kinds[at % kinds.length];
    if (sample.spec.receive.verify.isNone) continue; // What nobody signs, anybody may say first.
    const honest = await target.frameOf(sample, { from: alice });
    const { seen } = target.effects();
    for (let turn = 0; turn < perMessage; turn++) {
      const [what, squat] = squats[turn % squats.length];
      const { receipt } = await target.runtime.receive(
        frameFrom(squat(wireOf(honest), random)),
        "mock:squatter",
      );
      assertEquals(receipt.outcome === "handled", false, `${sample.spec.kind}: ${what}`);
    }
    const own = await signedUnder(`${wireOf(honest).id}`, await target.frameOf(sample, { from: mallory }));
    assertEquals(
      (await target.attempt(own)).dropped,
      ["wrong_id"],
      "its id on a message of the squatter's own",
    );
    assertEquals(target.effects().seen, seen, "a forgery was remembered");
    assertEquals((await target.runtime.receive(honest, "mock:alice")).receipt, { outcome: "handled" });
  }
});

/** Mallory's own message under another id, signed anew. */
async function signedUnder(id: string, frame: Uint8Array): Promise<Uint8Array> {
  const { envelope_signature: _, ...wire } = { ...wireOf(frame), id } as Wire;
  const content = new TextEncoder().encode(`nara:envelope:v1\n${JSON.stringify(wire)}`);
  return frameFrom({ ...wire, envelope_signature: encodeBase64(await mallory.keypair.sign(content)) });
}

Deno.test("Receiver handles a fact whatever others claimed under its content key before [R70]", async () => {
  await using target = await Target.open();
  const sample = sampleOf(target, sighting.kind);
  for (let at = 0; at < 200; at++) {
    const truth = { payload: saying(`truth ${at}`) };
    const lies = [{ from: mallory, form: "ours" }, { from: mallory, form: "both" }, {
      from: gopher,
      form: "go",
    }] as const;
    for (const { from, form } of lies) {
      // Signed with the key of another fact, by who may say what it likes in its own name.
      const lie = await lieUnderKeyOf(target, {
        sample,
        key: `saw:truth ${at}`,
        says: `lie ${at} ${form}`,
        from,
        form,
      });
      await target.runtime.receive(lie, "mock:liar");
    }
    const before = target.service.handled.length;
    const { receipt } = await target.runtime.receive(
      await target.frameOf(sample, { from: alice, draft: truth }),
      "mock:alice",
    );
    assertEquals(receipt, { outcome: "handled" });
    const [message] = target.service.handled.slice(before);
    assertEquals([message.fromId, message.contentKey], [alice.id, `saw:truth ${at}`]);
  }
  for (const { contentKey, payload } of target.service.handled) {
    assertEquals(
      contentKey,
      `saw:${(payload as { text: string }).text}`,
      "a key that does not follow from its payload",
    );
  }
});

interface Lie {
  readonly sample: Sample;
  readonly key: string;
  readonly says: string;
  readonly from: typeof mallory;
  readonly form: "ours" | "both" | "go";
}

function lieUnderKeyOf(target: Target, { sample, key, says, from, form }: Lie): Promise<Uint8Array> {
  const lying: Sample = { ...sample, spec: { ...sample.spec, contentKey: () => key } };
  return target.frameOf(lying, { from, form, draft: { payload: saying(says) } });
}
