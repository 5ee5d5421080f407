/**
 * Pipelines: a chain of `TransformStream`s per behavior and direction, compiled at its first message.
 *
 * Neighbouring stages that never wait share one stream; a stage that may wait runs in lanes; stages that do nothing are
 * left out. A message travels in a carrier that settles its own outcome: a stage that drops or fails settles it and passes
 * nothing on, and a throw becomes an outcome here, for a throw inside `transform()` would end the chain for everyone.
 * @module
 */
import type { Message } from "../messages/message.ts";
import { toError } from "../utilities/errors.ts";
import { Lanes } from "./lanes.ts";
import {
  fail,
  type PeerStage,
  type Stage,
  type StageContext,
  type StageResult,
  type StreamStage,
} from "./stage.ts";
import type { Receipt } from "./transport/mesh.ts";

/** How a message left a chain. */
export type ChainResult =
  & { readonly message: Message; readonly passed: Passed }
  & (
    | { readonly outcome: "continue"; readonly receipt: Receipt | undefined }
    | { readonly outcome: "drop"; readonly reason: string; readonly stage: string }
    | { readonly outcome: "error"; readonly error: Error; readonly stage: string }
  );

/** A message's way through a chain, as far as it came. */
export interface Passed {
  /** When it entered, by the chain's clock. */
  readonly enteredMs: number;
  /** The active stages of the chain, in order; the same array for every message. */
  readonly stages: readonly string[];
  /** Milliseconds per stage that it passed. Neighbours that never wait are timed together, at the last of them. */
  durationsMs(): number[];
}

/** Chunks that a stream of a chain holds before it pushes back. */
const HIGH_WATER_MARK = 64;
const QUEUING = { highWaterMark: HIGH_WATER_MARK };

/** How a chain is compiled. */
export interface ChainOptions {
  /** The stages in order. */
  readonly stages: readonly Stage[];
  /** What they may touch. */
  readonly context: StageContext;
  /** Which lane a message takes: its target on emit, its sender on receive. */
  readonly laneOf: (message: Message) => string;
  /** What becomes of a message whose lane is full. */
  readonly whenBusy: (message: Message) => StageResult;
  /** Whether messages of one lane pass strictly one after another. */
  readonly isOrdered: boolean;
  /** Told when whoever waits for an outcome throws at it. @default {nobody} */
  readonly onFault?: (thrown: unknown) => void;
}

/** What all carriers of a chain have in common. */
interface Route {
  readonly stages: readonly string[];
  /** For each stream, how many stages stand before its end. */
  readonly ends: readonly number[];
  readonly now: () => number;
  readonly onFault: (thrown: unknown) => void;
}

/** A message on its way through a chain. */
class Carrier implements Passed {
  message: Message;
  receipt: Receipt | undefined;
  readonly lane: string;
  readonly enteredMs: number;
  /** When it began to wait in a stage, and when it came out, in turn. */
  readonly #marks: number[] = [];
  readonly #route: Route;
  readonly #done: (result: ChainResult) => void;
  #endedMs = 0;
  #endedAt = 0;

  constructor(message: Message, lane: string, route: Route, done: (result: ChainResult) => void) {
    this.message = message;
    this.lane = lane;
    this.#route = route;
    this.#done = done;
    this.enteredMs = route.now();
  }

  get stages(): readonly string[] {
    return this.#route.stages;
  }

  /** Notes that it begins to wait, or that it has come out. */
  mark(): void {
    this.#marks.push(this.#route.now());
  }

  durationsMs(): number[] {
    const { ends, stages } = this.#route;
    if (this.#endedAt < 0) return []; // It never reached a stage.
    const durations: number[] = stages.map(() => 0);
    let sinceMs = this.enteredMs;
    for (let index = 0; index < this.#marks.length; index++) {
      const waitingAt = ends[index >> 1] - 1;
      const at = index % 2 === 1 ? waitingAt : waitingAt - 1;
      if (at >= 0) durations[at] += this.#marks[index] - sinceMs;
      sinceMs = this.#marks[index];
    }
    durations[this.#endedAt] += this.#endedMs - sinceMs;
    return durations.slice(0, this.#endedAt + 1);
  }

  /** Takes a stage's result along. Returns whether the message goes on. */
  take(result: StageResult, stage: Stage): boolean {
    if (result?.outcome === "continue") {
      this.message = result.message;
      if (result.receipt) this.receipt = result.receipt;
      return true;
    }
    const end = result?.outcome === "drop" || result?.outcome === "error" ? result : noOutcome(stage);
    this.#settle({ ...end, stage: stage.name, message: this.message, passed: this });
    return false;
  }

  finish(): void {
    this.#settle({ outcome: "continue", message: this.message, receipt: this.receipt, passed: this });
  }

  /** A throw here would end the chain for every later message. */
  #settle(result: ChainResult): void {
    const { now, stages } = this.#route;
    this.#endedMs = now();
    this.#endedAt = result.outcome === "continue" ? stages.length - 1 : stages.indexOf(result.stage);
    try {
      this.#done(result);
    } catch (thrown) {
      this.#route.onFault(thrown);
    }
  }
}

/** One `TransformStream` of a chain: stages that never wait, and at its end perhaps one that does. */
interface Segment {
  readonly streaming: StreamStage[];
  waiting?: PeerStage;
}

/** A compiled pipeline. It lives as long as its behavior; a message that fails never ends it. */
export class Chain {
  readonly #segments: readonly Segment[];
  readonly #laneOf: (message: Message) => string;
  readonly #route: Route;
  readonly #writer: WritableStreamDefaultWriter<Carrier>;
  readonly #ended: Promise<void>;

  /**
   * Compiles a chain.
   *
   * @param options What to compile.
   */
  constructor(options: ChainOptions) {
    this.#laneOf = options.laneOf;
    this.#segments = segmented(options.stages);
    this.#route = routeOf(this.#segments, options);
    const [first, ...rest] = this.#segments.map((segment) => toStream(segment, options));
    let end = first.readable;
    for (const stream of rest) end = end.pipeThrough(stream);
    this.#ended = end.pipeTo(new WritableStream({ write: (carrier) => carrier.finish() }, QUEUING));
    this.#writer = first.writable.getWriter();
  }

  /**
   * Sends a message through; `done` is called exactly once, with its outcome. It never throws.
   *
   * @param lane The lane that it takes. Left out, the one that its sender or its target gives.
   */
  push(message: Message, done: (result: ChainResult) => void, lane: string = this.#laneOf(message)): void {
    const carrier = new Carrier(message, lane, this.#route, done);
    this.#writer.write(carrier).catch((thrown) =>
      done({ outcome: "error", error: toError(thrown), stage: "pipeline", message, passed: carrier })
    );
  }

  /** The compiled chain: a pair of brackets per stream, and in it in round ones what runs in lanes. */
  describe(): string {
    const show = (stage: Stage) => `${stage.name}: ${stage.describe()}`;
    return this.#segments.map(({ streaming, waiting }) =>
      `[${[...streaming.map(show), ...waiting ? [`(${show(waiting)})`] : []].join(" | ")}]`
    ).join(" → ");
  }

  /** Lets what is inside come out, and ends the streams. */
  async close(): Promise<void> {
    await this.#writer.close();
    await this.#ended;
  }
}

/** The stages as they are compiled. */
function segmented(stages: readonly Stage[]): Segment[] {
  const segments: Segment[] = [{ streaming: [] }];
  for (const stage of stages) {
    if (stage.isNone) continue;
    if (segments.at(-1)!.waiting) segments.push({ streaming: [] });
    const last = segments.at(-1)!;
    if (stage.order === "peer") last.waiting = stage;
    else last.streaming.push(stage);
  }
  return segments;
}

function routeOf(segments: readonly Segment[], { context, onFault = () => {} }: ChainOptions): Route {
  const stages: string[] = [];
  const ends: number[] = [];
  for (const { streaming, waiting } of segments) {
    for (const { name } of waiting ? [...streaming, waiting] : streaming) stages.push(name);
    ends.push(stages.length);
  }
  return { stages, ends, now: context.clock.monotonicMs.bind(context.clock), onFault };
}

function toStream(
  { streaming, waiting }: Segment,
  { context, whenBusy, isOrdered }: ChainOptions,
): TransformStream<Carrier, Carrier> {
  const passes = (carrier: Carrier) =>
    streaming.every((stage) => carrier.take(attempt(stage, carrier.message, context), stage));
  if (!waiting) {
    return new TransformStream(
      {
        transform(carrier, controller) {
          if (passes(carrier)) controller.enqueue(carrier);
        },
      },
      QUEUING,
      QUEUING,
    );
  }
  const lanes = new Lanes<StageResult>({ release: waiting.release, width: isOrdered ? 1 : undefined });
  return new TransformStream(
    {
      transform(carrier, controller) {
        if (!passes(carrier)) return;
        const { message } = carrier;
        carrier.mark();
        const release = (result: StageResult) => {
          carrier.mark();
          if (carrier.take(result, waiting)) controller.enqueue(carrier);
        };
        const isTaken = lanes.run(carrier.lane, () => attemptPeer(waiting, message, context), release);
        if (!isTaken) carrier.take(whenBusy(message), waiting);
      },
      flush: () => lanes.idle(),
    },
    QUEUING,
    QUEUING,
  );
}

/** Types hold this for whoever compiles; a stage in plain JavaScript may return anything, and must not pass for it. */
function noOutcome({ name }: Stage): { outcome: "error"; error: Error } {
  const expected =
    "expected continueWith(message), drop(reason) or fail(error), and a promise of it only from a peer stage";
  return { outcome: "error", error: new TypeError(`The stage "${name}" came to no outcome: ${expected}`) };
}

function attempt(stage: StreamStage, message: Message, context: StageContext): StageResult {
  try {
    return stage.process(message, context);
  } catch (thrown) {
    return fail(toError(thrown));
  }
}

function attemptPeer(
  stage: PeerStage,
  message: Message,
  context: StageContext,
): StageResult | Promise<StageResult> {
  try {
    const result = stage.process(message, context);
    return result instanceof Promise ? result.catch((thrown) => fail(toError(thrown))) : result;
  } catch (thrown) {
    return fail(toError(thrown));
  }
}
