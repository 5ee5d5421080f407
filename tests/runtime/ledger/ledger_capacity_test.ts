import { assertEquals } from "@std/assert";
import {
  exceedsPriorityZeroShare,
  LEDGER_CAPACITY,
  priorityZeroShare,
} from "../../../runtime/ledger/ledger_capacity.ts";

Deno.test("LEDGER_CAPACITY grows with the memory mode", () => {
  const messages = Object.entries(LEDGER_CAPACITY).map(([mode, { messagesMax }]) => `${mode} ${messagesMax}`);
  assertEquals(messages, ["short 20000", "medium 80000", "hog 320000", "custom 80000"]);
});

Deno.test("priorityZeroShare() is half the capacity, 1% for one sender, and one record in any case", () => {
  assertEquals(priorityZeroShare({ messagesMax: 20_000, bytesMax: 1_000 }), {
    all: { messagesMax: 10_000, bytesMax: 500 },
    perSender: { messagesMax: 200, bytesMax: 10 },
  });
  const { all, perSender } = priorityZeroShare({ messagesMax: 1, bytesMax: 1 });
  assertEquals([all.messagesMax, perSender.messagesMax], [1, 1]);
});

Deno.test("exceedsPriorityZeroShare() counts what would be there with the new record", () => {
  const share = priorityZeroShare({ messagesMax: 200, bytesMax: 1_000 }); // 100 and 500; 2 and 10.
  const exceeds = (all: [number, number], sender: [number, number], bytes: number) =>
    exceedsPriorityZeroShare(share, {
      all: { messages: all[0], bytes: all[1] },
      sender: { messages: sender[0], bytes: sender[1] },
    }, bytes);
  const judged = [
    exceeds([99, 0], [0, 0], 500),
    exceeds([100, 0], [0, 0], 1),
    exceeds([0, 0], [0, 0], 501),
    exceeds([1, 5], [1, 5], 5),
    exceeds([1, 5], [1, 5], 6),
    exceeds([2, 2], [2, 2], 1),
  ];
  assertEquals(judged, [false, true, true, false, true, true]);
});
