import { assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { Stamper } from "../../../runtime/primitives/stamper.ts";

Deno.test("Stamper.next() is now, where the clock has moved on", () => {
  let nowNs = 1_000n;
  const stamper = new Stamper({ nowNs: () => nowNs });
  assertEquals(stamper.next(), 1_000n);
  nowNs = 5_000n;
  assertEquals(stamper.next(), 5_000n);
});

Deno.test("Stamper.next() never gives the same instant twice, however the clock stands still or goes back", () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 50n }), { minLength: 1 }), (times) => {
      let nowNs = 0n;
      const stamper = new Stamper({ nowNs: () => nowNs });
      let last = 0n;
      for (nowNs of times) {
        const stamp = stamper.next();
        assertGreater(stamp, last);
        assertEquals(stamp, nowNs > last ? nowNs : last + 1n);
        last = stamp;
      }
    }),
    { seed: 20261121 },
  );
});
