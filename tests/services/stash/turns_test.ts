import { assertEquals, assertRejects } from "@std/assert";
import { StashError } from "../../../services/stash/stash_error.ts";
import { Turns } from "../../../services/stash/turns.ts";

Deno.test("Turns.run() does one piece of work after another, also behind one that fails", async () => {
  const turns = new Turns(3);
  const steps: string[] = [];
  const work = (name: string, fails = false) => async () => {
    steps.push(`${name} begins`);
    await Promise.resolve();
    steps.push(`${name} ends`);
    if (fails) throw new TypeError(name);
    return name;
  };
  const first = turns.run(work("one"));
  const second = assertRejects(() => turns.run(work("two", true)), TypeError);
  const third = turns.run(work("three"));
  await second;
  assertEquals(await Promise.all([first, third]), ["one", "three"]);
  assertEquals(steps, ["one begins", "one ends", "two begins", "two ends", "three begins", "three ends"]);
});

Deno.test("Turns.run() refuses what would wait behind too much, and takes more when there is room", async () => {
  const turns = new Turns(2);
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = [turns.run(() => promise), turns.run(() => promise)];
  assertEquals((await assertRejects(() => turns.run(() => promise), StashError)).code, "busy");
  resolve();
  await Promise.all(waiting);
  assertEquals(await turns.run(() => Promise.resolve("room")), "room");
});
