/**
 * R33 and R35: peers that answer with nonsense, or not at all, cost a call its deadline and themselves their standing.
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CallError } from "../../runtime/call_error.ts";
import { MemoryLedger } from "../../runtime/ledger/memory_ledger.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { MeshError } from "../../runtime/transport/mesh.ts";
import { assertBalanced, totalsOf } from "../helpers/books.ts";
import { fakePeer, LOCAL } from "../helpers/http_mesh.ts";
import { answer, note, question, Recorder } from "../helpers/kinds.ts";
import { Answering, attackedNara, HonestClient } from "../helpers/honest_client.ts";
import { lacking } from "../helpers/permissions.ts";
import { alice, mallory, me, naraNamed } from "../helpers/stage_context.ts";

const encoder = new TextEncoder();

/** A body without an end. */
function endless(text: string): ReadableStream<Uint8Array> {
  const chunk = encoder.encode(text.repeat(16_384 / text.length));
  return new ReadableStream({ pull: (body) => body.enqueue(chunk.slice()) });
}

/** What a peer may answer that is no answer. */
const GARBAGE: Readonly<Record<string, () => Response>> = {
  "text": () => new Response("hello"),
  "a page": () => new Response("<html>ok</html>", { headers: { "content-type": "text/html" } }),
  "200 with an error": () => Response.json({ error: "failed" }),
  "200 with a receipt of another form": () => Response.json({ outcome: 7 }),
  "200 with a list": () => Response.json([{ outcome: "handled" }]),
  "200 with null": () => Response.json(null),
  "a receipt that breaks off": () => new Response('{"outcome":"hand'),
  "bytes": () => new Response(crypto.getRandomValues(new Uint8Array(4_096))),
  "an endless body": () => new Response(endless("garbage ")),
  "an endless receipt": () => new Response(endless('{"outcome":"drop"}')),
  "500": () => new Response("oops", { status: 500 }),
  "404": () => new Response("no", { status: 404 }),
  "204": () => new Response(null, { status: 204 }),
  "a redirect": () => new Response(null, { status: 307, headers: { location: "http://127.0.0.1:1/" } }),
};

/** Takes connections and requests; answers each connection's requests with `answers` in turn, and those after them with silence. */
class BlackHole {
  readonly #answers: readonly string[];
  readonly #connections: Promise<void>[] = [];
  readonly #accepting: Promise<void>;
  requests = 0;

  constructor(listener: Deno.TcpListener, answers: readonly string[]) {
    this.#answers = answers;
    this.#accepting = this.#accept(listener);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for await (const connection of listener) this.#connections.push(this.#swallow(connection));
  }

  async #swallow(connection: Deno.TcpConn): Promise<void> {
    const decoder = new TextDecoder();
    let answered = 0;
    let text = "";
    try {
      for await (const chunk of connection.readable.values({ preventCancel: true })) {
        text += decoder.decode(chunk, { stream: true });
        const [head, body] = text.split("\r\n\r\n");
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Infinity);
        if (body === undefined || encoder.encode(body).length < length) continue;
        text = "";
        this.requests++;
        await connection.write(encoder.encode(this.#answers[answered++] ?? ""));
      }
      connection.close();
    } catch {
      // The other side went away, which may be heard of as an error.
    }
  }

  /** Everybody has left. */
  async closed(): Promise<void> {
    await this.#accepting;
    await Promise.all(this.#connections);
  }
}

/** A nara that takes `address` for alice's, and all that it keeps. */
async function opened(address: string, requestMs = 5_000) {
  const [store, ledger, clock] = [new MemoryStore(), new MemoryLedger(), new VirtualClock()];
  const recorder = new Recorder(note, question, answer);
  const runtime = await createRuntime({
    identity: me,
    clock,
    store,
    ledger,
    services: [recorder],
    mesh: httpMesh({ listen: LOCAL, requestMs, frameBytesMax: 65_536 }),
  });
  await runtime.start();
  runtime.keyring.pin(alice.id, alice.keypair.publicKey, alice.name);
  runtime.keyring.markOurs(alice.id);
  runtime.peers.prove(alice.id, address, alice.name);
  return {
    runtime,
    clock,
    ledger,
    rt: recorder.rt,
    view: () => runtime.peers.view().find(({ id }) => id === alice.id)!,
    inUse: (name: string) => runtime.limits.all().find((limit) => limit.name === name)!.inUse(),
    [Symbol.asyncDispose]: async () => {
      await runtime.stop();
      assertBalanced(runtime);
    },
  };
}

const emitted = (runtime: Runtime, kind: string) => totalsOf(runtime, "emit", kind);

for (const [what, respond] of Object.entries(GARBAGE)) {
  Deno.test({
    name: `R35 Runtime counts ${what} for an answer as an error, thinks less of the peer, and keeps nothing`,
    ignore: lacking("net"),
    fn: async () => {
      await using fake = fakePeer(respond);
      await using made = await opened(fake.address);
      const before = made.view().score;
      const asked = made.rt.call(question.draft({ text: "well?" }, { to: alice.id }), answer, {
        deadlineMs: 60_000,
      });
      const { code } = await assertRejects(() => asked, MeshError);
      assertEquals(code, "unreachable");
      assertEquals(emitted(made.runtime, question.kind).errored, { mesh: 1 });
      assertEquals([made.runtime.calls.size, made.inUse("http.sending"), made.ledger.stats().messages], [
        0,
        0,
        0,
      ]);
      assert(made.view().score <= before - 20, `${before} became ${made.view().score}`);
      assertEquals(made.view().state, "away");
    },
  });
}

Deno.test({
  name:
    "R35 Runtime shuns a peer that goes on answering nonsense, and tries it no more than the breaker lets through",
  ignore: lacking("net"),
  fn: async () => {
    await using fake = fakePeer(() => new Response("nonsense"));
    await using made = await opened(fake.address);
    for (let tries = 0; tries < 200; tries++) {
      await made.rt.emit(note.draft({ text: "hello?" }, { to: alice.id })).catch(() => {});
      await made.clock.advance(1_000);
    }
    assertEquals([made.view().state, made.runtime.peers.proven()], ["shunned", []]);
    assert(fake.requests.length < 12, `${fake.requests.length} of 200 went out`);
  },
});

Deno.test({
  name:
    "R35 Runtime thinks less of a peer that answers with a forged reply, and nothing less of whom it names",
  ignore: lacking("net"),
  fn: async () => {
    const forged = { ...mallory, id: alice.id, name: alice.name };
    await using fake = fakePeer(async (request) => {
      const { id } = await request.json();
      const draft = { ...answer.draft({ text: "42" }, { to: me.id }), inReplyTo: id };
      const frame = await signedFrame(draft, { from: forged, spec: answer.spec, atNs: made.clock.nowNs() });
      return new Response(`{"outcome":"handled","reply":${new TextDecoder().decode(frame)}}`);
    });
    await using made = await opened(fake.address);
    const before = made.view().score;
    const asked = made.rt.call(question.draft({ text: "well?" }, { to: alice.id }), answer, {
      deadlineMs: 1_000,
    });
    const failed = assertRejects(() => asked, CallError, "no test:answer came");
    while (totalsOf(made.runtime, "receive", answer.kind).entered === 0) await settled();
    await made.clock.advance(1_000);
    await failed;
    assertEquals(totalsOf(made.runtime, "receive", answer.kind).dropped, { invalid_signature: 1 });
    assertEquals(made.view().score <= before - 20, true);
    assertEquals(made.ledger.stats().messages, 0);
  },
});

Deno.test({
  name:
    "R33 Runtime gives up on a peer that takes a connection and says nothing, at the deadline of the call",
  ignore: lacking("net"),
  fn: async () => {
    using listener = Deno.listen({ ...LOCAL });
    const open: Deno.TcpConn[] = [];
    const accepting = (async () => {
      for await (const connection of listener) open.push(connection);
    })();
    {
      await using made = await opened(`http://127.0.0.1:${listener.addr.port}`);
      const ask = (deadlineMs: number) =>
        made.rt.call(question.draft({ text: "well?" }, { to: alice.id }), answer, { deadlineMs });
      const early = assertRejects(() => ask(3_000), CallError, "within 3000 ms");
      const late = assertRejects(() => ask(60_000), MeshError, "no answer within 5000 ms");
      while (open.length < 2) await settled();
      await made.clock.advance(2_999);
      assertEquals(made.runtime.calls.size, 2);
      await made.clock.advance(1);
      await early;
      assertEquals([made.runtime.calls.size, made.inUse("calls.waiting")], [1, 1]);
      await made.clock.advance(2_000);
      await late;
      assertEquals([made.runtime.calls.size, made.inUse("http.sending"), made.view().state], [0, 0, "away"]);
      assertEquals(emitted(made.runtime, question.kind).errored, { mesh: 2 });
    }
    listener.close();
    await accepting;
    for (const connection of open) connection.close();
  },
});

/** What a peer may say before it falls silent, in answer to its second request. */
const SILENCES: Readonly<Record<string, string>> = {
  "that answered once and then says nothing on the same connection": "",
  "that says half a head": "HTTP/1.1 200 OK\r\ncontent-ty",
  "that says a head, and not the body that it announces": "HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n",
  "that says half a body": 'HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n{"outcome":',
};
const GOOD = 'HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{"outcome":"handled"}';

for (const [who, last] of Object.entries(SILENCES)) {
  Deno.test({
    name: `R33 Runtime gives up on a peer ${who}, at the deadline of the call`,
    ignore: lacking("net"),
    fn: async () => {
      using listener = Deno.listen({ ...LOCAL });
      const hole = new BlackHole(listener, [GOOD, last]);
      {
        await using made = await opened(`http://127.0.0.1:${listener.addr.port}`);
        const { outcome } = await made.rt.emit(note.draft({ text: "first" }, { to: alice.id }));
        assertEquals(outcome, "sent");
        const draft = question.draft({ text: "well?" }, { to: alice.id });
        const failed = assertRejects(
          () => made.rt.call(draft, answer, { deadlineMs: 3_000 }),
          CallError,
          "within 3000 ms",
        );
        while (hole.requests < 2) await settled();
        await made.clock.advance(2_999);
        assertEquals(made.runtime.calls.size, 1);
        await made.clock.advance(1);
        await failed;
        assertEquals(made.runtime.calls.size, 0);
        await made.clock.advance(2_000);
        assertEquals([made.inUse("http.sending"), made.view().state], [0, "away"]);
      }
      listener.close();
      await hole.closed();
    },
  });
}

Deno.test({
  name: "R33 an honest client is served beside peers that take a connection and say nothing",
  ignore: lacking("net"),
  fn: async () => {
    using listener = Deno.listen({ ...LOCAL });
    const hole = new BlackHole(listener, []);
    {
      await using runtime = await attackedNara();
      await using honest = await HonestClient.of(runtime);
      const { rt } = runtime.service(Answering);
      runtime.keyring.pin(alice.id, alice.keypair.publicKey, alice.name);
      const asked: Promise<unknown>[] = [];
      await honest.assertServedBeside(() => {
        runtime.peers.prove(alice.id, `http://127.0.0.1:${listener.addr.port}`, alice.name);
        const draft = question.draft({ text: "well?" }, { to: alice.id });
        asked.push(assertRejects(() => rt.call(draft, answer, { deadlineMs: 100 })));
      });
      await Promise.all(asked);
      assert(hole.requests > 0);
      assertEquals(runtime.calls.size, 0);
    }
    listener.close();
    await hole.closed();
  },
});

Deno.test({
  name: "R35 an honest client is served beside peers that answer with every sort of nonsense",
  ignore: lacking("net"),
  fn: async () => {
    await using fakes = new AsyncDisposableStack();
    const peers = await Promise.all(
      Object.entries(GARBAGE).map(async ([what, respond]) => ({
        identity: await naraNamed(what),
        ...fakes.use(fakePeer(respond)),
      })),
    );
    await using runtime = await attackedNara();
    await using honest = await HonestClient.of(runtime);
    const { rt } = runtime.service(Answering);
    for (const { identity: { id, keypair } } of peers) runtime.keyring.pin(id, keypair.publicKey);
    let count = 0;
    await honest.assertServedBeside(async () => {
      const { identity: { id }, address } = peers[count++ % peers.length];
      runtime.peers.prove(id, address); // Or the breaker would let hardly anything through.
      const draft = question.draft({ text: "well?" }, { to: id });
      await assertRejects(() => rt.call(draft, answer, { deadlineMs: 5_000 }));
    });
    for (const { requests, identity: { id } } of peers) {
      assert(requests.length > 0);
      assert(runtime.peers.view().find((peer) => peer.id === id)!.score < 0);
    }
  },
});

Deno.test({
  name: "R33 Runtime gives up on a peer whose connection never opens, and holds nothing for it",
  ignore: lacking("net"),
  fn: async () => {
    using listener = Deno.listen({ ...LOCAL, tcpBacklog: 0 });
    const { port } = listener.addr;
    using _first = await Deno.connect({ ...LOCAL, port }); // It fills the queue: the next one hangs.
    await using made = await opened(`http://127.0.0.1:${port}`);
    const asked = made.rt.call(question.draft({ text: "well?" }, { to: alice.id }), answer, {
      deadlineMs: 60_000,
    });
    const failed = assertRejects(() => asked, MeshError);
    const idle = made.clock.pending;
    while (made.clock.pending <= idle) await settled();
    await settled();
    await made.clock.advance(5_000);
    assertEquals((await failed).code, "unreachable");
    assertEquals([made.runtime.calls.size, made.inUse("http.sending"), made.view().state], [0, 0, "away"]);
  },
});
