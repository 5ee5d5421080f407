import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MockRuntime, VirtualClock } from "@nara/nara/testing";
import { DoorService, knock, quietHours } from "./quiet_hours.ts";

const HOUR_MS = 3_600_000;

Deno.test("quietHours() drops what comes at night, and lets it through from the hour on at which night ends", async () => {
  const clock = new VirtualClock("2026-01-15T21:59:59Z");
  await using mock = await MockRuntime.create({ services: [new DoorService()], clock });
  const ada = await mock.peer("ada");
  const knocking = async (loudness: number) => {
    const draft = knock.draft({ loudness }, { to: mock.runtime.me.id });
    return (await mock.deliver(draft, { from: ada })).receipt;
  };

  assertEquals(await knocking(1), { outcome: "handled" });
  await clock.advance(1_000);
  assertEquals(await knocking(2), { outcome: "drop", reason: "x:quiet_hours" });
  await clock.advance(9 * HOUR_MS - 1);
  assertEquals(await knocking(3), { outcome: "drop", reason: "x:quiet_hours" });
  await clock.advance(1);
  assertEquals(await knocking(4), { outcome: "handled" });

  assertEquals(mock.service(DoorService).heard, [1, 4]);
  assertEquals(mock.runtime.books.totals("receive")["door:knock"].dropped, { "x:quiet_hours": 2 });
});

Deno.test("quietHours() stands in the pipeline where its kind put it, in words", async () => {
  await using mock = await MockRuntime.create({ services: [new DoorService()] });
  const { receive } = mock.runtime.describe("door:knock");
  assertStringIncludes(
    receive,
    "at most 3 per sender in any 60 s | quiet_hours: quiet from 22 to 7 h UTC | notify",
  );
});

for (const hour of [-1, 24, 1.5, NaN]) {
  Deno.test(`quietHours() refuses the hour ${hour}`, () => {
    assertThrows(() => quietHours({ from: hour, until: 7 }), RangeError, `Cannot be quiet at ${hour}`);
    assertThrows(() => quietHours({ from: 22, until: hour }), RangeError, `Cannot be quiet at ${hour}`);
  });
}
