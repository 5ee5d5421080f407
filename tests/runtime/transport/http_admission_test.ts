/**
 * What a port says while it is overloaded, and what whoever asked makes of it.
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { frameSaying } from "../../../runtime/testing/mesh_town.ts";
import { createRuntime } from "../../../runtime/runtime.ts";
import { signedFrame } from "../../../runtime/testing/frames.ts";
import { settled } from "../../../runtime/testing/virtual_clock.ts";
import { httpMesh } from "../../../runtime/transport/http_mesh.ts";
import { MeshError } from "../../../runtime/transport/mesh.ts";
import {
  always,
  fakePeer,
  httpTest,
  httpTown,
  LOCAL,
  post,
  requestsOpen,
  sendTo,
  withScene,
} from "../../helpers/http_mesh.ts";
import { systemClock } from "../../../utilities/clock.ts";
import type { Identity } from "../../../utilities/identity.ts";
import { note, Recorder } from "../../helpers/kinds.ts";
import { lacking } from "../../helpers/permissions.ts";
import { alice, mallory, me } from "../../helpers/stage_context.ts";
import { exchange, postHead, RawClient } from "../../helpers/raw_http.ts";

httpTest(
  "answers 503 with a reason and a time to who asks for more than a share",
  async ({ town, bob, alice }) => {
    const frame = await frameSaying("hello", alice, bob.id);
    const open = [post(bob, frame), post(bob, frame)];
    await requestsOpen(bob, 2);
    const refused = await post(bob, frame);
    assertEquals([refused.status, refused.text], [503, "Too busy: share_of_address\n"]);
    assertEquals(refused.headers.get("retry-after"), "1");
    assertEquals(bob.mesh.refusals!().get(503), 1);
    assertEquals([...bob.mesh.refusalReasons!()], [["share_of_address", 1]]);
    town.answer(bob, always({ outcome: "handled" }));
    for (const answer of open) assertEquals((await answer).status, 200);
    assertEquals((await post(bob, frame)).status, 200);
  },
  { admission: { requestsMax: 4 } },
);

httpTest(
  "keeps the connection of who is refused, and has read what came by it",
  async ({ bob: { mesh } }) => {
    using client = await RawClient.to(mesh);
    for (let count = 0; count < 3; count++) {
      await client.write(postHead(60_000));
      await settled(); // The body comes later than the head.
      await client.write("x".repeat(60_000));
      const answer = await client.answer();
      assertEquals([answer?.status, answer?.body], [503, "Too busy: too_many_bytes\n"]);
    }
    const [large] = await exchange(mesh, `${postHead(100_000)}${"x".repeat(100_000)}`);
    assertEquals(large.status, 503);
    assertMatch(large.head, /\r\nconnection: close\r\n/);
  },
  { admission: { bytesMax: 100 } },
);

let isMemoryShort = false;
httpTest("takes nothing while memory is short, and says to come back later", async ({ town, bob, alice }) => {
  const frame = await frameSaying("hello", alice, bob.id);
  town.answer(bob, always({ outcome: "handled" }));
  isMemoryShort = true;
  const refused = await post(bob, frame);
  assertEquals([refused.status, refused.text], [503, "Too busy: memory_short\n"]);
  assertEquals(refused.headers.get("retry-after"), "5");
  assertEquals((await fetch(`${bob.mesh.address}/ping`).then((answer) => answer.text())).length > 0, true);
  isMemoryShort = false;
  assertEquals((await post(bob, frame)).status, 200);
}, { isMemoryShort: () => isMemoryShort });

Deno.test({
  name: "httpMesh() holds back refusals past the first of a second, for whoever asks again and again",
  ignore: lacking("net"),
  fn: () =>
    withScene(async ({ clock, bob }) => {
      const statuses: number[] = [];
      const asking = Array.from(
        { length: 8 },
        () => post(bob, "x".repeat(9)).then(({ status }) => statuses.push(status)),
      );
      while (statuses.length < 3 || clock.pending === 0) await settled();
      for (let turn = 0; turn < 50; turn++) await settled();
      assertEquals(statuses, [503, 503, 503]);
      await clock.advance(500);
      await Promise.all(asking);
      assertEquals(statuses, Array(8).fill(503));
    }, { guard: false, isMemoryShort: () => true, admission: { promptMax: 3 } }),
});

for (
  const [header, retryAfterMs] of [["3", 3_000], ["86400", 60_000], ["soon", undefined], [
    "-1",
    undefined,
  ]] as const
) {
  Deno.test({
    name: `httpMesh() takes "Retry-After: ${header}" for ${retryAfterMs} ms`,
    ignore: lacking("net"),
    fn: async () => {
      await using town = httpTown();
      const alice = await town.join("alice");
      await using busy = fakePeer(() =>
        new Response("Too busy\n", { status: 503, headers: { "retry-after": header } })
      );
      const error = await assertRejects(() => sendTo(alice, busy), MeshError);
      assertEquals([error.code, error.retryAfterMs], ["peer_busy", retryAfterMs]);
    },
  });
}

Deno.test({
  name: "Runtime tells its mesh by which connection a sender was proven, and counts what its port refused",
  ignore: lacking("net"),
  fn: async () => {
    const recorder = new Recorder(note);
    await using runtime = await createRuntime({
      identity: me,
      services: [recorder],
      mesh: httpMesh({ listen: LOCAL, guard: false }),
    });
    await runtime.start();
    runtime.keyring.pin(alice.id, alice.keypair.publicKey, alice.name);
    const known = () => runtime.limits.all().find(({ name }) => name === "http.senders")!.inUse();
    using client = await RawClient.to(runtime);
    const say = async (from: Identity) => {
      const draft = note.draft({ text: "hello" }, { to: me.id });
      const frame = await signedFrame(draft, { from, spec: note.spec, atNs: systemClock.nowNs() });
      await client.write(new Uint8Array([...new TextEncoder().encode(postHead(frame.length)), ...frame]));
      return (await client.answer())?.body;
    };
    assertEquals(await say(mallory), '{"outcome":"drop","reason":"unknown_sender"}');
    assertEquals(known(), 0, "a claim is no proof");
    assertEquals([await say(alice), known()], ['{"outcome":"handled"}', 1]);
    await (await fetch(`${runtime.address}/nowhere`)).body?.cancel();
    assertMatch(await runtime.metrics.text(), /^nara_mesh_refused_total{reason="no_such_path"} 1$/m);
  },
});
