import { assertEquals } from "@std/assert";
import { Lives } from "../../../services/stash/lives.ts";

Deno.test("Lives.hasBegunAnew() notices a later start, once, and never an earlier one", () => {
  const lives = new Lives();
  const heard = [10, 10, 20, 20, 10, 20, 21].map((startedAt) => lives.hasBegunAnew("ada", startedAt));
  assertEquals(heard, [false, false, true, false, false, false, true]);
  assertEquals(lives.hasBegunAnew("ben", 99), false);
});

Deno.test("Lives.hasBegunAnew() forgets the nara heard longest ago past 1 024", () => {
  const lives = new Lives();
  lives.hasBegunAnew("ada", 1);
  lives.hasBegunAnew("ben", 1);
  lives.hasBegunAnew("ada", 1);
  for (let index = 0; index < 1_023; index++) lives.hasBegunAnew(`nara ${index}`, 1);
  assertEquals([lives.hasBegunAnew("ada", 2), lives.hasBegunAnew("ben", 2)], [true, false]);
});
