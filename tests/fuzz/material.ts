/**
 * What the envelope fuzzer starts from: a frame of every version of every kind, in every form, and the corpus.
 * @module
 */
import { createRuntime } from "../../runtime/runtime.ts";
import { type FrameForm, signedFrame } from "../../runtime/testing/frames.ts";
import { allServices, samplesOf } from "../helpers/all_kinds.ts";
import { alice, mallory } from "../helpers/stage_context.ts";
import { corpusOf } from "./corpus.ts";
import type { Material } from "./envelope_fuzz.ts";

const FORMS: readonly FrameForm[] = ["ours", "go", "both", "unsigned"];
const AT_NS = 1_795_000_000_123_456_789n;

/** The same every time: what an input is follows from its seed and its number. */
export async function envelopeMaterial(): Promise<Material> {
  await using runtime = await createRuntime({ identity: mallory, services: allServices() });
  const frames: Uint8Array[] = [];
  for (const sample of samplesOf(runtime.catalog)) {
    const { spec, version } = sample;
    for (const form of FORMS) {
      const draft = {
        kind: spec.kind,
        version,
        payload: sample.payload(alice),
        to: mallory.id,
        toName: "mallory",
        inReplyTo: "2222222222222222",
      };
      frames.push(await signedFrame(draft, { from: alice, form, spec, atNs: AT_NS }));
    }
  }
  const kept = [...corpusOf("envelope"), ...corpusOf("parser")].map(({ bytes }) => bytes);
  return { frames, kept, specs: runtime.catalog.all().map(({ spec }) => spec) };
}
