import { assert, assertEquals } from "@std/assert";
import { memoryMaxFor } from "../../../runtime/process/memory_mode.ts";
import { MemoryWatch, type MemoryWatchOptions } from "../../../runtime/process/memory_watch.ts";
import { readBytes } from "../../../runtime/process/setting_values.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { systemClock } from "../../../utilities/clock.ts";
import { loggedLines } from "../../helpers/kept.ts";

const MIB = 1024 * 1024;

/** A watch over memory that a test sets. */
function watched(options: Partial<MemoryWatchOptions> = {}) {
  const clock = new VirtualClock();
  const memory = { held: 50, rubbish: 0, collections: 0 };
  const { log, lines } = loggedLines();
  const watch = new MemoryWatch({
    bytesMax: 100,
    clock,
    log,
    bytes: () => memory.held + memory.rubbish,
    collect: () => {
      memory.collections++;
      memory.rubbish = 0;
    },
    ...options,
  });
  const look = async () => {
    await clock.advance(1_000);
    await settled();
  };
  return { watch, memory, clock, look, lines, [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose]() };
}

Deno.test("MemoryWatch is short above its bound, and no more below nine tenths of it", async () => {
  await using made = watched();
  const { watch, memory, look } = made;
  const seen: boolean[] = [];
  for (const held of [100, 101, 91, 90, 95, 101, 89]) {
    memory.held = held;
    await look();
    seen.push(watch.isShort);
  }
  assertEquals(seen, [false, true, true, false, false, true, false]);
  const [limit] = watch.limits();
  assertEquals([limit.name, limit.max, limit.inUse(), limit.overflows()], ["process.memory", 100, 89, 2]);
  assertEquals(made.lines.map((line) => line.split(":")[0]), ["warn", "info", "warn", "info"]);
});

Deno.test("MemoryWatch looks once a second, and has rubbish collected before it says anything", async () => {
  await using made = watched();
  const { watch, memory, look, clock } = made;
  memory.rubbish = 80;
  await clock.advance(999);
  assertEquals(memory.collections, 0);
  await clock.advance(1);
  await settled();
  assertEquals([memory.collections, watch.isShort], [1, false]);
  memory.held = 200;
  for (let second = 0; second < 10; second++) await look();
  assertEquals([memory.collections, watch.isShort], [3, true], "each collection stops all else for a while");
});

Deno.test("MemoryWatch measures the process itself, and gets back from V8 what nobody uses", async () => {
  const sizes: { rubbish: object[] } = { rubbish: [] };
  for (let index = 0; index < 1_000_000; index++) sizes.rubbish.push({ index });
  const { log } = loggedLines();
  const clock = new VirtualClock();
  await using watch = new MemoryWatch({ bytesMax: 1, clock, log });
  const [limit] = watch.limits();
  assert(limit.inUse() > 10 * MIB, `${limit.inUse()} bytes`);
  const before = Deno.memoryUsage().heapUsed;
  sizes.rubbish = [];
  await clock.advance(1_000);
  while (!watch.isShort) await systemClock.sleep(1);
  const after = Deno.memoryUsage().heapUsed;
  assert(after < before - 10 * MIB, `${before} bytes became ${after}`);
});

Deno.test("memoryMaxFor() goes by the mode, and stays below what the process may use", () => {
  const machine = 16 * 1024 * MIB;
  assertEquals(memoryMaxFor("short", 0, machine), 384 * MIB);
  assertEquals(memoryMaxFor("medium", 2 ** 63, machine), 1024 * MIB);
  assertEquals(memoryMaxFor("hog", 0, machine), 2048 * MIB);
  assertEquals(memoryMaxFor("custom", 0, machine), 1024 * MIB);
  assertEquals(memoryMaxFor("medium", 512 * MIB, machine), Math.floor(512 * MIB * 0.85));
  assertEquals(memoryMaxFor("medium", 0, 512 * MIB), Math.floor(512 * MIB * 0.85));
  assertEquals(memoryMaxFor("short", 10 * MIB, machine), 160 * MIB);
});

Deno.test("readBytes() takes a number with a unit, within bounds, and nothing else", () => {
  assertEquals(readBytes("512M"), { value: 512 * MIB });
  assertEquals(readBytes("2g"), { value: 2048 * MIB });
  assertEquals(readBytes("163840K"), { value: 160 * MIB });
  for (
    const text of ["", "512", "159M", "163839K", "2000G", "0.5G", "-1G", "1e9M", "512MB", "99999999999M", "M"]
  ) {
    assert("expected" in readBytes(text), text);
  }
});
