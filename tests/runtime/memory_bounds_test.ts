/**
 * What a stranger can make a nara keep in memory.
 * @module
 */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { decodeEnvelope, decodeMessage, encodeEnvelope, type Message } from "../../runtime/mod.ts";
import { MockRuntime, signedMessage } from "../../runtime/testing/mod.ts";
import { heyThere, HeyThereV1, PresenceService } from "../../services/presence/mod.ts";

Deno.test("Runtime keeps nothing of a frame but its message, once that is verified", async () => {
  const kept: Message[] = [];
  await using mock = await MockRuntime.create({
    services: [new PresenceService()],
    tap: (message) => void (message.kind === heyThere.kind && kept.push(message)),
  });
  const ada = await mock.stranger("ada");
  const draft = heyThere.draft({ public_key: ada.keypair.publicKey, started_at: 1 });
  await mock.deliver(draft, { from: ada });
  assertEquals(kept.length, 1);
  assertStrictEquals(kept[0].signedEnvelope, undefined);
});

Deno.test("decodeMessage() keeps the payload as it writes it, and no part of the frame's text", async () => {
  await using mock = await MockRuntime.create();
  const ada = await mock.stranger("ada");
  const draft = heyThere.draft({ public_key: ada.keypair.publicKey, started_at: 1 });
  const message = await signedMessage(draft, { from: ada, spec: heyThere.spec, atNs: mock.clock.nowNs() });
  const again = decodeMessage(decodeEnvelope(encodeEnvelope(message)), HeyThereV1);
  assertEquals(again.payloadJson, message.payloadJson);
});
