import { assertEquals } from "@std/assert";
import { MockRuntime } from "@nara/nara/testing";
import { offer, TeaService, thanks } from "./tea.ts";

Deno.test("TeaService takes any tea but camomile", async () => {
  await using mock = await MockRuntime.create({ services: [new TeaService()] });
  const ada = await mock.peer("ada");

  await mock.deliver(offer.draft({ sort: "mint" }, { to: mock.runtime.me.id }), { from: ada });
  assertEquals(mock.last(thanks).payload, { taken: true });

  await mock.deliver(offer.draft({ sort: "camomile" }, { to: mock.runtime.me.id }), { from: ada });
  assertEquals(mock.last(thanks).payload, { taken: false });
});

Deno.test("TeaService.offer() resolves with what the other side answers", async () => {
  await using mock = await MockRuntime.create({ services: [new TeaService()] });
  const ada = await mock.peer("ada");

  const taken = mock.service(TeaService).offer(ada.id, "mint");
  const [request] = await mock.waitFor(offer);
  await mock.answer(request, thanks, { taken: true }, { from: ada });
  assertEquals(await taken, true);
});
