/**
 * A crash at every step that writes: one life is lived on a real SQLite file, and at each step the disk is copied as it is. Each
 * copy is what a nara finds that died there; from each a next life begins.
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { Message } from "../../messages/message.ts";
import type { HandlerOptions } from "../../runtime/behavior.ts";
import type { AnyHandler } from "../../runtime/registry.ts";
import type { RuntimeApi } from "../../runtime/service.ts";
import type { MockRuntime } from "../../runtime/testing/mock_runtime.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { assertBalanced } from "./books.ts";
import { TestService, type Text } from "./kinds.ts";
import { copyDisk, sqliteLives } from "./lives.ts";
import { alice } from "./stage_context.ts";

/** A later life begins a second after the first, so that no two messages bear the same instant. */
const LATER = "2026-01-15T10:20:31Z";

/** What the world outside of a nara knows. */
export class World {
  /** What senders and emitters were told, by a name that the test gives. */
  readonly told = new Map<string, string>();
  /** How often a handler began with a text. */
  readonly runs = new Map<string, number>();
  /** Ids of the messages that left. */
  readonly sent = new Set<string>();

  /** The same as it is now. */
  copy(): World {
    const copy = new World();
    this.told.forEach((what, name) => copy.told.set(name, what));
    this.runs.forEach((count, text) => copy.runs.set(text, count));
    this.sent.forEach((id) => copy.sent.add(id));
    return copy;
  }
}

/** A service whose handlers count how often their effect was made, for each text. */
export class Worker extends TestService {
  /** Whether its handlers throw. */
  fails = false;

  /**
   * @param world Sees how often a handler begins.
   * @param speak Registers the kinds, with the handler that works.
   * @param more What a handler does beside that.
   */
  constructor(
    world: World,
    speak: (rt: RuntimeApi, work: AnyHandler) => void,
    more: (text: string, options: HandlerOptions) => void = () => {},
  ) {
    super((rt) =>
      speak(rt, async (message: Message, options: HandlerOptions) => {
        const { text } = message.payload as Text;
        world.runs.set(text, (world.runs.get(text) ?? 0) + 1);
        const [before = 0] = await rt.store.get(text) ?? [];
        options.effects.set(text, new Uint8Array([before + 1]));
        more(text, options);
        if (this.fails) throw new Error("boom");
      })
    );
  }

  /** How often the effect of `text` was made. */
  async effects(text: string): Promise<number> {
    return (await this.rt.store.get(text))?.[0] ?? 0;
  }
}

/** A life to be lived: what it does, and what is asked of each that comes after a crash. */
export interface CrashStory {
  /** Makes the service of a life. */
  readonly worker: (world: World, isFirst: boolean) => Worker;
  /** What happens in the first life. It tells `world` what the world is told. */
  readonly live: (life: Life) => Promise<void>;
  /** What happens in a life that follows on a crash, and what has to hold. `before` is what the world knew when it came. */
  readonly recover: (life: Life, before: World) => Promise<void>;
  /** Whether the steps of the first life count from its birth on. @default {false} */
  readonly isFromBirth?: boolean;
  /** Makes the file in which the story begins. @default {an empty one} */
  readonly prepare?: (path: string) => Promise<void>;
}

/** One life of a story. */
export interface Life {
  readonly mock: MockRuntime;
  readonly worker: Worker;
  readonly world: World;
  /** Receives a frame, and tells the world under `name` what its sender was told. */
  receive(name: string, frame: Uint8Array): Promise<string>;
  /** Lets time go by, in milliseconds, and work come to rest. */
  advance(ms: number): Promise<void>;
}

/** A moment of a death. Steps at which neither the disk nor the world had changed are one. */
interface Crash {
  readonly steps: string[];
  readonly path: string;
  readonly world: World;
  readonly state: string;
}

/**
 * Lives a story, dies at every step that writes, and begins anew from each. What `recover` throws is told with its step.
 *
 * @returns The steps that were covered, in order.
 */
export async function crashAtEveryStep(folder: string, story: CrashStory): Promise<string[]> {
  const path = `${folder}/first.db`;
  await story.prepare?.(path);
  const crashes = await liveOnce(path, folder, story);
  for (const { steps, path, world } of crashes) {
    try {
      await liveOn(path, world, story);
    } catch (thrown) {
      throw new Error(`Died at step ${steps.join(" or ")}`, { cause: thrown });
    }
  }
  return crashes.flatMap(({ steps }) => steps);
}

async function liveOnce(path: string, folder: string, story: CrashStory): Promise<Crash[]> {
  const crashes: Crash[] = [];
  const world = new World();
  let isTold = story.isFromBirth ?? false; // Or what it takes to be born is none of the story.
  let steps = 0;
  const onStep = (name: string) => {
    if (!isTold) return;
    const step = `${++steps} ${name}`;
    const copy = `${folder}/crash-${steps}.db`;
    copyDisk(path, copy);
    const state = stateOf(copy, world);
    if (crashes.at(-1)?.state === state) crashes.at(-1)!.steps.push(step);
    else crashes.push({ steps: [step], path: copy, world: world.copy(), state });
  };
  const worker = story.worker(world, true);
  const services = [worker];
  await using mock = await sqliteLives(path).open({ services, onStep, tap: hearing(world) });
  isTold = true;
  await story.live(lifeOf(mock, worker, world));
  isTold = false;
  return crashes;
}

/** What a nara would find, and what the world knows, as text that differs when any of it does. */
function stateOf(path: string, { told, runs, sent }: World): string {
  const hash = createHash("sha256");
  for (const suffix of ["", "-wal"]) {
    if (existsSync(`${path}${suffix}`)) hash.update(Deno.readFileSync(`${path}${suffix}`));
  }
  return JSON.stringify([hash.digest("hex"), [...told], [...runs], [...sent]]);
}

async function liveOn(path: string, before: World, story: CrashStory): Promise<void> {
  const world = before.copy();
  const worker = story.worker(world, false);
  const clock = new VirtualClock(LATER);
  const mock = await sqliteLives(path, clock).open({ services: [worker], tap: hearing(world) });
  try {
    await story.recover(lifeOf(mock, worker, world), before);
  } finally {
    await mock.runtime.stop();
  }
  assertBalanced(mock.runtime);
}

/** Notes what leaves for alice. */
function hearing({ sent }: World): (message: Message) => void {
  return ({ toId, id }) => {
    if (toId === alice.id) sent.add(id);
  };
}

function lifeOf(mock: MockRuntime, worker: Worker, world: World): Life {
  return {
    mock,
    worker,
    world,
    receive: async (name, frame) => {
      const { receipt } = await mock.runtime.receive(frame, "mock:alice");
      const said = "reason" in receipt ? receipt.reason : receipt.outcome;
      world.told.set(name, said);
      return said;
    },
    advance: async (ms) => {
      await mock.clock.advance(ms);
      await settled();
    },
  };
}
