import { assert, assertEquals } from "@std/assert";
import { detectMemoryMode, memoryModeFor } from "../../../runtime/process/memory_mode.ts";

const MIB = 1024 * 1024;
const TOTAL = 16 * 1024 * MIB;

Deno.test("memoryModeFor() follows the limit of the process", () => {
  assertEquals(memoryModeFor(1, TOTAL), "short");
  assertEquals(memoryModeFor(384 * MIB, TOTAL), "short");
  assertEquals(memoryModeFor(384 * MIB + 1, TOTAL), "medium");
  assertEquals(memoryModeFor(1024 * MIB, TOTAL), "medium");
  assertEquals(memoryModeFor(1024 * MIB + 1, TOTAL), "hog");
  assertEquals(memoryModeFor(TOTAL, TOTAL), "hog");
});

Deno.test("memoryModeFor() knows nothing where there is no limit", () => {
  for (const limit of [0, NaN, TOTAL + 1, 2 ** 63]) {
    assertEquals(memoryModeFor(limit, TOTAL), "medium", `${limit}`);
  }
});

Deno.test("detectMemoryMode() asks for no permission", () => {
  assert(["short", "medium", "hog"].includes(detectMemoryMode()));
});
