/**
 * Tracing: a message's way as OpenTelemetry spans, of one trace in all naras that it comes through.
 *
 * Nothing is carried for that: the trace id derives from the message id, and so does the id of the span that all others hang
 * from. It is a place that every nara knows and none reports: the library gives no say over a span's own id. Deno exports the
 * spans by itself where `OTEL_DENO=true` is set; elsewhere whoever registered a provider gets them. The library is loaded by
 * {@linkcode createTracer} and by nothing else.
 * @module
 */
import { hash } from "node:crypto";
import type { Clock } from "../../utilities/clock.ts";
import type { MessageId } from "../../utilities/names.ts";
import type { Passage } from "./journal.ts";

/** Makes spans. */
export interface Tracer {
  /** Makes the spans of a passage: `nara.emit KIND`, or `nara.receive KIND` and in it `nara.handle KIND`. It never throws. */
  span(passage: Passage): void;
}

/** Options of {@linkcode createTracer}. */
export interface TracerOptions {
  /** The runtime's time. */
  readonly clock: Pick<Clock, "nowNs" | "monotonicMs">;
}

/** What is not used of a hash, for the number of a trace has 16 bytes and that of a span 8. */
const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;
const SAMPLED = 1;
const REASON_MAX = 400;

/** The trace of a message: 16 bytes of SHA-256 over a domain and its id, as hex; never zero, which stands for no trace. */
export function traceIdOf(id: MessageId): string {
  return digits("nara:trace:v1\n", id, TRACE_DIGITS);
}

/** The span that all others of a message's trace hang from: 8 bytes of SHA-256 over another domain and its id, as hex. */
export function rootSpanIdOf(id: MessageId): string {
  return digits("nara:span:v1\n", id, SPAN_DIGITS);
}

/** A tracer over whatever provider is registered. Loads the library. */
export async function createTracer({ clock }: TracerOptions): Promise<Tracer> {
  const { ROOT_CONTEXT, SpanStatusCode, trace } = await import("@opentelemetry/api");
  const tracer = trace.getTracer("nara");
  const spanContextOf = (id: MessageId) => ({
    traceId: traceIdOf(id),
    spanId: rootSpanIdOf(id),
    traceFlags: SAMPLED,
    isRemote: true,
  });
  const make = (passage: Passage) => {
    const { message, direction, outcome, handlerMs } = passage;
    const { kind, inReplyTo } = message;
    const [startMs, passedMs, endMs] = timesOf(passage, clock);
    const parent = trace.setSpanContext(ROOT_CONTEXT, spanContextOf(message.id));
    const attributes = attributesOf(passage);
    const links = inReplyTo === undefined ? [] : [{ context: spanContextOf(inReplyTo) }];
    const span = tracer.startSpan(
      `nara.${direction} ${kind}`,
      { startTime: startMs, attributes, links },
      parent,
    );
    const failure = outcome === "error" || outcome === "retrying" || outcome === "queued";
    const status = { code: SpanStatusCode.ERROR, message: reasonOf(passage) ?? outcome };
    if (failure) span.setStatus(status);
    if (handlerMs !== undefined) {
      const within = trace.setSpan(ROOT_CONTEXT, span);
      const handling = tracer.startSpan(
        `nara.handle ${kind}`,
        { startTime: passedMs, attributes },
        within,
      );
      if (failure) handling.setStatus(status);
      handling.end(endMs);
    }
    span.end(endMs);
  };
  return {
    span(passage) {
      try {
        make(passage);
      } catch {
        // A message goes its way whether or not somebody watches.
      }
    },
  };
}

/** When it entered, when it had passed its stages, and when its handler had ended: in milliseconds since 1970. */
function timesOf(
  { passed, handlerMs = 0 }: Passage,
  clock: TracerOptions["clock"],
): [startMs: number, passedMs: number, endMs: number] {
  const offsetMs = Number(clock.nowNs() / 1_000_000n) - clock.monotonicMs();
  const startMs = offsetMs + passed.enteredMs;
  const passedMs = passed.durationsMs().reduce((sum, ms) => sum + ms, startMs);
  return [startMs, passedMs, passedMs + handlerMs];
}

function attributesOf(passage: Passage): Record<string, string> {
  const { message: { id, kind, fromId, toId }, outcome, stage, peer } = passage;
  const all = {
    "nara.id": id,
    "nara.kind": kind,
    "nara.from": fromId,
    "nara.to": toId,
    "nara.outcome": outcome,
    "nara.stage": stage,
    "nara.reason": reasonOf(passage),
    "nara.peer": peer,
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function reasonOf({ reason, error }: Passage): string | undefined {
  return (error?.message ?? reason)?.slice(0, REASON_MAX);
}

function digits(domain: string, id: MessageId, count: number): string {
  const text = hash("sha256", domain + id, "hex").slice(0, count);
  return /[^0]/.test(text) ? text : `${text.slice(1)}1`;
}
