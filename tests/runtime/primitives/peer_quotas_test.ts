import { assertEquals, assertThrows } from "@std/assert";
import { type PeerQuotaOptions, PeerQuotas } from "../../../runtime/primitives/peer_quotas.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";

function quotas(options: PeerQuotaOptions) {
  const clock = new VirtualClock();
  return { clock, quotas: new PeerQuotas(clock, options) };
}

Deno.test("PeerQuotas takes so many messages of one peer in a minute, and of each other as many", async () => {
  const { clock, quotas: made } = quotas({ messagesPerMinute: 60 });
  const taken = (id: string, count: number) =>
    Array.from({ length: count }, () => made.take(id, 1)).filter(Boolean);
  assertEquals([taken("a", 100).length, taken("b", 100).length], [60, 60]);
  await clock.advance(1_000);
  assertEquals(taken("a", 10).length, 1, "they fill up evenly");
  await clock.advance(3_600_000);
  assertEquals(taken("a", 100).length, 60, "and not above the brim");
});

Deno.test("PeerQuotas counts copies only as long as less than half is used", () => {
  const { quotas: made } = quotas({ messagesPerMinute: 10 });
  const copies = Array.from({ length: 100 }, () => made.take("a", 1, () => true));
  assertEquals(copies.every(Boolean), true);
  assertEquals(Array.from({ length: 6 }, () => made.take("a", 1)), [true, true, true, true, true, false]);
});

Deno.test("PeerQuotas takes so many bytes of one peer in a minute", async () => {
  const { clock, quotas: made } = quotas({ bytesPerMinute: 6_000 });
  assertEquals([made.take("a", 5_000), made.take("a", 1_001), made.take("a", 1_000)], [true, false, true]);
  await clock.advance(10_000);
  assertEquals([made.take("a", 1_001), made.take("a", 1_000)], [false, true]);
});

Deno.test("PeerQuotas shows its bounds, how much the busiest peer uses, and how often they were met", () => {
  const { quotas: made } = quotas({ messagesPerMinute: 2, bytesPerMinute: 100 });
  made.take("a", 60);
  made.take("a", 60);
  made.take("a", 10);
  made.take("a", 10);
  const rows = made.limits().map(({ name, max, inUse, overflows }) => [name, max, inUse(), overflows()]);
  assertEquals(rows, [["peers.quota.messages", 2, 2, 1], ["peers.quota.bytes", 100, 70, 1]]);
});

Deno.test("PeerQuotas remembers no more peers than it may", () => {
  const { quotas: made } = quotas({ messagesPerMinute: 1, peersMax: 2 });
  assertEquals(["a", "a", "b", "c", "b", "a"].map((id) => made.take(id, 1)), [
    true,
    false,
    true,
    true,
    false,
    true,
  ]);
});

Deno.test("PeerQuotas refuses bounds that are none", () => {
  for (const wrong of [{ messagesPerMinute: 0 }, { bytesPerMinute: 1.5 }, { peersMax: -1 }]) {
    assertThrows(() => quotas(wrong), RangeError, "must be a positive whole number");
  }
});
