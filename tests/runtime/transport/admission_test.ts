import { assert, assertEquals, assertThrows } from "@std/assert";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { addressOf } from "../../../runtime/transport/address_share.ts";
import { Admission, type Ticket } from "../../../runtime/transport/admission.ts";
import type { AdmissionOptions } from "../../../runtime/transport/admission_options.ts";
import { alice, mallory } from "../../helpers/stage_context.ts";

function opened(options: Partial<AdmissionOptions> = {}) {
  const clock = new VirtualClock();
  const admission = new Admission({ clock, ...options });
  const enter = (connection: string, bytes = 1) => admission.enter(connection, bytes);
  /** Admits one that must be admitted. */
  const admitted = (connection: string, bytes = 1): Ticket => {
    const ticket = enter(connection, bytes);
    assert(typeof ticket !== "string", `refused: ${ticket}`);
    return ticket;
  };
  return { clock, admission, enter, admitted, [Symbol.dispose]: () => admission[Symbol.dispose]() };
}

Deno.test("addressOf() counts IPv4 by its number, and IPv6 by the network that one customer has", () => {
  const table: Readonly<Record<string, string>> = {
    "10.0.0.7:7433": "10.0.0.7",
    "[::ffff:10.0.0.7]:7433": "10.0.0.7",
    "[2001:db8:1:2::7]:1": "20010db800010002",
    "[2001:db8:1:2:ffff::9]:2": "20010db800010002",
    "[2001:db8:1:3::7]:1": "20010db800010003",
    "[fe80::1%eth0]:1": "fe80000000000000",
    "[::1]:1": "0000000000000000",
    "mock:x": "mock",
    "nobody": "nobody",
  };
  for (const [connection, address] of Object.entries(table)) {
    assertEquals(addressOf(connection), address, connection);
  }
});

Deno.test("Admission takes so many requests in all, and again once one has left", () => {
  using port = opened({ requestsMax: 4 });
  const tickets = [1, 2, 3, 4].map((host) => port.admitted(`10.0.0.${host}:1`));
  assertEquals(port.enter("10.0.0.5:1"), "too_many_requests");
  port.admission.leave(tickets[0]);
  port.admitted("10.0.0.5:1");
  assertEquals([port.admission.requests, ...port.admission.refusals()], [4, ["too_many_requests", 1]]);
});

Deno.test("Admission leaves half to others of whoever is alone, and shares the rest as they come", () => {
  using port = opened({ requestsMax: 12 });
  for (let count = 0; count < 6; count++) port.admitted("10.0.0.1:1");
  assertEquals(port.enter("10.0.0.1:2"), "share_of_address");
  for (let count = 0; count < 4; count++) port.admitted("10.0.0.2:1");
  assertEquals(port.enter("10.0.0.2:2"), "share_of_address");
  port.admitted("10.0.0.3:1"); // Whoever comes next still finds room.
});

Deno.test("Admission counts all addresses of an IPv6 network as one", () => {
  using port = opened({ requestsMax: 8 });
  for (let host = 1; host <= 4; host++) port.admitted(`[2001:db8::${host}]:1`);
  assertEquals(port.enter("[2001:db8::5]:1"), "share_of_address");
  port.admitted("[2001:db8:0:1::5]:1");
});

Deno.test("Admission gives a proven sender one share, from wherever it comes", () => {
  using port = opened({ requestsMax: 8 });
  for (let host = 1; host <= 5; host++) port.admission.proven(`10.0.0.${host}:1`, alice.id);
  for (let host = 1; host <= 4; host++) port.admitted(`10.0.0.${host}:1`);
  assertEquals(port.enter("10.0.0.5:1"), "share_of_sender");
  port.admission.proven("10.0.0.5:1", mallory.id); // The connection is somebody else's after all.
  port.admitted("10.0.0.5:1");
});

Deno.test("Admission takes so many bytes in all, and those of a body that does not say how many it has", () => {
  using port = opened({ bytesMax: 100 });
  const large = port.admitted("10.0.0.1:1", 40);
  assertEquals(port.enter("10.0.0.1:2", 20), "share_of_address");
  const growing = port.admitted("10.0.0.2:1", 0);
  assertEquals(
    [port.admission.grow(growing, 33), port.admission.grow(growing, 1)],
    [true, false],
    "its share",
  );
  assertEquals(port.enter("10.0.0.3:1", 28), "too_many_bytes");
  port.admission.leave(large);
  port.admission.leave(growing);
  port.admitted("10.0.0.3:1", 100);
});

Deno.test("Admission lets others wait for no more than 64 messages, and counts a batch for all of its own", () => {
  using port = opened({});
  const { admission } = port;
  const batch = port.admitted("10.0.0.1:1");
  assertEquals(admission.turn(batch, 64), true);
  const next = port.admitted("10.0.0.2:1");
  const turn = admission.turn(next);
  assert(turn instanceof Promise, "its turn came beside a full batch");
  let isIts: boolean | undefined;
  turn.then((its) => isIts = its);
  admission.settled(batch); // One of 64 is done: there is room.
  return turn.then((its) => assertEquals([its, isIts], [true, true]));
});

Deno.test("Admission counts nothing more of a body whose request was let go", () => {
  using port = opened({ bytesMax: 100 });
  const slow = port.admitted("10.0.0.1:1", 0);
  assertEquals(port.admission.grow(slow, 10), true);
  port.admission.leave(slow);
  assertEquals(port.admission.grow(slow, 10), false);
  port.admission.leave(slow);
  assertEquals(port.admission.requests, 0);
  port.admitted("10.0.0.1:1", 100); // As much as ever.
});

Deno.test("Admission takes nothing while memory is short", () => {
  let isShort = false;
  using port = opened({ isMemoryShort: () => isShort });
  port.admitted("10.0.0.1:1");
  isShort = true;
  assertEquals(port.enter("10.0.0.1:1"), "memory_short");
  isShort = false;
  port.admitted("10.0.0.1:1");
});

/** Asks for a turn; returns in which order they came. */
function asker({ admission, admitted }: ReturnType<typeof opened>) {
  const order: string[] = [];
  const ask = (connection: string, name: string) => {
    const ticket = admitted(connection);
    const turn = admission.turn(ticket);
    const note = (isIts: boolean) => void order.push(isIts ? name : `not ${name}`);
    if (turn === true) note(true);
    else turn.then(note);
    return ticket;
  };
  return { order, ask };
}

Deno.test("Admission gives turns to addresses in turn, and at each to its proven senders", async () => {
  using port = opened({ turnsMax: 1 });
  const { admission } = port;
  const { order, ask } = asker(port);
  admission.proven("10.0.0.1:2", alice.id);
  const tickets = [ask("10.0.0.1:1", "first")];
  for (const name of ["s1", "s2", "s3"]) tickets.push(ask("10.0.0.1:1", name)); // Strangers, all of them.
  tickets.push(ask("10.0.0.1:2", "alice"), ask("10.0.0.2:1", "other"));
  for (const ticket of [0, 1, 5, 4, 2, 3]) {
    await settled();
    admission.leave(tickets[ticket]);
  }
  assertEquals(order, ["first", "s1", "other", "alice", "s2", "s3"]);
});

Deno.test("Admission ends a turn as soon as its sender is proven, whatever its handler still does", async () => {
  using port = opened({ turnsMax: 1 });
  const { order, ask } = asker(port);
  ask("10.0.0.1:1", "slow");
  ask("10.0.0.2:1", "next");
  await settled();
  assertEquals(order, ["slow"]);
  port.admission.proven("10.0.0.1:1", alice.id);
  await settled();
  assertEquals(order, ["slow", "next"]);
});

Deno.test("Admission ends all turns when none ends for a while, and none as long as some do", async () => {
  using port = opened({ turnsMax: 2, turnMs: 5 });
  const { clock, admission } = port;
  const { order, ask } = asker(port);
  ask("10.0.0.1:1", "stuck");
  const brisk = ask("10.0.0.1:2", "brisk");
  const next = ask("10.0.0.1:3", "next");
  ask("10.0.0.1:4", "last");
  await clock.advance(4);
  admission.leave(brisk);
  await clock.advance(4);
  admission.leave(next);
  await settled();
  assertEquals(order, ["stuck", "brisk", "next", "last"]);
  ask("10.0.0.1:5", "later");
  ask("10.0.0.1:6", "later still");
  await clock.advance(4);
  assertEquals(order.length, 4);
  await clock.advance(1);
  assertEquals(order.slice(4), ["later", "later still"]);
});

Deno.test("Admission turns away who waited so long for a turn that nobody waits for the answer", async () => {
  using port = opened({ turnsMax: 1, turnMs: 60_000, waitMs: 100 });
  const { order, ask } = asker(port);
  const first = ask("10.0.0.1:1", "first");
  const late = ask("10.0.0.1:1", "late");
  await port.clock.advance(101);
  ask("10.0.0.1:1", "new");
  port.admission.leave(first);
  await settled();
  assertEquals(order, ["first", "not late", "new"]);
  assertEquals(port.admission.refusals().get("waited_too_long"), 1);
  port.admission.leave(late);
});

Deno.test("Admission gives the first refusals of a second at once, and holds back those past them", async () => {
  using port = opened({ promptMax: 2, holdMs: 500 });
  const { admission, clock } = port;
  assertEquals([admission.refused(), admission.refused()], [true, true]);
  let isGiven = false;
  const held = admission.refused();
  assert(held !== true);
  held.then(() => isGiven = true);
  await clock.advance(499);
  assertEquals(isGiven, false);
  await clock.advance(1);
  assertEquals(isGiven, true);
  await clock.advance(500);
  assertEquals([admission.refused(), admission.refused()], [true, true]);
});

Deno.test("Admission lets go of all who wait when it is disposed of", async () => {
  const port = opened({ turnsMax: 1, promptMax: 1 });
  const { order, ask } = asker(port);
  ask("10.0.0.1:1", "first");
  ask("10.0.0.1:1", "second");
  port.admission.refused();
  const held = port.admission.refused();
  port.admission[Symbol.dispose]();
  await held;
  ask("10.0.0.1:1", "third");
  await settled();
  assertEquals([order, port.clock.pending], [["first", "not second", "not third"], 0]);
});

Deno.test("Admission wants bounds that are positive whole numbers", () => {
  for (const requestsMax of [0, -1, 1.5, NaN]) {
    assertThrows(() => opened({ requestsMax }), RangeError, "requestsMax must be a positive whole number");
  }
});
