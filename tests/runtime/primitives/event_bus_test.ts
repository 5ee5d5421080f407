import { assertEquals } from "@std/assert";
import { EventBus } from "../../../runtime/primitives/event_bus.ts";
import { messageOf } from "../../helpers/stage_context.ts";
import { settled } from "../../../runtime/testing/virtual_clock.ts";

const note = messageOf();
const other = messageOf({ kind: "test:other" });

function bus(): { bus: EventBus; thrown: unknown[]; tapped: string[] } {
  const thrown: unknown[] = [];
  const tapped: string[] = [];
  return {
    bus: new EventBus((error) => void thrown.push(error), ({ kind }) => void tapped.push(kind)),
    thrown,
    tapped,
  };
}

Deno.test("EventBus.publish() tells all subscribers of the kind, in the order in which they came, and nobody else", () => {
  const { bus: events, tapped } = bus();
  const heard: string[] = [];
  for (const name of ["a", "b", "c"]) events.subscribe("test:note", () => heard.push(name));
  events.subscribe("test:other", () => heard.push("other"));
  events.publish(note);
  assertEquals([heard.join(""), tapped], ["abc", ["test:note"]]);
  events.publish(messageOf({ kind: "test:nobody" }));
  assertEquals([heard.join(""), tapped.length], ["abc", 2]);
});

Deno.test("EventBus.subscribe() lasts until it is disposed of, also twice for one function", () => {
  const { bus: events } = bus();
  let heard = 0;
  const listener = () => heard++;
  const [first, second] = [events.subscribe("test:note", listener), events.subscribe("test:note", listener)];
  events.publish(note);
  assertEquals(heard, 2);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  events.publish(note);
  assertEquals(heard, 3);
  second[Symbol.dispose]();
  events.publish(note);
  assertEquals(heard, 3);
});

Deno.test("EventBus.publish() goes on when a subscriber throws, and reports what it threw", () => {
  const { bus: events, thrown } = bus();
  const boom = new Error("boom");
  let heard = 0;
  events.subscribe("test:note", () => {
    throw boom;
  });
  events.subscribe("test:note", () => heard++);
  events.publish(note);
  assertEquals([heard, thrown], [1, [boom]]);
});

Deno.test("EventBus.publish() reports what a subscriber that waits rejects with, and the process lives", async () => {
  const { bus: events, thrown } = bus();
  const boom = new Error("boom");
  events.subscribe("test:note", async () => await Promise.reject(boom));
  events.publish(note);
  await settled();
  assertEquals(thrown, [boom]);
});

Deno.test("EventBus.publish() reports what the tap throws, and the subscribers still hear the message", () => {
  const thrown: unknown[] = [];
  const events = new EventBus((error) => void thrown.push(error), () => {
    throw "tap";
  });
  let heard = 0;
  events.subscribe("test:note", () => heard++);
  events.publish(note);
  assertEquals([heard, thrown], [1, ["tap"]]);
});

Deno.test("EventBus.publish() ends even where every subscriber subscribes again", () => {
  const { bus: events } = bus();
  let heard = 0;
  const once = () => {
    if (++heard > 50) throw new Error("told again and again of one message");
    subscription[Symbol.dispose]();
    subscription = events.subscribe("test:note", once);
  };
  let subscription = events.subscribe("test:note", once);
  events.publish(note);
  assertEquals(heard, 1);
  events.publish(note);
  assertEquals(heard, 2);
});

Deno.test("EventBus.publish() tells nobody who left while it was telling the others", () => {
  const { bus: events } = bus();
  let heard = 0;
  events.subscribe("test:note", () => second[Symbol.dispose]());
  const second = events.subscribe("test:note", () => heard++);
  events.publish(note);
  assertEquals(heard, 0);
});

Deno.test("EventBus.publish() may be called by a subscriber", () => {
  const { bus: events } = bus();
  const heard: string[] = [];
  events.subscribe("test:note", () => events.publish(other));
  events.subscribe("test:note", () => heard.push("note"));
  events.subscribe("test:other", () => heard.push("other"));
  events.publish(note);
  assertEquals(heard, ["other", "note"]);
});
