import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { BehaviorError } from "../../runtime/behavior_error.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { StoreError } from "../../runtime/primitives/store.ts";
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import type { RuntimeApi, Service } from "../../runtime/service.ts";
import { meshRequest } from "../../runtime/templates.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { MemoryMesh } from "../../runtime/transport/memory_mesh.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { assertBalanced, totalsOf } from "../helpers/books.ts";
import { note, Recorder, TestService, whisper } from "../helpers/kinds.ts";
import { alice, mallory, me } from "../helpers/stage_context.ts";

/** A service that writes down what happens to it. */
class Diarist implements Service {
  readonly net: readonly string[] = [];
  signal: AbortSignal | undefined;
  rt!: RuntimeApi;

  constructor(
    readonly name: string,
    readonly diary: string[],
    readonly does: {
      start?: () => Promise<void>;
      stop?: () => Promise<void>;
      register?: (rt: RuntimeApi) => void;
    } = {},
  ) {}

  init(rt: RuntimeApi): void {
    this.rt = rt;
    this.diary.push(`init ${this.name}`);
  }

  registerBehaviors(rt: RuntimeApi): void {
    this.diary.push(`register ${this.name}`);
    this.does.register?.(rt);
  }

  async start(signal: AbortSignal): Promise<void> {
    this.signal = signal;
    this.diary.push(`start ${this.name}`);
    await this.does.start?.();
  }

  async stop(): Promise<void> {
    this.diary.push(`stop ${this.name}${this.signal && !this.signal.aborted ? " before its signal" : ""}`);
    await this.does.stop?.();
  }
}

const boom = () => Promise.reject(new Error("boom"));

function runtimeOf(...services: Service[]): Promise<Runtime> {
  return createRuntime({ identity: me, services, clock: new VirtualClock() });
}

Deno.test("Runtime prepares its services in order, starts them in order and stops them in reverse", async () => {
  const diary: string[] = [];
  const runtime = await runtimeOf(...["a", "b", "c"].map((name) => new Diarist(name, diary)));
  assertEquals(diary.splice(0), ["init a", "register a", "init b", "register b", "init c", "register c"]);
  await runtime.start();
  assertEquals(diary.splice(0), ["start a", "start b", "start c"]);
  await runtime.stop();
  assertEquals(diary, ["stop c", "stop b", "stop a"]);
});

Deno.test("Runtime.start() that fails stops what had started, in reverse, and nothing else, and says why", async () => {
  const diary: string[] = [];
  const runtime = await runtimeOf(
    new Diarist("a", diary),
    new Diarist("b", diary),
    new Diarist("c", diary, { start: boom }),
    new Diarist("d", diary),
  );
  diary.length = 0;
  await assertRejects(() => runtime.start(), Error, "boom");
  assertEquals(diary, ["start a", "start b", "start c", "stop b", "stop a"]);
  assertEquals(await runtime.stopped, "a service failed to start: boom");
});

Deno.test("Runtime.start() that fails aborts the signal of the service that failed", async () => {
  const failing = new Diarist("a", [], { start: boom });
  await assertRejects(async () => (await runtimeOf(failing)).start(), Error, "boom");
  assert(failing.signal?.aborted);
});

Deno.test("Runtime.stop() while services start starts no more of them, and stops those that had", async () => {
  const diary: string[] = [];
  const gate = Promise.withResolvers<void>();
  const runtime = await runtimeOf(
    new Diarist("a", diary),
    new Diarist("b", diary, { start: () => gate.promise }),
    new Diarist("c", diary),
  );
  diary.length = 0;
  const started = assertRejects(() => runtime.start(), BehaviorError, "stopped");
  await settled();
  const stopped = runtime.stop("in a hurry");
  gate.resolve();
  await Promise.all([started, stopped]);
  assertEquals(diary.toSorted(), ["start a", "start b", "stop a", "stop b"]);
  assertEquals(await runtime.stopped, "in a hurry");
});

Deno.test("Runtime.stop() twice is stopping once, for both with the first reason", async () => {
  const diary: string[] = [];
  const runtime = await runtimeOf(new Diarist("a", diary));
  await runtime.start();
  await Promise.all([runtime.stop("first"), runtime.stop("second")]);
  await runtime.stop("third");
  await runtime[Symbol.asyncDispose]();
  assertEquals([await runtime.stopped, diary.filter((line) => line === "stop a").length], ["first", 1]);
});

Deno.test("Runtime.stop() of one that never started stops no service", async () => {
  const diary: string[] = [];
  await (await runtimeOf(new Diarist("a", diary))).stop();
  assertEquals(diary, ["init a", "register a"]);
});

Deno.test("Runtime.stop() goes on when a service fails to stop, and logs it", async () => {
  const diary: string[] = [];
  const lines: string[] = [];
  const runtime = await createRuntime({
    identity: me,
    services: [new Diarist("a", diary), new Diarist("b", diary, { stop: boom })],
    log: ({ level, fields }) => void lines.push(`${level} ${fields.service} ${fields.error}`),
  });
  await runtime.start();
  await runtime.stop();
  assertEquals([diary.at(-1), lines], ["stop a", ["error b boom"]]);
});

Deno.test("Runtime.stop() waits for no peer that never answers: what was under way to it fails", async () => {
  const mesh = new MemoryMesh();
  const clock = new VirtualClock();
  const silent = new TestService((rt) => rt.register(note, { 1: () => new Promise(() => {}) }));
  await using other = await createRuntime({ identity: alice, mesh: mesh.join, services: [silent], clock });
  await using runtime = await createRuntime({
    identity: me,
    mesh: mesh.join,
    services: [new Recorder(note)],
    clock,
  });
  other.keyring.pin(me.id, me.keypair.publicKey);
  await Promise.all([other.start(), runtime.start()]);
  const sent = runtime.service(Recorder).rt.emit(note.draft({ text: "anybody?" }, { to: alice.id }));
  const failed = assertRejects(() => sent);
  await settled();
  assertBalanced(runtime, 1);
  await runtime.stop();
  await failed;
  assertBalanced(runtime);
});

Deno.test("Runtime.add() and start() refuse what comes too late", async () => {
  const runtime = await runtimeOf();
  const late = new Diarist("late", []);
  await runtime.start();
  for (const attempt of [() => runtime.add(late), () => runtime.start()]) {
    assertEquals((await assertRejects(attempt, BehaviorError)).code, "too_late");
  }
  await runtime.stop();
  for (const attempt of [() => runtime.add(late), () => runtime.start()]) {
    assertEquals((await assertRejects(attempt, BehaviorError)).code, "too_late");
  }
  assertEquals(late.diary, []);
});

Deno.test("Runtime lets no service register a kind once it has started", async () => {
  const service = new TestService();
  await using runtime = await runtimeOf(service);
  await runtime.start();
  assertEquals(assertThrows(() => service.rt.register(note), BehaviorError, "test:note").code, "too_late");
});

Deno.test("Runtime.add() refuses a second service of the same name", async () => {
  await using runtime = await runtimeOf(new Diarist("a", []));
  await assertRejects(() => runtime.add(new Diarist("a", [])), BehaviorError, '"a"');
});

Deno.test("Runtime.add() that fails leaves no service behind that would be started", async () => {
  const diary: string[] = [];
  await using runtime = await runtimeOf(new Diarist("a", diary, { register: (rt) => rt.register(note) }));
  const second = new Diarist("b", diary, { register: (rt) => rt.register(note) });
  assertEquals((await assertRejects(() => runtime.add(second), BehaviorError)).code, "duplicate_kind");
  diary.length = 0;
  await runtime.start();
  assertEquals(diary, ["start a"]);
});

Deno.test("createRuntime() that fails leaves nothing behind: mesh left, store closed, no service started", async () => {
  const mesh = new MemoryMesh();
  let closed = 0;
  const closing = () => {
    const store = new MemoryStore();
    store[Symbol.dispose] = () => void closed++;
    return store;
  };
  const broken = new TestService(() => {
    throw new Error("boom");
  });
  const config = { identity: me, mesh: mesh.join };
  await assertRejects(
    () => createRuntime({ ...config, store: closing(), services: [broken] }),
    Error,
    "boom",
  );
  assertEquals(closed, 1);
  await using other = await createRuntime({
    identity: alice,
    mesh: mesh.join,
    services: [new Recorder(note)],
  });
  await other.start();
  const sent = other.service(Recorder).rt.emit(note.draft({ text: "anybody?" }, { to: me.id }));
  await assertRejects(() => sent, MeshError, "has not joined");
  const taken = () => Promise.reject(new MeshError("address_in_use", "taken"));
  await assertRejects(
    () => createRuntime({ identity: me, store: closing(), mesh: taken }),
    MeshError,
    "taken",
  );
  assertEquals(closed, 2);
});

Deno.test("createRuntime() refuses a store whose keys or addresses cannot be read, and closes it", async () => {
  for (const space of ["runtime:keys", "runtime:peers"]) {
    for (const text of ["{", "null", "{}", '{"key":5,"address":5}', "[]"]) {
      const store = new MemoryStore();
      let closed = 0;
      store[Symbol.dispose] = () => void closed++;
      store.setAll(space, [[alice.id, new TextEncoder().encode(text)]]);
      const error = await assertRejects(
        () => createRuntime({ identity: me, store }),
        StoreError,
        "",
        `${space} ${text}`,
      );
      assertEquals([error.code, closed], ["unreadable", 1]);
    }
  }
});

Deno.test("Runtime.service() gives the service of a class, and says what to do where there is none", async () => {
  const recorder = new Recorder(note);
  await using runtime = await runtimeOf(new Diarist("a", []), recorder);
  assertStrictEquals(runtime.service(Recorder), recorder);
  assertInstanceOf(runtime.service(Diarist), Diarist);
  await using other = await runtimeOf();
  assertThrows(() => other.service(Recorder), TypeError, "Cannot find a Recorder: pass it to createRuntime");
});

Deno.test("Runtime.describe() shows a custom stage where it was put, and none stages nowhere", async () => {
  const seen: string[] = [];
  const behavior = note.withFilter({
    order: "stream",
    name: "mood",
    describe: () => "only polite ones",
    process: (message) => {
      seen.push(message.proof);
      return { outcome: "continue", message };
    },
  });
  const mesh = new MemoryMesh();
  await using sender = await createRuntime({
    identity: alice,
    mesh: mesh.join,
    services: [new Recorder(note)],
  });
  await using runtime = await createRuntime({
    identity: me,
    mesh: mesh.join,
    services: [new Recorder(behavior)],
  });
  runtime.keyring.pin(alice.id, alice.keypair.publicKey);
  await Promise.all([sender.start(), runtime.start()]);
  assertEquals(runtime.describe("test:note"), {
    emit:
      "[id: kind, sender, time and payload, hashed | (sign: Ed25519 over the envelope, and as Go does where a Go peer may " +
      "read it)] → [(mesh: straight to the target, over the mesh)] → [notify: local subscribers]",
    receive:
      "[target: me, or nobody in particular | freshness: 300 s back, 60 s ahead | check_id: the id follows from the " +
      "content | (verify: signature of the sender's pinned key)] → [id_dedupe: by sender and id | mood: only polite ones | " +
      "notify: local subscribers]",
  });
  await sender.service(Recorder).rt.emit(note.draft({ text: "please" }, { to: me.id }));
  assertEquals([seen, runtime.service(Recorder).texts], [["envelope"], ["please"]]);
  assertThrows(() => runtime.describe("test:nothing"), BehaviorError, "test:nothing");
});

Deno.test("Runtime shares behavior constants with others in its process, and no state", async () => {
  const limited = meshRequest("test:limited", "").withVersion(1, note.spec.schemas.get(1)!).withRateLimit({
    max: 1,
    windowMs: 60_000,
  })
    .withContentKey(() => "same");
  const mesh = new MemoryMesh();
  const make = (identity: typeof me) =>
    createRuntime({
      identity,
      mesh: mesh.join,
      services: [
        new TestService((rt) => {
          rt.register(limited);
          rt.register(whisper);
        }),
      ],
    });
  await using one = await make(me);
  await using two = await make(alice);
  await using sender = await make(mallory);
  for (const runtime of [one, two]) runtime.keyring.pin(mallory.id, mallory.keypair.publicKey);
  await Promise.all([one, two, sender].map((runtime) => runtime.start()));
  const { rt } = sender.service(TestService);
  for (const to of [me.id, alice.id, me.id]) await rt.emit(limited.draft({ text: "a" }, { to }));
  const counts = [one, two].map((runtime) => totalsOf(runtime, "receive", "test:limited"));
  assertEquals(counts.map(({ done, dropped }) => [done, dropped]), [[1, { rate_limited: 1 }], [1, {}]]);
  await one.service(TestService).rt.emit(whisper.draft({ text: "a" }));
  assertEquals([one, two].map((runtime) => totalsOf(runtime, "emit", "test:whisper").entered), [1, 0]);
  for (const runtime of [one, two, sender]) assertBalanced(runtime);
});
