import { assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { ServiceStore } from "../../runtime/primitives/store.ts";
import { MessageError } from "../../messages/message_error.ts";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { Books } from "../../runtime/primitives/books.ts";
import { checkVersion, Registry } from "../../runtime/registry.ts";
import { local, meshRequest } from "../../runtime/templates.ts";
import { answer, note, question, textSchema, whisper } from "../helpers/kinds.ts";

const store = new ServiceStore(new MemoryStore(), "test");

const versions = meshRequest("test:versions", "").withVersion(1, textSchema).withVersion(2, textSchema)
  .withVersion(4, textSchema).withMin(2);

function registry(...owners: string[]): Registry {
  const made = new Registry(new Books());
  for (const owner of owners) {
    for (const { spec } of [note, question, answer]) made.add(spec, {}, owner, store);
  }
  return made;
}

Deno.test("Registry.add() lets one service own a kind, and tells the second who does", () => {
  const made = registry("first");
  const error = assertThrows(() => made.add(note.spec, {}, "second", store), BehaviorError);
  assertEquals(error.code, "duplicate_kind");
  assertStringIncludes(error.message, 'Cannot register test:note for "second" as "first" owns it');
  assertEquals(made.forDraft("test:note").owner, "first");
  assertThrows(() => made.add(note.spec, {}, "first", store), BehaviorError);
});

Deno.test("Registry.add() keeps nothing of a kind that it refuses", () => {
  const made = registry();
  assertThrows(() => made.add(note.spec, { 7: () => {} }, "test", store), BehaviorError);
  made.add(note.spec, {}, "test", store);
  assertEquals(made.all().length, 1);
});

Deno.test("Registry.seal() ends it: what a nara speaks is known before it starts", () => {
  const made = registry("test");
  made.seal();
  const error = assertThrows(() => made.add(whisper.spec, {}, "test", store), BehaviorError);
  assertEquals(error.code, "too_late");
  assertStringIncludes(error.message, "test:whisper");
});

Deno.test("Registry.all() has the kinds in the order in which they were registered", () => {
  assertEquals(registry("test").all().map(({ spec }) => spec.kind), [
    "test:note",
    "test:question",
    "test:answer",
  ]);
});

Deno.test("Registry.forDraft() names a kind that nobody registered", () => {
  const error = assertThrows(() => registry().forDraft("test:note"), BehaviorError, "test:note");
  assertEquals(error.code, "unregistered_kind");
});

Deno.test("Registry.forReceived() gives what was registered, for every version from the oldest to the current one", () => {
  const made = registry();
  made.add(versions.spec, {}, "test", store);
  for (const version of [2, 4]) {
    assertStrictEquals(made.forReceived("test:versions", version).spec, versions.spec);
  }
});

for (const version of [1, 3, 5, 0, -1, 2 ** 53 - 1]) {
  Deno.test(`Registry.forReceived() refuses version ${version} of a kind that has 2 and 4, and names the range`, () => {
    const made = registry();
    made.add(versions.spec, {}, "test", store);
    const error = assertThrows(() => made.forReceived("test:versions", version), MessageError);
    assertEquals(error.code, "unsupported_version");
    assertStringIncludes(error.message, `test:versions v${version}: versions 2 to 4 are supported`);
    assertThrows(() => checkVersion(versions.spec, version), MessageError);
  });
}

Deno.test("Registry.forReceived() knows no kind that was not registered, and from outside no local one either", () => {
  const made = registry("test");
  made.add(whisper.spec, {}, "test", store);
  for (const kind of ["test:nothing", "test:whisper", "constructor", "__proto__"]) {
    assertEquals(assertThrows(() => made.forReceived(kind, 1), MessageError, kind).code, "unknown_kind");
  }
});

Deno.test("Registry.isReply() knows the kinds that answer some other", () => {
  const made = registry("test");
  assertEquals(["test:answer", "test:question", "test:note"].map((kind) => made.isReply(kind)), [
    true,
    false,
    false,
  ]);
});

Deno.test("Registry is one runtime's own: another one has its own lanes, chains and pages", () => {
  const [one, other] = [registry("test"), registry("test")];
  const [here, there] = [one.forDraft("test:note"), other.forDraft("test:note")];
  assertStrictEquals(here.spec, there.spec);
  here.received.enter();
  assertEquals([here.received.totals().entered, there.received.totals().entered], [1, 0]);
  assertEquals(here.lanes === there.lanes, false);
});

Deno.test("Registry.checkBytes() lets through what the largest kind allows that others may send, and a zine in any case", () => {
  const made = registry("test");
  const least = 256 * 1024;
  made.add(local("test:huge", "").withVersion(1, textSchema).withBytesMax(900_000).spec, {}, "test", store);
  made.checkBytes(least);
  const error = assertThrows(() => made.checkBytes(least + 1), MessageError);
  assertEquals(error.code, "too_large");
  assertStringIncludes(
    error.message,
    `Cannot take ${least + 1} bytes: no kind here holds more than ${least}`,
  );
  made.add(
    meshRequest("test:large", "").withVersion(1, textSchema).withBytesMax(300_000).spec,
    {},
    "test",
    store,
  );
  made.checkBytes(300_000);
  assertThrows(() => made.checkBytes(300_001), MessageError);
});
