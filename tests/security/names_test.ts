/**
 * R55: names, kinds and ids are what their grammar says, wherever they come from, and never a part of a topic or a path.
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { readName } from "../../runtime/process/setting_values.ts";
import { heyThere } from "../../services/presence/behaviors.ts";
import { createIdentity } from "../../utilities/identity.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import { isId, isKind, isNaraName } from "../../utilities/names.ts";
import { letter, type Sample } from "../helpers/all_kinds.ts";
import { alice, ENTRY_POINTS, frameFrom, newRemains, stranger, Target, wireOf } from "../helpers/hostile.ts";
import { HOSTILE_TEXTS } from "../helpers/hostile_values.ts";
import { lacking } from "../helpers/permissions.ts";

const shown = (text: string) => JSON.stringify(text.slice(0, 40));
const sampleOf = ({ samples }: Target, kind: string): Sample =>
  samples.find(({ spec }) => spec.kind === kind)!;

Deno.test("isNaraName(), isId() and isKind() draw the line where it is drawn by hand [R55]", () => {
  for (const { text, ...expected } of HOSTILE_TEXTS) {
    const found = { isName: isNaraName(text), isId: isId(text), isKind: isKind(text) };
    assertEquals(found, expected, shown(text));
  }
});

Deno.test("createIdentity() and --name take a name or say what one is [R55]", async () => {
  for (const { text, isName } of HOSTILE_TEXTS) {
    assertEquals("value" in readName(text), isName, shown(text));
    if (isName) {
      assertEquals((await createIdentity({ name: text, keypair: "node" })).identity.name, text);
      continue;
    }
    const error = await assertRejects(
      () => createIdentity({ name: text }),
      IdentityError,
      "expected 1 to 64",
    );
    assertEquals(error.code, "bad_name");
  }
});

Deno.test("Behavior takes a kind or says what one is [R55]", () => {
  for (const { text, isKind } of HOSTILE_TEXTS) {
    if (isKind) assertEquals(meshRequest(text, "").kind, text);
    else assertEquals(assertThrows(() => meshRequest(text, ""), BehaviorError, "expected").code, "bad_kind");
  }
});

for (const entry of ENTRY_POINTS) {
  Deno.test({
    name:
      `decodeEnvelope() takes no id that is none, and no kind that nobody declared, over ${entry.name} [R55]`,
    ignore: lacking(...entry.rights),
    fn: async () => {
      await using target = await Target.open(entry);
      const wire = wireOf(await target.frameOf(sampleOf(target, letter.kind), { from: alice }));
      for (const { text } of HOSTILE_TEXTS.filter((each) => each.text !== "")) {
        if (text.length > 100_000 && entry !== ENTRY_POINTS[0]) continue; // A frame holds a mebibyte at most.
        for (const field of ["id", "kind", "from_id", "to_id", "in_reply_to", "content_key"]) {
          const { changed, dropped, receipt } = await target.attempt(frameFrom({ ...wire, [field]: text }));
          assertEquals([changed, dropped.length], [[], 1], `${field} ${shown(text)}`);
          const said = receipt && "detail" in receipt ? receipt.detail : undefined;
          assert(said === undefined || said.length < 300, `${field} ${shown(text)}: ${said}`);
        }
      }
    },
  });
}

Deno.test("Keyring pins no id that could be more than an id, whoever signs it, and keeps none on disk [R55]", async () => {
  const remains = newRemains();
  await using target = await Target.open(undefined, { remains });
  for (const { text, isId } of HOSTILE_TEXTS.filter((each) => each.text.length < 10_000)) {
    const hello = await target.frameOf(sampleOf(target, heyThere.kind), { from: { ...stranger, id: text } });
    const { dropped, changed } = await target.attempt(hello);
    if (isId) assertEquals(dropped, [], shown(text));
    else {assertEquals(
        [dropped, changed],
        [[text === "" ? "unknown_sender" : "undecodable"], []],
        shown(text),
      );}
  }
  for (const { id } of target.runtime.keyring.pins()) assert(isId(id), shown(id));
  for (const [key] of remains.store.list("runtime:keys", "")) assert(isId(key), shown(key));
});

Deno.test("Receiver learns no name that is none, and takes the message all the same [R55]", async () => {
  await using target = await Target.open();
  const { keyring, peers } = target.runtime;
  for (const sample of [sampleOf(target, letter.kind), sampleOf(target, heyThere.kind)]) {
    for (const { text, isName } of HOSTILE_TEXTS.filter((each) => each.text.length < 256)) {
      const frame = await target.frameOf(sample, { from: { ...alice, name: text } });
      assertEquals((await target.attempt(frame)).dropped, [], shown(text));
      const learned = [[...keyring.pins()].find(({ id }) => id === alice.id)?.name, peers.nameOf(alice.id)];
      for (const name of learned) assert(name === undefined || isNaraName(name), shown(text));
      if (isName) assertEquals(learned[1], text);
      else assert(!learned.includes(text), shown(text));
    }
  }
});

Deno.test("Receiver drops a message with a name of a mebibyte [R55]", async () => {
  await using target = await Target.open();
  const wire = wireOf(await target.frameOf(sampleOf(target, letter.kind), { from: alice }));
  for (
    const [field, length, reason] of [
      ["from", 257, "undecodable"],
      ["to", 20_000, "undecodable"],
      ["to", 500_000, "too_large"],
      ["from", 1024 * 1024, "too_large"],
    ] as const
  ) {
    const { dropped, changed } = await target.attempt(frameFrom({ ...wire, [field]: "a".repeat(length) }));
    assertEquals([dropped, changed], [[reason], []], field);
  }
});
