import { timesOf } from "../../helpers/times.ts";
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type Context, type Span, type SpanOptions, trace, type TracerProvider } from "@opentelemetry/api";
import type { Passage } from "../../../runtime/primitives/journal.ts";
import { createTracer, rootSpanIdOf, traceIdOf } from "../../../runtime/primitives/tracing.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { lacking } from "../../helpers/permissions.ts";
import { messageOf } from "../../helpers/stage_context.ts";

/** A span as it was made. */
interface Made {
  readonly name: string;
  readonly options: SpanOptions;
  readonly traceId: string;
  readonly parentId: string | undefined;
  readonly spanId: string;
  status?: unknown;
  endMs?: unknown;
}

/** A provider that keeps what is made. Dispose of it to register none. */
function provider(): { made: Made[] } & Disposable {
  const made: Made[] = [];
  const startSpan = (name: string, options: SpanOptions = {}, context?: Context): Span => {
    const parent = context && trace.getSpanContext(context);
    const spanId = String(made.length + 1).padStart(16, "0");
    const traceId = parent?.traceId ?? "";
    const span: Made = { name, options, traceId, parentId: parent?.spanId, spanId };
    made.push(span);
    return {
      spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
      setStatus: (status: unknown) => void (span.status = status),
      end: (endMs: unknown) => void (span.endMs = endMs),
    } as unknown as Span;
  };
  const registered: TracerProvider = { getTracer: () => ({ startSpan }) as never };
  assert(trace.setGlobalTracerProvider(registered));
  return { made, [Symbol.dispose]: () => trace.disable() };
}

function passage(parts: Partial<Passage> = {}): Passage {
  return {
    message: messageOf(),
    direction: "receive",
    passed: timesOf(100, ["target", "verify"], [0, 2.5]),
    outcome: "done",
    ...parts,
  };
}

Deno.test("traceIdOf() and rootSpanIdOf() give every nara the same numbers for a message, and others for another", () => {
  assertEquals(traceIdOf("4VhbKpFeRz6dXUMx"), traceIdOf("4VhbKpFeRz6dXUMx"));
  assertMatch(traceIdOf("4VhbKpFeRz6dXUMx"), /^[0-9a-f]{32}$/);
  assertMatch(rootSpanIdOf("4VhbKpFeRz6dXUMx"), /^[0-9a-f]{16}$/);
  assertNotEquals(traceIdOf("4VhbKpFeRz6dXUMx"), traceIdOf("4VhbKpFeRz6dXUMy"));
  assertNotEquals(traceIdOf("4VhbKpFeRz6dXUMx").slice(0, 16), rootSpanIdOf("4VhbKpFeRz6dXUMx"));
});

Deno.test("Tracer.span() joins emit here and handler there without anything that travels", async () => {
  using spans = provider();
  const [here, there] = [
    await createTracer({ clock: new VirtualClock() }),
    await createTracer({ clock: new VirtualClock() }),
  ];
  const { id } = messageOf();
  here.span(passage({ direction: "emit", passed: timesOf(100, ["id", "sign", "mesh"], [0, 2.5, 0]) }));
  there.span(passage({ handlerMs: 4 }));
  const [emit, receive, handle] = spans.made;
  assertEquals(spans.made.map(({ name }) => name), [
    "nara.emit test:note",
    "nara.receive test:note",
    "nara.handle test:note",
  ]);
  assertEquals(spans.made.map(({ traceId }) => traceId), Array.from({ length: 3 }, () => traceIdOf(id)));
  assertEquals([emit.parentId, receive.parentId, handle.parentId], [
    rootSpanIdOf(id),
    rootSpanIdOf(id),
    receive.spanId,
  ]);
});

Deno.test("Tracer.span() says when, what and how it ended", async () => {
  using spans = provider();
  const clock = new VirtualClock();
  await clock.advance(500);
  const tracer = await createTracer({ clock });
  const message = messageOf();
  tracer.span(passage({ handlerMs: 4, peer: "10.0.0.7:7433" }));
  tracer.span(passage({ outcome: "drop", stage: "verify", reason: "unknown_sender" }));
  tracer.span(passage({ outcome: "retrying", stage: "verify", error: new Error("x".repeat(1_000)) }));
  const [receive, handle, dropped, failed] = spans.made;
  const enteredMs = Number(clock.nowNs() / 1_000_000n) - clock.monotonicMs() + 100;
  assertEquals([receive.options.startTime, receive.endMs], [enteredMs, enteredMs + 6.5]);
  assertEquals([handle.options.startTime, handle.endMs], [enteredMs + 2.5, enteredMs + 6.5]);
  assertEquals(receive.options.attributes, {
    "nara.id": message.id,
    "nara.kind": "test:note",
    "nara.from": message.fromId,
    "nara.to": message.toId!,
    "nara.outcome": "done",
    "nara.peer": "10.0.0.7:7433",
  });
  assertEquals([dropped.options.attributes?.["nara.stage"], dropped.options.attributes?.["nara.reason"]], [
    "verify",
    "unknown_sender",
  ]);
  assertEquals([receive.status, dropped.status, failed.status], [
    undefined,
    undefined, // A drop is an outcome, not a failure.
    { code: 2, message: "x".repeat(400) },
  ]);
});

Deno.test("Tracer.span() links a reply to the trace of its request", async () => {
  using spans = provider();
  const tracer = await createTracer({ clock: new VirtualClock() });
  const reply = messageOf({ kind: "test:answer", inReplyTo: "4VhbKpFeRz6dXUMx" });
  tracer.span(passage({ message: reply }));
  const [{ options: { links }, traceId }] = spans.made;
  assertEquals(links?.map(({ context }) => [context.traceId, context.spanId]), [
    [traceIdOf("4VhbKpFeRz6dXUMx"), rootSpanIdOf("4VhbKpFeRz6dXUMx")],
  ]);
  assertEquals(traceId, traceIdOf(reply.id));
});

Deno.test("Tracer.span() never throws at whoever settles a message", async () => {
  using spans = provider();
  const tracer = await createTracer({ clock: new VirtualClock() });
  tracer.span(passage({ message: undefined as never }));
  assertEquals(spans.made, []);
});

Deno.test("createTracer() makes spans that go nowhere where nobody registered a provider", async () => {
  const tracer = await createTracer({ clock: new VirtualClock() });
  tracer.span(passage());
});

/** A program that makes the spans of one message. */
const PROGRAM = `
  const { createTracer } = await import(${
  JSON.stringify(import.meta.resolve("../../../runtime/primitives/tracing.ts"))
});
  const { Message } = await import(${JSON.stringify(import.meta.resolve("../../../messages/message.ts"))});
  const { systemClock } = await import(${JSON.stringify(import.meta.resolve("../../../utilities/clock.ts"))});
  const { Times } = await import(${JSON.stringify(import.meta.resolve("../../../runtime/times.ts"))});
  const tracer = await createTracer({ clock: systemClock });
  const message = new Message({ kind: "test:note", version: 1, fromId: "alice", timestamp: "2026-01-15T10:20:30Z",
    payload: {}, payloadJson: "{}", id: "4VhbKpFeRz6dXUMx", inReplyTo: "5VhbKpFeRz6dXUMx" });
  const passed = new Times(performance.now() - 10, { stages: ["verify"], waits: [1] });
  for (const ms of [0, 2]) passed.mark(passed.enteredMs + ms);
  passed.end(passed.enteredMs + 2);
  tracer.span({ message, direction: "receive", passed,
    handlerMs: 4, outcome: "error", stage: "handler", error: new Error("boom") });
`;

Deno.test({
  name: "Tracer's spans leave a nara that runs with OTEL_DENO=true, to any collector",
  ignore: lacking("net", "run", "env", "read"),
  fn: async () => {
    const bodies: string[] = [];
    const arrived = Promise.withResolvers<void>();
    await using collector = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        const body = await request.text();
        if (pathname === "/v1/traces") bodies.push(body);
        if (bodies.length > 0) arrived.resolve();
        return Response.json({});
      },
    );
    const child = await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--no-check",
        "--config",
        new URL("../../../deno.json", import.meta.url).pathname,
        PROGRAM,
      ],
      env: {
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_SERVICE_NAME: "nara-test",
      },
      stderr: "piped",
    }).output();
    assertEquals([child.code, new TextDecoder().decode(child.stderr)], [0, ""]);
    await arrived.promise;
    const spans = bodies.flatMap((body) => spansIn(JSON.parse(body)));
    assertEquals(spans.map(({ name }) => name).sort(), ["nara.handle test:note", "nara.receive test:note"]);
    const receive = spans.find(({ name }) => name.startsWith("nara.receive"))!;
    const handle = spans.find(({ name }) => name.startsWith("nara.handle"))!;
    assertEquals([receive.traceId, handle.traceId], [traceIdOf("4VhbKpFeRz6dXUMx"), receive.traceId]);
    assertEquals([receive.parentSpanId, handle.parentSpanId], [
      rootSpanIdOf("4VhbKpFeRz6dXUMx"),
      receive.spanId,
    ]);
    assertEquals(receive.links.map(({ traceId }) => traceId), [traceIdOf("5VhbKpFeRz6dXUMx")]);
    assertEquals(receive.status.message, "boom");
    assertEquals(Math.round((Number(receive.endTimeUnixNano) - Number(receive.startTimeUnixNano)) / 1e6), 6);
  },
});

/** A span as OTLP writes it in JSON. */
interface WireSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly links: readonly { readonly traceId: string }[];
  readonly status: { readonly message: string };
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

function spansIn(
  { resourceSpans }: { resourceSpans: { scopeSpans: { spans: WireSpan[] }[] }[] },
): WireSpan[] {
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}
