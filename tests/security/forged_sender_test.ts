/**
 * R61: whoever speaks in another's name is not heard, whatever the kind and whichever way it gets in.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { FrameForm } from "../../runtime/testing/frames.ts";
import type { Identity } from "../../utilities/identity.ts";
import type { Sample } from "../helpers/all_kinds.ts";
import {
  alice,
  type Attempt,
  ENTRY_POINTS,
  frameFrom,
  gopher,
  mallory,
  stranger,
  Target,
  wireOf,
} from "../helpers/hostile.ts";
import { lacking } from "../helpers/permissions.ts";

/**
 * What becomes of a forgery: a reason to drop it; `unproven`, where a kind takes what nobody signed, and only as that;
 * `relayed`, where Go's signature alone counts, and only for what it covers.
 */
type Verdict = string | "unproven" | "relayed" | undefined;

interface Forgery {
  readonly what: string;
  /** Makes the frame. */
  readonly forge: (target: Target, sample: Sample) => Promise<Uint8Array>;
  /** What becomes of it, by the stage that verifies; `undefined` where it is no forgery for that kind. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
  /** The same where others may have passed the message on. */
  readonly relayed?: Readonly<Record<string, Verdict>>;
}

/** `who`, in the name of `claimed`. */
const as = (who: Identity, claimed: Identity): Identity => ({ ...who, id: claimed.id, name: claimed.name });

const all = (verdict: Verdict, others: Readonly<Record<string, Verdict>> = {}) => {
  const verdicts = {
    verify: verdict,
    self_attesting: verdict,
    verify_if_signed: verdict,
    custom_verify: verdict,
    none: "unproven",
    ...others,
  };
  return { ...verdicts, succession: verdicts.self_attesting }; // It shows a key as well, with a history.
};

const FORMS: readonly FrameForm[] = ["ours", "go", "both"];

const FORGERIES: readonly Forgery[] = [
  ...FORMS.map((form): Forgery => ({
    what: `another key signs as alice (${form})`,
    forge: (target, sample) => target.frameOf(sample, { from: as(mallory, alice), shown: alice, form }),
    verdicts: all(form === "go" ? "downgraded" : "invalid_signature"),
    relayed: all("invalid_signature"),
  })),
  ...FORMS.map((form): Forgery => ({
    what: `another key signs as a nara of Go's (${form})`,
    forge: (target, sample) => target.frameOf(sample, { from: as(mallory, gopher), shown: gopher, form }),
    verdicts: all("invalid_signature"),
  })),
  ...FORMS.map((form): Forgery => ({
    what: `another key signs as alice and shows itself (${form})`,
    forge: (target, sample) => target.frameOf(sample, { from: as(mallory, alice), form }),
    verdicts: all(form === "go" ? "downgraded" : "invalid_signature", {
      self_attesting: form === "go" ? "downgraded" : "key_conflict",
    }),
    relayed: all("invalid_signature", { self_attesting: "key_conflict" }),
  })),
  {
    what: "an unknown key",
    forge: (target, sample) => target.frameOf(sample, { from: stranger, shown: alice }),
    verdicts: all("unknown_sender", { self_attesting: "invalid_signature" }),
  },
  {
    what: "an unknown key signs as alice",
    forge: (target, sample) => target.frameOf(sample, { from: as(stranger, alice), shown: alice }),
    verdicts: all("invalid_signature"),
  },
  {
    what: "a known key signs as nobody",
    forge: (target, sample) => target.frameOf(sample, { from: { ...mallory, id: "" } }),
    verdicts: all("unknown_sender"),
  },
  {
    what: "nobody signs as alice",
    forge: (target, sample) => target.frameOf(sample, { from: alice, form: "unsigned" }),
    verdicts: all("downgraded"),
    relayed: all("invalid_signature"),
  },
  {
    what: "nobody signs as a nara of Go's",
    forge: (target, sample) => target.frameOf(sample, { from: gopher, form: "unsigned" }),
    verdicts: all("invalid_signature", { verify_if_signed: "unproven" }),
  },
  {
    what: "nobody signs as a stranger",
    forge: (target, sample) => target.frameOf(sample, { from: stranger, form: "unsigned" }),
    verdicts: all("unknown_sender", { self_attesting: "invalid_signature", verify_if_signed: "unproven" }),
  },
  {
    what: "alice's signatures of another message",
    forge: async (target, sample) => {
      const { signature, envelope_signature } = wireOf(
        await target.frameOf(sample, { from: alice, form: "both" }),
      );
      const other = await target.frameOf(sample, { from: alice, form: "both" });
      return frameFrom({ ...wireOf(other), signature, envelope_signature });
    },
    verdicts: all("invalid_signature"),
  },
  {
    what: "alice's two signatures, each in place of the other",
    forge: async (target, sample) => {
      const wire = wireOf(await target.frameOf(sample, { from: alice, form: "both" }));
      return frameFrom({ ...wire, signature: wire.envelope_signature, envelope_signature: wire.signature });
    },
    verdicts: all("invalid_signature"),
  },
  {
    what: "the envelope signature of a nara of Go's in place of Go's",
    forge: async (target, sample) => {
      const { envelope_signature: signature, ...wire } = wireOf(
        await target.frameOf(sample, { from: gopher }),
      );
      return frameFrom({ ...wire, signature });
    },
    verdicts: all("invalid_signature"),
  },
  {
    what: "mallory's own message, its sender changed to alice",
    forge: async (target, sample) =>
      frameFrom({
        ...wireOf(await target.frameOf(sample, { from: mallory })),
        from_id: alice.id,
        from: alice.name,
      }),
    verdicts: all("wrong_id", { none: "wrong_id" }),
  },
  {
    what: "Go's signature alone, by a peer known as ours",
    forge: (target, sample) => target.frameOf(sample, { from: alice, form: "go" }),
    verdicts: all("downgraded"),
    relayed: all("relayed"),
  },
  ...["A".repeat(86) + "==", "A".repeat(84), "AAAA"].map((envelope_signature): Forgery => ({
    what: `a made-up signature of ${envelope_signature.length} characters`,
    forge: async (target, sample) =>
      frameFrom({ ...wireOf(await target.frameOf(sample, { from: alice })), envelope_signature }),
    verdicts: all("invalid_signature"),
  })),
];

function verdictOf({ what, verdicts, relayed }: Forgery, { spec }: Sample): Verdict {
  const isRelayed = spec.emit.gossip.isNone !== true;
  const table = isRelayed ? relayed ?? verdicts : verdicts;
  const stage = spec.receive.verify.isNone ? "none" : spec.receive.verify.name;
  assert(stage in table, `say what the stage "${stage}" of ${spec.kind} makes of: ${what}`);
  return table[stage];
}

/** Whether the port refuses a frame unread: without headers it has to bear an envelope signature. */
function isRefusedAtTheDoor({ receipt }: Attempt, frame: Uint8Array, entry: string): boolean {
  const isRefused = receipt?.outcome === "drop" && receipt.reason === "unauthorized";
  const isBare = !wireOf(frame).envelope_signature;
  if (entry === "POST /mesh/message") assertEquals(isRefused, isBare, "what the door does");
  if (isRefused) {
    assertEquals(entry, "POST /mesh/message", "a request with good headers was refused");
    assert(isBare, "a frame that might prove itself was refused unread");
  }
  return isRefused;
}

async function tryForgery(target: Target, forgery: Forgery, sample: Sample, entry: string): Promise<void> {
  const verdict = verdictOf(forgery, sample);
  if (verdict === undefined) return;
  const frame = await forgery.forge(target, sample);
  const heard = target.heard.length;
  const knownBefore = knowledge(target);
  const attempt = await target.attempt(frame);
  const what = `${sample.spec.kind}, ${forgery.what}, over ${entry}`;
  if (isRefusedAtTheDoor(attempt, frame, entry)) {
    return assertEquals([attempt.entered, attempt.changed], [0, []], what);
  }
  assertEquals(attempt.entered, 1, what);
  if (verdict === "unproven" || verdict === "relayed") {
    assertEquals(attempt.dropped, [], what);
    const [message, ...more] = target.heard.slice(heard);
    const { proof, from, to, inReplyTo } = message;
    assertEquals([proof, more], [verdict === "unproven" ? "none" : "signature", []], what);
    if (verdict === "relayed") assertEquals([from, to, inReplyTo], [undefined, undefined, undefined], what);
    else assertEquals(knowledge(target), knownBefore, what);
    return;
  }
  assertEquals(attempt.dropped, [verdict], what);
  assertEquals(attempt.changed, [], what);
  if (attempt.receipt) assertEquals(attempt.receipt, { outcome: "drop", reason: verdict }, what);
}

/** What is known of others: nothing unproven may change it. */
function knowledge(target: Target): unknown {
  const { pins, peers, calls, ledger, gossip } = target.effects();
  return { pins, peers, calls, ledger, gossip };
}

for (const entry of ENTRY_POINTS) {
  Deno.test({
    name: `Receiver takes every kind from whoever signed it, over ${entry.name} [R61]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      for (const sample of target.samples) {
        for (
          const [form, from] of [["ours", alice], ["both", mallory], ["go", gopher]] as const
        ) {
          const frame = await target.frameOf(sample, { from, form });
          const attempt = await target.attempt(frame);
          const what = `${sample.spec.kind} v${sample.version} (${form}): ${JSON.stringify(attempt)}`;
          if (isRefusedAtTheDoor(attempt, frame, entry.name)) continue;
          assertEquals([attempt.entered, attempt.dropped], [1, []], what);
          assert(attempt.changed.includes("told to subscribers"), what);
        }
      }
    },
  });

  Deno.test({
    name: `Receiver takes no kind from a forged sender, over ${entry.name} [R61]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      for (const sample of target.samples) {
        for (const forgery of FORGERIES) await tryForgery(target, forgery, sample, entry.name);
      }
      assertEquals(target.runtime.keyring.get(stranger.id), undefined);
    },
  });
}

Deno.test("Receiver knows no local kind from outside, whoever signs it [R61]", async () => {
  await using target = await Target.open();
  const local = target.runtime.catalog.all().filter(({ spec }) => spec.template === "local");
  assert(local.length >= 3);
  const [sample] = target.samples;
  for (const { spec: { kind } } of local) {
    for (const from of [alice, gopher, stranger]) {
      const frame = frameFrom({ ...wireOf(await target.frameOf(sample, { from, form: "both" })), kind });
      const { dropped, changed } = await target.attempt(frame);
      assertEquals([dropped, changed], [["unknown_kind"], []], kind);
    }
  }
});
