import { assertEquals, assertRejects } from "@std/assert";
import { ChildNara } from "../../../runtime/process/child_nara.ts";
import { lacking } from "../../helpers/permissions.ts";

const ignore = lacking("run", "read");

/** A process that runs `script` in place of a nara. */
function childOf(script: string, signal: AbortSignal = new AbortController().signal): ChildNara {
  const command = { path: Deno.execPath(), args: ["eval", script] };
  return new ChildNara({ command, args: [], env: { NO_COLOR: "1" }, signal });
}

const SAY = `const say = (value) => console.log(typeof value === "string" ? value : JSON.stringify(value));`;
const STAY = "setInterval(() => {}, 1e6);";

Deno.test({
  name: "ChildNara.event() finds events by name, among whatever else is printed",
  ignore,
  async fn() {
    await using child = childOf(
      `${SAY} say("hello"); say({ event: "a" }); say([1]); say({ event: "b", n: 1 });
      say({ event: 7 }); say({ event: "b", n: 2 }); ${STAY}`,
    );
    assertEquals(await child.event("b"), { event: "b", n: 1 });
    assertEquals(await child.event("b"), { event: "b", n: 2 });
  },
});

Deno.test({
  name: "ChildNara.event() fails with the last words of a process that ended",
  ignore,
  async fn() {
    await using child = childOf(
      `${SAY} say({ event: "a" }); console.error("first"); console.error("no luck"); Deno.exit(3);`,
    );
    assertEquals(await child.event("a"), { event: "a" });
    await assertRejects(() => child.event("b"), Error, 'ended with exit code 3 before "b": no luck');
  },
});

Deno.test({
  name: "ChildNara.event() repeats what a line of JSON has to say, not the JSON",
  ignore,
  async fn() {
    await using child = childOf(`console.error('{"level":"error","message":"no luck"}'); Deno.exit(2);`);
    await assertRejects(() => child.event("b"), Error, 'before "b": no luck');
  },
});

Deno.test({
  name: "ChildNara ends with its signal, and says the signal's reason",
  ignore,
  async fn() {
    const controller = new AbortController();
    await using child = childOf(`${SAY} say({ event: "a" }); ${STAY}`, controller.signal);
    await child.event("a");
    controller.abort(new Error("the day is over"));
    await assertRejects(() => child.event("b"), Error, "the day is over");
    assertEquals((await child.status).signal, "SIGKILL");
  },
});
