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
import { type Route, Times } from "./times.ts";
import type { Receipt } from "./transport/mesh.ts";

/** How a message left a chain. */
export type ChainResult =
  & { readonly message: Message; readonly passed: Times }
  & (
    | { readonly outcome: "continue"; readonly receipt: Receipt | undefined }
    | { readonly outcome: "drop"; readonly reason: string; readonly stage: string }
    | { readonly outcome: "error"; readonly error: Error; readonly stage: string }
  );

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
interface Fleet {
  readonly route: Route;
  readonly now: () => number;
  readonly onFault: (thrown: unknown) => void;
  /** How many are inside. */
  underWay: number;
  /** When the last one entered. */
  usedMs: number;
}

/** A message on its way through a chain. */
class Carrier {
  message: Message;
  readonly lane: string;
  readonly #fleet: Fleet;
  readonly #times: Times;
  #receipt: Receipt | undefined;
  #done: ((result: ChainResult) => void) | undefined;

  constructor(message: Message, lane: string, fleet: Fleet, done: (result: ChainResult) => void) {
    this.message = message;
    this.lane = lane;
    this.#fleet = fleet;
    this.#times = new Times(fleet.usedMs = fleet.now(), fleet.route);
    this.#done = done;
    fleet.underWay++;
  }

  /** Notes that it begins to wait, or that it has come out. */
  mark(): void {
    this.#times.mark(this.#fleet.now());
  }

  /** Takes a stage's result along. Returns whether the message goes on. */
  take(result: StageResult, stage: Stage): boolean {
    if (result?.outcome === "continue") {
      this.message = result.message;
      if (result.receipt) this.#receipt = result.receipt;
      return true;
    }
    const end = result?.outcome === "drop" || result?.outcome === "error" ? result : noOutcome(stage);
    this.#settle({ ...end, stage: stage.name, message: this.message, passed: this.#times });
    return false;
  }

  /** It passed every stage. */
  finish(): void {
    const { message } = this;
    this.#settle({ outcome: "continue", message, receipt: this.#receipt, passed: this.#times });
  }

  /** It could not even enter. */
  fail(error: Error): void {
    const { message } = this;
    this.#settle({ outcome: "error", error, stage: "pipeline", message, passed: this.#times });
  }

  /** Only the first outcome counts. A throw here would end the chain for every later message. */
  #settle(result: ChainResult): void {
    const fleet = this.#fleet;
    const done = this.#done;
    if (!done) return;
    this.#done = undefined;
    fleet.underWay--;
    this.#times.end(fleet.now(), result.outcome === "continue" ? undefined : result.stage);
    try {
      done(result);
    } catch (thrown) {
      fleet.onFault(thrown);
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
  readonly #fleet: Fleet;
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
    this.#fleet = fleetOf(this.#segments, options);
    const last = this.#segments.at(-1)!;
    // What stands behind the last stage that may wait needs no stream of its own: the chain's end runs it.
    const isInEnd = this.#segments.length > 1 && !last.waiting;
    const passesEnd = isInEnd ? passing(last, options) : () => true;
    const [first, ...rest] = (isInEnd ? this.#segments.slice(0, -1) : this.#segments)
      .map((segment) => toStream(segment, options));
    let end = first.readable;
    for (const stream of rest) end = end.pipeThrough(stream);
    const sink = new WritableStream<Carrier>({
      write(carrier) {
        if (passesEnd(carrier)) carrier.finish();
      },
    }, QUEUING);
    this.#ended = end.pipeTo(sink);
    this.#writer = first.writable.getWriter();
  }

  /**
   * Sends a message through; `done` is called exactly once, with its outcome. It never throws.
   *
   * @param lane The lane that it takes. Left out, the one that its sender or its target gives.
   */
  push(message: Message, done: (result: ChainResult) => void, lane: string = this.#laneOf(message)): void {
    const carrier = new Carrier(message, lane, this.#fleet, done);
    this.#writer.write(carrier).catch((thrown) => carrier.fail(toError(thrown)));
  }

  /** Messages that are inside. */
  get underWay(): number {
    return this.#fleet.underWay;
  }

  /** When the last message entered, or else when it was compiled, by the runtime's monotonic clock. */
  get usedMs(): number {
    return this.#fleet.usedMs;
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

function fleetOf(segments: readonly Segment[], { context, onFault = () => {} }: ChainOptions): Fleet {
  const stages: string[] = [];
  const waits: number[] = [];
  for (const { streaming, waiting } of segments) {
    for (const { name } of waiting ? [...streaming, waiting] : streaming) stages.push(name);
    if (waiting) waits.push(stages.length);
  }
  const now = context.clock.monotonicMs.bind(context.clock);
  return { route: { stages, waits }, now, onFault, underWay: 0, usedMs: now() };
}

/** Takes a carrier through the stages of a segment that never wait. Returns whether it goes on. */
function passing({ streaming }: Segment, { context }: ChainOptions): (carrier: Carrier) => boolean {
  return (carrier) => {
    for (const stage of streaming) {
      if (!carrier.take(attempt(stage, carrier.message, context), stage)) return false;
    }
    return true;
  };
}

function toStream(
  segment: Segment,
  options: ChainOptions,
): TransformStream<Carrier, Carrier> {
  const { waiting } = segment;
  const { context, whenBusy, isOrdered } = options;
  const passes = passing(segment, options);
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
