import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Behavior } from "../../../runtime/behavior.ts";
import { type BadLine, importLines, type ImportTotals } from "../../../runtime/ledger/ledger_import.ts";
import { exportLines } from "../../../runtime/ledger/ledger_lines.ts";
import { type Ledger, LedgerError } from "../../../runtime/ledger/ledger.ts";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import { contentKeyDedupe } from "../../../runtime/stages/dedupe.ts";
import { store } from "../../../runtime/stages/store.ts";
import { selfAttesting, verifyIfSigned } from "../../../runtime/stages/verify.ts";
import { storedEvent } from "../../../runtime/templates.ts";
import { type FrameForm, signedFrame } from "../../../runtime/testing/frames.ts";
import { assertLedgerError, idsIn } from "../../../runtime/testing/ledger_records.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import type { Identity } from "../../../utilities/identity.ts";
import { Keyring } from "../../../utilities/keyring.ts";
import { MessageError } from "../../../messages/message_error.ts";
import { note, type TextBehavior, textSchema } from "../../helpers/kinds.ts";
import { altered } from "../../helpers/mock.ts";
import { alice, mallory, me, naraNamed } from "../../helpers/stage_context.ts";

const event: TextBehavior = storedEvent("test:event", "Something happened", 2).withVersion(1, textSchema);
const fact: TextBehavior = storedEvent("test:fact", "Something is so", 0).withVersion(1, textSchema)
  .withContentKey(({ text }) => text).with({ receive: { dedupe: contentKeyDedupe() } });
const letter: TextBehavior = note.with({ emit: { store: store(1) }, receive: { store: store(3) } });
const hello: TextBehavior = event.with({
  receive: { verify: selfAttesting(() => mallory.keypair.publicKey) },
});
const bob = await naraNamed("bob");

const MONTH_NS = 30n * 86_400_000_000_000n;
let stamp = 0n;

/** What `from` said a month ago. */
async function said(
  behavior: TextBehavior,
  text: string,
  { from = alice, to, form = "ours" }: { from?: Identity; to?: string; form?: FrameForm } = {},
): Promise<Uint8Array> {
  const atNs = new VirtualClock().nowNs() - MONTH_NS + 1_000_000n * stamp++;
  return await signedFrame(behavior.draft({ text }, { to }), { from, form, spec: behavior.spec, atNs });
}

interface Imported extends ImportTotals {
  readonly lines: BadLine[];
}

/** A nara called me that knows alice and bob, and speaks these kinds. */
function naraThatSpeaks(...kinds: Behavior[]) {
  const keyring = new Keyring();
  for (const { id, keypair } of [me, alice, bob]) keyring.pin(id, keypair.publicKey);
  const registry = {
    forReceived(kind: string, version: number) {
      const found = kinds.find((each) => each.kind === kind);
      if (found?.spec.schemas.has(version)) return { spec: found.spec } as never;
      throw new MessageError(found ? "unsupported_version" : "unknown_kind", `no ${kind} v${version}`);
    },
  };
  const parts = { keyring, registry, me: { ...me, publicKey: me.keypair.publicKey }, keypair: me.keypair };
  const more = { personality: me.personality, clock: new VirtualClock(), random: new SeededRandom(1) };
  return {
    keyring,
    import: async (ledger: Ledger, ...lines: (string | Uint8Array)[]): Promise<Imported> => {
      const bad: BadLine[] = [];
      const text = lines.flatMap((
        line,
      ) => [typeof line === "string" ? new TextEncoder().encode(line) : line, newline]);
      const onBad = (each: BadLine) => void bad.push(each);
      const totals = await importLines(ReadableStream.from(text), { ...parts, ...more, ledger, onBad });
      return { ...totals, lines: bad };
    },
  };
}

const newline = new Uint8Array([10]);

Deno.test("importLines() brings back what exportLines() wrote, old as it is, and once", async () => {
  const nara = naraThatSpeaks(event, fact, letter);
  const [first, second] = [new MemoryLedger(), new MemoryLedger()];
  const lines = [
    await said(event, "one"),
    await said(event, "two", { from: bob, form: "go" }),
    await said(fact, "sky is blue", { form: "both" }),
    await said(letter, "to me", { to: me.id }),
    await said(letter, "from me", { from: me, to: bob.id }),
  ];
  assertEquals(await nara.import(first, ...lines), { added: 5, known: 0, bad: 0, lines: [] });
  assertEquals(first.stats().byPriority, [1, 1, 2, 1, 0]);
  const text = await new Response(exportLines(first)).bytes();
  assertEquals(await nara.import(second, text), { added: 5, known: 0, bad: 0, lines: [] });
  assertEquals(second.query().records, first.query().records);
  assertEquals(second.observers("sky is blue"), first.observers("sky is blue"));
  assertEquals([first.observers("sky is blue").length, second.hasContentKey("sky is blue")], [1, true]);
  assertEquals(await nara.import(second, text), { added: 0, known: 5, bad: 0, lines: [] });
  assertEquals(second.count(), 5);
});

Deno.test("importLines() counts whoever tells a known fact as an observer, and a line that comes twice once", async () => {
  const nara = naraThatSpeaks(fact, event);
  const ledger = new MemoryLedger();
  const [ours, theirs, other] = [
    await said(fact, "sea"),
    await said(fact, "sea", { from: bob }),
    await said(event, "x"),
  ];
  assertEquals(await nara.import(ledger, ours, theirs, other, other, theirs), {
    added: 2,
    known: 3,
    bad: 0,
    lines: [],
  });
  assertEquals(ledger.observers("sea").map(({ fromId }) => fromId), [alice.id, bob.id]);
});

Deno.test("importLines() reports each bad line by number and reason, and keeps the good ones", async () => {
  const nara = naraThatSpeaks(event, fact, letter, note.with({}));
  const ledger = new MemoryLedger();
  const good = await said(event, "good");
  const spoiled = (members: Record<string, unknown>) => altered(good, members);
  const cases: [line: string | Uint8Array, reason: string][] = [
    ["no JSON at all", "undecodable"],
    [new Uint8Array([0xff, 0xfe, 0x7b]), "undecodable"],
    [good.subarray(0, good.length - 20), "undecodable"],
    ["[]", "undecodable"],
    ["x".repeat(1_048_577), "too_large"],
    [spoiled({ kind: "test:strange" }), "unknown_kind"],
    [spoiled({ version: 2 }), "unsupported_version"],
    [spoiled({ payload: { text: 5 } }), "undecodable"],
    [spoiled({ payload: { text: "other" } }), "wrong_id"],
    [spoiled({ from_id: bob.id }), "wrong_id"],
    [spoiled({ id: "1111111111111111" }), "wrong_id"],
    [spoiled({ from: "somebody else" }), "invalid_signature"],
    [spoiled({ envelope_signature: undefined }), "unsigned"],
    [await said(event, "a stranger", { from: mallory }), "unknown_sender"],
    [
      await said(event, "in alice's name", { from: { ...mallory, id: alice.id } as Identity }),
      "invalid_signature",
    ],
    [await said(event, "signed by nobody", { form: "unsigned" }), "unsigned"],
    [await said(letter, "to bob", { to: bob.id }), "not_for_me"],
    [await said(fact.withContentKey(() => "another"), "key"), "wrong_content_key"],
  ];
  const { lines, ...totals } = await nara.import(
    ledger,
    good,
    ...cases.map(([line]) => line),
    await said(event, "last"),
  );
  assertEquals(
    lines.map(({ line, reason }) => [line, reason]),
    cases.map(([, reason], nth) => [nth + 2, reason]),
  );
  assertEquals(totals, { added: 2, known: 0, bad: cases.length });
  assertEquals([ledger.count(), nara.keyring.get(mallory.id)], [2, undefined]);
  assert(lines.find(({ reason }) => reason === "unknown_kind")!.detail!.length > 0);
});

Deno.test("importLines() refuses what the nara does not store, as it was said or as it was heard", async () => {
  const heard = note.with({ receive: { store: store(1) } });
  const nara = naraThatSpeaks(heard);
  const lines = [
    await said(heard, "heard", { to: me.id }),
    await said(heard, "said", { from: me, to: bob.id }),
  ];
  const { added, lines: bad } = await nara.import(new MemoryLedger(), ...lines);
  assertEquals([added, bad.map(({ line, reason }) => [line, reason])], [1, [[2, "not_stored"]]]);
});

Deno.test("importLines() pins no key and marks nobody as ours, whatever a line shows", async () => {
  const nara = naraThatSpeaks(hello);
  const ledger = new MemoryLedger();
  const stranger = await said(hello, "I am new", { from: mallory });
  const impostor = await said(hello, "I am alice", { from: { ...mallory, id: alice.id } as Identity });
  const { lines } = await nara.import(ledger, stranger, impostor);
  assertEquals(lines.map(({ reason }) => reason), ["unknown_sender", "key_conflict"]);
  assertEquals([ledger.count(), nara.keyring.size, nara.keyring.isOurs(alice.id)], [0, 3, false]);
  nara.keyring.pin(mallory.id, mallory.keypair.publicKey);
  assertEquals(await nara.import(ledger, stranger), { added: 1, known: 0, bad: 0, lines: [] });
  assertEquals(nara.keyring.isOurs(mallory.id), false);
});

Deno.test("importLines() refuses a message without its envelope signature from a nara of ours, as the pipeline does", async () => {
  const direct = event.with({ emit: { gossip: note.spec.emit.gossip } });
  const nara = naraThatSpeaks(direct);
  nara.keyring.markOurs(alice.id);
  const { lines } = await nara.import(new MemoryLedger(), await said(direct, "old form", { form: "go" }));
  assertEquals(lines, [{ line: 1, reason: "downgraded" }]);
});

Deno.test("importLines() refuses what is unsigned also where the pipeline would let it through", async () => {
  const lax = event.with({ receive: { verify: verifyIfSigned() } });
  const { lines } = await naraThatSpeaks(lax).import(
    new MemoryLedger(),
    await said(lax, "x", { form: "unsigned" }),
  );
  assertEquals(lines.map(({ reason }) => reason), ["unsigned"]);
});

Deno.test("importLines() reports what a ledger has no room for, and goes on", async () => {
  const nara = naraThatSpeaks(event, fact);
  const ledger = new MemoryLedger({ messagesMax: 4 });
  const facts = [await said(fact, "a"), await said(fact, "b"), await said(fact, "c", { from: bob })];
  const { lines, ...totals } = await nara.import(ledger, ...facts, await said(event, "x"));
  assertEquals([totals, lines.map(({ line, reason }) => [line, reason])], [
    { added: 3, known: 0, bad: 1 },
    [[2, "ledger_full"]],
  ]);
});

Deno.test("importLines() keeps the order of lines, over many batches", async () => {
  const nara = naraThatSpeaks(event);
  const ledger = new MemoryLedger();
  const reader = ledger.watch().getReader();
  const frames = await Promise.all(Array.from({ length: 600 }, (_, nth) => said(event, `${nth}`)));
  const { added } = await nara.import(ledger, ...frames);
  assertEquals(added, 600);
  for (const frame of frames) assertEquals((await reader.read()).value?.frame, frame);
  await reader.cancel();
});

Deno.test("importLines() ends when the ledger itself fails; what was committed before stays", async () => {
  const nara = naraThatSpeaks(event);
  const broken = new MemoryLedger();
  let left = 300;
  const add = broken.add.bind(broken);
  broken.add = (record, options) => {
    if (left-- > 0) return add(record, options);
    throw new LedgerError("disk_full", "no space");
  };
  const frames = await Promise.all(Array.from({ length: 400 }, (_, nth) => said(event, `${nth}`)));
  await assertLedgerError(() => nara.import(broken, ...frames), "disk_full");
  assertEquals(idsIn(broken, { limit: 1_000 }).split(" ").length, 300);
});

Deno.test("importLines() ends by its signal", async () => {
  const reason = new Error("enough");
  const options = { ledger: new MemoryLedger(), signal: AbortSignal.abort(reason) } as never;
  const parts = { clock: new VirtualClock(), random: new SeededRandom(1), keyring: new Keyring() };
  const lines = ReadableStream.from([new TextEncoder().encode("{}\n")]);
  await assertRejects(() => importLines(lines, Object.assign(options, parts)), Error, "enough");
});
