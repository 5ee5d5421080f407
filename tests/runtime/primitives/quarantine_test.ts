import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import {
  Quarantine,
  QUARANTINE_SPACE,
  type QuarantineOptions,
  type Released,
} from "../../../runtime/primitives/quarantine.ts";
import { type KeyValueFile, StoreError } from "../../../runtime/primitives/store.ts";
import { settled, VIRTUAL_START, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { FILE_PLACES, loggedLines, TroubledFile } from "../../helpers/kept.ts";

const START_MS = Date.parse(VIRTUAL_START);
const frameOf = (id: string, bytes = 10): Uint8Array => new TextEncoder().encode(id.padEnd(bytes, "."));
const future = (id: string, fromId = "alice", version = 2) => ({ kind: "test:note", version, id, fromId });

/** The quarantine in `file`, and what it logged. */
function open(file: KeyValueFile = new TroubledFile(), options: Partial<QuarantineOptions> = {}) {
  const clock = new VirtualClock();
  const { log, lines } = loggedLines();
  const quarantine = new Quarantine({ clock, file, log, ...options });
  const add = (id: string, fromId?: string, version?: number) =>
    quarantine.add(frameOf(id), "mock:somewhere", future(id, fromId, version));
  const delivered: Released[] = [];
  const deliver = (released: Released) => Promise.resolve(void delivered.push(released));
  const ids = () => delivered.map(({ id }) => id);
  return { quarantine, add, clock, lines, file, delivered, deliver, ids };
}

const understands = (upTo: number) => (_kind: string, version: number) => version <= upTo;

Deno.test("Quarantine.add() keeps a frame, on disk, and knows it again by sender and id", async () => {
  const { quarantine, add, file } = open();
  assertEquals(await add("a"), "kept");
  assertEquals(file.list(QUARANTINE_SPACE, "").length, 1);
  assertEquals(await add("a"), "exists");
  assertEquals(await add("a", "bob"), "kept", "nobody silences another by taking an id");
  assertEquals([quarantine.size, quarantine.counts()], [2, { "test:note v2": 2 }]);
});

Deno.test("Quarantine.add() says that a message exists only when that is on disk", async () => {
  const { add, file } = open();
  const [first, second] = [add("a"), add("a")];
  assertEquals(file.list(QUARANTINE_SPACE, "").length, 0);
  assertEquals(await second, "exists");
  assertEquals(file.list(QUARANTINE_SPACE, "").length, 1);
  assertEquals(await first, "kept");
});

/** Where the message lay that came as number `at`. */
function keptAs(at: number) {
  return { peer: "mock:somewhere", removal: { space: QUARANTINE_SPACE, key: String(at).padStart(12, "0") } };
}

Deno.test("Quarantine.release() delivers what is understood now, in the order of arrival, and removes it", async () => {
  const { quarantine, add, clock, deliver, delivered, file } = open();
  await add("c", "bob", 2);
  await clock.advance(1_000);
  await add("b", "alice", 3);
  await add("a", "alice", 2);
  assertEquals(await quarantine.release(understands(1), deliver), 0);
  assertEquals(await quarantine.release(understands(2), deliver), 2);
  assertEquals(delivered, [
    { ...future("c", "bob"), frame: frameOf("c"), receivedAtMs: START_MS, ...keptAs(1) },
    { ...future("a"), frame: frameOf("a"), receivedAtMs: START_MS + 1_000, ...keptAs(3) },
  ]);
  assertEquals([quarantine.counts(), file.list(QUARANTINE_SPACE, "").length], [{ "test:note v3": 1 }, 1]);
  assertEquals(await quarantine.release(understands(3), deliver), 1);
  assertEquals([quarantine.size, quarantine.limits().map((limit) => limit.inUse())], [0, [0, 0, 0, 0]]);
});

Deno.test("Quarantine.release() removes a message only after it was delivered, and only once at a time", async () => {
  const { quarantine, add, file } = open();
  await add("a");
  const gate = Promise.withResolvers<void>();
  let deliveries = 0;
  const deliver = () => {
    deliveries++;
    return gate.promise;
  };
  const releases = [quarantine.release(understands(2), deliver), quarantine.release(understands(2), deliver)];
  await settled();
  assertEquals([file.list(QUARANTINE_SPACE, "").length, await add("a")], [1, "exists"]);
  gate.resolve();
  assertEquals([await Promise.all(releases), deliveries, file.list(QUARANTINE_SPACE, "")], [[1, 0], 1, []]);
});

Deno.test("Quarantine.release() keeps what could not be delivered, says so, and goes on", async () => {
  const { quarantine, add, deliver, lines, ids } = open();
  for (const id of ["a", "b"]) await add(id);
  const picky = (released: Released) =>
    released.id === "a" ? Promise.reject(new Error("not now")) : deliver(released);
  assertEquals(await quarantine.release(understands(2), picky), 1);
  assertEquals([ids(), lines], [["b"], ["error: a quarantined message could not be delivered"]]);
  assertEquals(await quarantine.release(understands(2), deliver), 1);
  assertEquals(ids(), ["b", "a"]);
});

Deno.test("Quarantine.release() stops when its signal aborts", async () => {
  const { quarantine, add, delivered } = open();
  for (const id of ["a", "b"]) await add(id);
  const controller = new AbortController();
  const deliver = (released: Released) => {
    controller.abort();
    return Promise.resolve(void delivered.push(released));
  };
  assertEquals(await quarantine.release(understands(2), deliver, controller), 1);
  assertEquals([delivered.length, quarantine.size], [1, 1]);
});

Deno.test("Quarantine refuses a message past its number, and one sender past an eighth of it", async () => {
  const { quarantine, add } = open(undefined, { messagesMax: 16 });
  const outcomes = [];
  for (let count = 0; count < 3; count++) outcomes.push(await add(`${count}`, "loud"));
  assertEquals(outcomes, ["kept", "kept", "full"]);
  for (let count = 0; count < 14; count++) assertEquals(await add(`${count}`, `quiet ${count}`), "kept");
  assertEquals(await add("one more", "somebody"), "full");
  assertEquals(
    quarantine.limits().map(({ name, max, inUse, overflows }) => `${name} ${inUse()}/${max}, ${overflows()}`),
    [
      "quarantine.messages 16/16, 1",
      `quarantine.bytes ${quarantine.limits()[1].inUse()}/8388608, 0`,
      "quarantine.messages_of_sender 2/2, 1",
      `quarantine.bytes_of_sender ${quarantine.limits()[3].inUse()}/1048576, 0`,
    ],
  );
});

Deno.test("Quarantine refuses a message past its bytes, and one sender past an eighth of them", async () => {
  const { quarantine } = open(undefined, { bytesMax: 16_000 });
  const add = (id: string, fromId: string, bytes: number) =>
    quarantine.add(frameOf(id, bytes), "mock:somewhere", future(id, fromId));
  assertEquals(await add("a", "loud", 1_500), "kept");
  assertEquals(await add("b", "loud", 1_500), "full");
  let kept = 1;
  while (await add("a", `quiet ${kept}`, 1_500) === "kept") kept++;
  assert(kept >= 8 && kept <= 10, `${kept} fit`);
  const [messages, bytes, ofSender, bytesOfSender] = quarantine.limits();
  assert(bytes.inUse() <= bytes.max && bytesOfSender.inUse() <= bytesOfSender.max);
  const overflows = [messages, bytes, ofSender, bytesOfSender].map((limit) => limit.overflows());
  assertEquals(overflows, [0, 1, 0, 1]);
});

for (const { name, ignore, use } of FILE_PLACES) {
  Deno.test({
    name: `Quarantine survives a restart, with its order, its times and its shares (${name})`,
    ignore,
    fn: () =>
      use(async (place) => {
        {
          using file = place();
          const { add, quarantine, deliver } = open(file);
          for (const id of ["c", "a", "b"]) await add(id);
          await quarantine.release((_, version) => version === 9, deliver);
        }
        using file = place();
        const { quarantine, add, deliver, delivered, ids } = open(file, { messagesMax: 24 });
        assertEquals([await add("a"), await add("d")], ["exists", "full"]);
        assertEquals(await add("d", "bob"), "kept");
        assertEquals(await quarantine.release(understands(2), deliver), 4);
        assertEquals([ids(), delivered[0].receivedAtMs], [["c", "a", "b", "d"], START_MS]);
        assertEquals(file.list(QUARANTINE_SPACE, ""), []);
      }),
  });
}

Deno.test("Quarantine removes what is damaged, and says so", async () => {
  const file = new MemoryStore();
  const { add } = open(file);
  for (const id of ["a", "b"]) await add(id);
  const [[key]] = file.list(QUARANTINE_SPACE, "");
  file.setAll(QUARANTINE_SPACE, [[key, new Uint8Array([1, 2])], [
    "zzz",
    new TextEncoder().encode('{"kind":1}\n'),
  ]]);
  const { quarantine, deliver, lines, ids } = open(file);
  assertEquals(lines, Array(2).fill("error: a quarantined message is damaged, and is removed"));
  await quarantine.release(understands(2), deliver);
  assertEquals([ids(), file.list(QUARANTINE_SPACE, "")], [["b"], []]);
});

Deno.test("Quarantine.add() rejects what the disk refuses, and takes it when it comes again", async () => {
  const file = new TroubledFile();
  const { quarantine, add } = open(file);
  file.isRefusing = true;
  const [first, second] = [add("a"), add("a")];
  await assertRejects(() => first, StoreError, "the disk is full");
  await assertRejects(() => second, StoreError, "the disk is full");
  assertEquals(quarantine.size, 0);
  file.isRefusing = false;
  assertEquals(await add("a"), "kept");
});

Deno.test("Quarantine leaves on disk what the disk does not let go: the next run delivers it again", async () => {
  const file = new TroubledFile();
  const { quarantine, add, deliver, lines } = open(file);
  await add("a");
  file.isRefusing = true;
  assertEquals([await quarantine.release(understands(2), deliver), quarantine.size], [1, 0]);
  assertEquals(lines, ["warn: a delivered message could not be removed"]);
  assertEquals(open(file).quarantine.size, 1);
});
