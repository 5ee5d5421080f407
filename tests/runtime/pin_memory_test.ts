import { assertEquals } from "@std/assert";
import { recallPins } from "../../runtime/memory.ts";
import { PASSING_WRITES_PER_MINUTE, PinMemory } from "../../runtime/pin_memory.ts";
import { MemoryStore } from "../../runtime/primitives/memory_store.ts";
import { VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { Keyring } from "../../utilities/keyring.ts";
import { publicKeyOf } from "../../utilities/public_key.ts";

const key = publicKeyOf(new Uint8Array(32).fill(1));
const pinOf = (id: string, metDays?: number) => ({ id, key, ours: false, metDays, metDay: metDays });

function opened() {
  const [file, clock] = [new MemoryStore(), new VirtualClock()];
  const recalled = () => {
    const keyring = new Keyring();
    recallPins(file, keyring);
    return [...keyring.pins()].map(({ id }) => id);
  };
  return { clock, memory: new PinMemory(file, clock), recalled };
}

Deno.test("PinMemory keeps every pin at an honest pace, and forgets what it is told to", () => {
  const { memory, recalled } = opened();
  for (const id of ["a", "b", "c"]) memory.keep(pinOf(id));
  memory.forget("b");
  memory.forget("nobody");
  assertEquals(recalled(), ["a", "c"]);
});

Deno.test("PinMemory writes down no more of a crowd than so many a minute, and everybody who was met", async () => {
  const { clock, memory, recalled } = opened();
  for (let count = 0; count < 5_000; count++) memory.keep(pinOf(`s${count}`));
  memory.keep(pinOf("friend", 1));
  assertEquals(recalled().length, PASSING_WRITES_PER_MINUTE + 1);
  memory.keep(pinOf("s4999", 1));
  assertEquals(recalled().includes("s4999"), true, "it was met later");
  await clock.advance(60_000);
  memory.keep(pinOf("late"));
  assertEquals(recalled().includes("late"), true);
});

Deno.test("PinMemory leaves nothing behind of what was written, renamed in a crowd, and forgotten", () => {
  const { memory, recalled } = opened();
  memory.keep(pinOf("first"));
  for (let count = 0; count < 5_000; count++) memory.keep(pinOf(`s${count}`));
  memory.keep({ ...pinOf("first"), name: "new" });
  memory.forget("first");
  assertEquals(recalled().includes("first"), false);
});
