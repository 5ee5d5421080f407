import { assertEquals } from "@std/assert";
import { MemoryLedger } from "../../../runtime/ledger/memory_ledger.ts";
import { messageOf } from "../../helpers/stage_context.ts";

const messages = Array.from({ length: 6 }, (_, at) => messageOf({ payload: { text: `${at}` } }));

function kept(ledger: MemoryLedger): string {
  return messages.map(({ id }, at) => ledger.has(id) ? at : "").join("");
}

Deno.test("MemoryLedger keeps a message once", () => {
  const ledger = new MemoryLedger();
  for (const message of [messages[0], messages[1], messages[0]]) ledger.add(message, 2);
  assertEquals([ledger.size, kept(ledger)], [2, "01"]);
});

Deno.test("MemoryLedger that is full lets the oldest of the least important go", () => {
  const ledger = new MemoryLedger({ messagesMax: 3 });
  const priorities = [3, 1, 3, 4, 0, 1] as const;
  const seen = priorities.map((priority, at) => {
    ledger.add(messages[at], priority);
    return kept(ledger);
  });
  assertEquals(seen, ["0", "01", "012", "012", "124", "145"]);
});

Deno.test("MemoryLedger keeps 20000 messages unless told otherwise", () => {
  const ledger = new MemoryLedger();
  for (let at = 0; at < 20_001; at++) ledger.add(messageOf({ id: `${at}` }), 2);
  assertEquals([ledger.size, ledger.has("0"), ledger.has("1")], [20_000, false, true]);
});
