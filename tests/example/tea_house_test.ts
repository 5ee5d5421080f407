import { assertEquals } from "@std/assert";
import { MockRuntime } from "@nara/nara/testing";
import { cup, gift, TeaHouse } from "./tea_house.ts";

/** Ada asks for some cups, one after the other. */
async function order(mock: MockRuntime, cups: number): Promise<string[]> {
  const ada = await mock.peer("ada");
  const outcomes: string[] = [];
  for (let count = 0; count < cups; count++) {
    const draft = cup.draft({ sort: "mint" }, { to: mock.runtime.me.id });
    outcomes.push((await mock.deliver(draft, { from: ada })).receipt.outcome);
  }
  return outcomes;
}

Deno.test("TeaHouse counts every cup, and gives one away with the tenth", async () => {
  await using mock = await MockRuntime.create({ services: [new TeaHouse()] });
  const ada = await mock.peer("ada");

  await order(mock, 10);
  const [given] = await mock.waitFor(gift);
  assertEquals([given.toId, given.payload], [ada.id, { cups: 10 }]);
  assertEquals(await mock.service(TeaHouse).cupsOf(ada.id), 10);
});

Deno.test("TeaHouse that fails leaves no half-done work, and a letter that the host can try again", async () => {
  await using mock = await MockRuntime.create({ services: [new TeaHouse()] });
  const { id } = await mock.peer("ada");
  const house = mock.service(TeaHouse);
  const { deadLetters } = mock.runtime;

  house.hasWater = false;
  assertEquals(await order(mock, 1), ["error"]);
  assertEquals(await house.cupsOf(id), 0);
  const [letter] = deadLetters.list().letters;
  assertEquals([letter.kind, letter.stage, letter.error.message], [
    "tea-house:cup",
    "handler",
    "The kettle is empty",
  ]);

  house.hasWater = true;
  assertEquals(await deadLetters.retry(letter.id), { outcome: "handled" });
  assertEquals(await house.cupsOf(id), 1);
  assertEquals(deadLetters.size, 0);
});

Deno.test("TeaHouse keeps a gift for a guest who is away, and sends it when the guest is back", async () => {
  await using mock = await MockRuntime.create({ services: [new TeaHouse()] });
  const { id } = await mock.peer("ada");

  mock.unreachable.add(id);
  await order(mock, 10);
  await mock.clock.advance(60_000);
  assertEquals(mock.ofKind(gift), []);

  mock.unreachable.delete(id);
  await mock.clock.advance(60_000);
  const [given] = await mock.waitFor(gift);
  assertEquals(given.payload, { cups: 10 });
});
