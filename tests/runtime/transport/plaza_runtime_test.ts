import { assertEquals } from "@std/assert";
import { createRuntime, type Runtime } from "../../../runtime/runtime.ts";
import { plazaPerNara } from "../../../runtime/stages/transport.ts";
import { broadcastEvent, ephemeral, protocol } from "../../../runtime/templates.ts";
import { eventually } from "../../../runtime/testing/plaza_town.ts";
import { settled } from "../../../runtime/testing/virtual_clock.ts";
import { MemoryPlaza } from "../../../runtime/transport/memory_plaza.ts";
import type { Identity } from "../../../utilities/identity.ts";
import { assertBalanced, totalsOf } from "../../helpers/books.ts";
import { Recorder, type TextBehavior, textSchema } from "../../helpers/kinds.ts";
import { alice, mallory, me } from "../../helpers/stage_context.ts";

const news: TextBehavior = broadcastEvent("test:news", "News", 2, "plaza/news").withVersion(1, textSchema);
const paper: TextBehavior = protocol("test:paper", "One's own paper", "plaza/paper").withVersion(
  1,
  textSchema,
)
  .with({ emit: { transport: plazaPerNara("newspaper/%s") } });
const shout: TextBehavior = ephemeral("test:shout", "A shout", "plaza/shout").withVersion(1, textSchema);

/** A nara on the plaza, without a mesh, that knows the others' keys. */
async function onPlaza(plaza: MemoryPlaza, identity: Identity, plazaRoot?: string): Promise<Runtime> {
  const services = [new Recorder(news, paper, shout)];
  const runtime = await createRuntime({ identity, services, plaza: plaza.join, plazaRoot });
  for (const { id, keypair, name } of [alice, mallory, me]) runtime.keyring.pin(id, keypair.publicKey, name);
  await runtime.start();
  return runtime;
}

const textsOf = (runtime: Runtime) => runtime.service(Recorder).texts;

Deno.test("Runtime on a plaza says broadcasts to everybody there, each once, and nothing to itself", async () => {
  const plaza = new MemoryPlaza();
  await using sender = await onPlaza(plaza, me);
  await using one = await onPlaza(plaza, alice);
  await using other = await onPlaza(plaza, mallory);
  const { rt } = sender.service(Recorder);
  for (const [index, behavior] of [news, paper, shout].entries()) {
    assertEquals((await rt.emit(behavior.draft({ text: `${index}` }))).outcome, "sent");
  }
  const heard = () => [one, other].every((runtime) => textsOf(runtime).length === 3);
  await eventually(heard, "Expected three messages to be handled by both");
  await settled();
  for (const runtime of [one, other]) assertEquals(textsOf(runtime).toSorted(), ["0", "1", "2"]);
  assertEquals(textsOf(sender), []);
  for (const runtime of [sender, one, other]) assertBalanced(runtime);
});

Deno.test("Runtime on a plaza does not hear naras of another root, nor what is no message", async () => {
  const plaza = new MemoryPlaza();
  await using sender = await onPlaza(plaza, me);
  await using far = await onPlaza(plaza, alice, "far");
  await using near = await onPlaza(plaza, mallory);
  const stranger = await plaza.join({
    me: { id: "x", name: "x", publicKey: new Uint8Array(32) },
    clock: { nowNs: () => 0n, monotonicMs: () => 0, sleep: () => Promise.resolve() },
    random: { next: () => 0, bytes: (count) => new Uint8Array(count) },
    root: "nara",
  });
  await stranger.publish("plaza/news", new TextEncoder().encode("{not json"));
  await sender.service(Recorder).rt.emit(news.draft({ text: "hello" }));
  await eventually(() => textsOf(near).length === 1, "Expected the message to be handled");
  assertEquals(totalsOf(far, "receive", "test:news").entered, 0);
  assertEquals(totalsOf(near, "receive", "(unreadable)").dropped, { undecodable: 1 });
  await stranger[Symbol.asyncDispose]();
});

Deno.test("Runtime leaves the plaza when it stops", async () => {
  const plaza = new MemoryPlaza();
  await using sender = await onPlaza(plaza, me);
  const other = await onPlaza(plaza, alice);
  await other.stop();
  await sender.service(Recorder).rt.emit(news.draft({ text: "hello" }));
  assertEquals(textsOf(other), []);
});
