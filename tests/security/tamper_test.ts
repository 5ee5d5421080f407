/**
 * R62: nobody on the way changes a message: every field of every kind, with the signatures kept.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { FrameForm } from "../../runtime/testing/frames.ts";
import type { Identity } from "../../utilities/identity.ts";
import type { Sample } from "../helpers/all_kinds.ts";
import { alice, type Attempt, ENTRY_POINTS, gopher, Target, wireOf } from "../helpers/hostile.ts";
import { lacking } from "../helpers/permissions.ts";
import { type Tampered, tamperings } from "../helpers/tamper.ts";

/** Every reason for which a changed message may be dropped. None of them stops a nara. */
const REASONS = new Set([
  "downgraded",
  "from_future",
  "invalid_signature",
  "key_conflict",
  "not_for_me",
  "stale",
  "unauthorized",
  "undecodable",
  "unknown_kind",
  "unknown_sender",
  "unsupported_version",
  "weak_public_key",
  "wrong_content_key",
  "wrong_id",
]);

/** What Go's signature leaves out. Who changes it changes a label, on whose strength nothing is ever done. */
const LABELS = new Set(["content_key", "version", "from", "to", "in_reply_to"]);
const ENVELOPE = new Set([
  ...LABELS,
  "id",
  "kind",
  "from_id",
  "to_id",
  "timestamp",
  "payload",
  "signature",
  "envelope_signature",
]);

/** Whether a signature of this form covers the field that was changed. */
function isCovered({ field, what }: Tampered, form: FrameForm, sample: Sample): boolean {
  if (form === "go") return ENVELOPE.has(field) && !LABELS.has(field);
  // Go's signature is none of our business where there is a better one.
  if (form === "both" && field === "signature") return false;
  // What others passed on may have lost its envelope signature to a nara of Go's.
  const isLost = field === "envelope_signature" && /(empty|removed|called .*)$/.test(what);
  return !(form === "both" && isLost && sample.spec.emit.gossip.isNone !== true);
}

/** Where nobody looks at a signature, there is none to keep. */
function isVerified({ spec }: Sample, { what, field }: Tampered, form: FrameForm): boolean {
  if (spec.receive.verify.isNone) return false;
  const signature = form === "go" ? "signature" : "envelope_signature";
  const isLost = field === signature && /(empty|removed|called .*)$/.test(what);
  return !(spec.receive.verify.name === "verify_if_signed" && isLost && form === "go");
}

interface Trial {
  readonly form: FrameForm;
  readonly from: Identity;
  /** Every how many changes are tried. */
  readonly stride?: number;
}

async function tryAll(target: Target, sample: Sample, { form, from, stride = 1 }: Trial): Promise<number> {
  const frame = await target.frameOf(sample, { from, form });
  const covered = tamperings(frame).filter((each) =>
    isVerified(sample, each, form) && isCovered(each, form, sample)
  );
  // One door gets them all. Behind the others lies the same pipeline: each kind gets a part there, and no two the same.
  const offset = target.samples.indexOf(sample);
  const tampered = covered.filter((_, at) => (at + offset) % stride === 0);
  for (const each of tampered) {
    const what = `${sample.spec.kind} v${sample.version} (${form}): ${each.what}`;
    assertRefused(await target.attempt(each.frame), what);
  }
  return tampered.length;
}

function assertRefused({ receipt, entered, dropped, changed }: Attempt, what: string): void {
  assertEquals(changed, [], what);
  if (entered === 0) { // Refused at the door, unread: only where the envelope signature is what was taken away.
    assert(
      receipt?.outcome === "drop" && receipt.reason === "unauthorized" && what.includes("signature"),
      what,
    );
    return;
  }
  assertEquals([entered, dropped.length], [1, 1], what);
  assert(REASONS.has(dropped[0]), `${what}: ${dropped[0]}`);
  if (receipt) assert("reason" in receipt && receipt.reason === dropped[0], what);
}

for (const entry of ENTRY_POINTS) {
  Deno.test({
    name: `Receiver takes no kind with any field changed, over ${entry.name} [R62]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      const stride = entry === ENTRY_POINTS[0] ? 1 : 5;
      for (const sample of target.samples) {
        const count = await tryAll(target, sample, { form: "ours", from: alice, stride });
        if (!sample.spec.receive.verify.isNone) assert(count > 90 / stride, `${sample.spec.kind}: ${count}`);
      }
      assertStillListening(await target.attempt(await target.frameOf(target.samples[0], { from: alice })));
    },
  });
}

for (const [form, from] of [["both", alice], ["go", gopher]] as const) {
  Deno.test(`Receiver takes no kind with any covered field changed that bears Go's signature (${form}) [R62]`, async () => {
    await using target = await Target.open();
    for (const sample of target.samples) await tryAll(target, sample, { form, from });
    assertStillListening(await target.attempt(await target.frameOf(target.samples[0], { from, form })));
  });
}

Deno.test("Receiver takes from Go's message with a changed label what its signature covers, and learns no label [R62]", async () => {
  await using target = await Target.open();
  const { peers, keyring, calls } = target.runtime;
  const name = [...keyring.pins()].find(({ id }) => id === gopher.id)?.name;
  for (const sample of target.samples.filter(({ spec }) => spec.receive.rateLimit.isNone)) {
    const count = labelsOf(await target.frameOf(sample, { from: gopher, form: "go" })).length;
    for (let at = target.samples.indexOf(sample) % 5; at < count; at += 5) { // Each on a message of its own: the id stays, and would be a duplicate.
      const heard = target.heard.length;
      await target.attempt(labelsOf(await target.frameOf(sample, { from: gopher, form: "go" }))[at].frame);
      for (const { payload, fromId, proof } of target.heard.slice(heard)) {
        const expected = sample.spec.receive.verify.isNone ? "none" : "signature";
        assertEquals([fromId, proof, payload], [gopher.id, expected, sample.payload(gopher)]);
      }
    }
  }
  const { name: now } = [...keyring.pins()].find(({ id }) => id === gopher.id)!;
  assertEquals([now, peers.nameOf(gopher.id), calls.size], [name, undefined, 0]);
});

function labelsOf(frame: Uint8Array): Tampered[] {
  return tamperings(frame).filter(({ field }) => LABELS.has(field));
}

Deno.test("tamperings() changes every field of the envelope and every leaf of the payload, each several times [R62]", async () => {
  await using target = await Target.open();
  for (const sample of target.samples) {
    const frame = await target.frameOf(sample, { from: alice, form: "both" });
    const wire = wireOf(frame);
    const done = tamperings(frame);
    for (const field of Object.keys(wire)) {
      assert(done.filter((each) => each.field === field).length >= 8, field);
    }
    const texts = new Set(done.map((each) => new TextDecoder().decode(each.frame)));
    assertEquals([texts.size, texts.has(JSON.stringify(wire))], [done.length, false]);
  }
});

function assertStillListening({ dropped, changed }: Attempt): void {
  assertEquals(dropped, []);
  assert(changed.some((name) => name.startsWith("accepted")));
}
