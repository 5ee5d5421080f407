import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import {
  Books,
  isBalanced,
  Page,
  type PageTotals,
  type Settlement,
} from "../../../runtime/primitives/books.ts";
import { assertBalanced } from "../../helpers/books.ts";

Deno.test("Page counts every message in, and out by its one outcome", () => {
  const page = new Books().page("receive", "test:note");
  const settlements: Settlement[] = [
    { outcome: "done" },
    { outcome: "drop", reason: "stale" },
    { outcome: "drop", reason: "stale" },
    { outcome: "drop", reason: "x:mine" },
    { outcome: "error", stage: "handler" },
    { outcome: "quarantined" },
    { outcome: "retrying", stage: "mesh" },
    { outcome: "queued", stage: "mesh" },
  ];
  for (let count = 0; count < 10; count++) page.enter();
  assertEquals(page.totals().inFlight, 10);
  for (const settlement of settlements) {
    page.settle(settlement);
    assert(isBalanced(page.totals()));
  }
  assertEquals(page.totals(), {
    entered: 10,
    done: 1,
    dropped: { stale: 2, "x:mine": 1 },
    errored: { handler: 1 },
    quarantined: 1,
    retrying: 1,
    queued: 1,
    inFlight: 2,
    failures: { handler: 1, mesh: 2 },
  });
});

Deno.test("Page.resettle() moves a message that waited to its outcome, and takes in one of an earlier run", () => {
  const page = new Books().page("emit", "test:note");
  page.enter();
  page.settle({ outcome: "retrying", stage: "mesh" });
  page.resettle("retrying", { outcome: "queued", stage: "mesh" });
  page.resettle("queued", { outcome: "done" });
  const { entered, done, retrying, queued, failures } = page.totals();
  assertEquals({ entered, done, retrying, queued, failures }, {
    entered: 1,
    done: 1,
    retrying: 0,
    queued: 0,
    failures: { mesh: 2 },
  });
  page.resettle("quarantined", { outcome: "drop", reason: "stale" });
  assertEquals([page.totals().entered, page.totals().dropped], [2, { stale: 1 }]);
  assert(isBalanced(page.totals()));
});

Deno.test("Page takes any word for a reason, those of objects included", () => {
  const page = new Books().page("receive", "test:note");
  for (const reason of ["constructor", "toString", "constructor"]) {
    page.enter();
    page.settle({ outcome: "drop", reason });
  }
  assertEquals(page.totals().dropped, { constructor: 2, toString: 1 } as never);
});

Deno.test("Page.totals() is a copy", () => {
  const page = new Books().page("emit", "test:note");
  const before = page.totals();
  page.enter();
  assertEquals([before.entered, page.totals().entered], [0, 1]);
});

Deno.test("isBalanced() notices a message that is lost, counted twice or never entered", () => {
  const books: PageTotals = {
    ...new Page().totals(),
    entered: 4,
    done: 1,
    dropped: { stale: 1 },
    queued: 1,
    inFlight: 1,
  };
  assert(isBalanced(books));
  assertFalse(isBalanced({ ...books, inFlight: 0 }));
  assertFalse(isBalanced({ ...books, done: 2 }));
  assertFalse(isBalanced({ ...books, errored: { verify: 1 } }));
  for (const column of ["quarantined", "retrying", "queued"]) {
    assertFalse(isBalanced({ ...books, [column]: 7 }), column);
  }
  assertFalse(isBalanced({ ...books, done: 3, inFlight: -1 }));
});

Deno.test("Books keep a page per direction and kind", () => {
  const books = new Books();
  assertStrictEquals(books.page("emit", "a"), books.page("emit", "a"));
  books.page("emit", "a").enter();
  books.page("receive", "a");
  books.page("receive", "b").enter();
  assertEquals(Object.keys(books.totals("emit")), ["a"]);
  assertEquals(Object.entries(books.totals("receive")).map(([kind, { entered }]) => [kind, entered]), [[
    "a",
    0,
  ], ["b", 1]]);
});

Deno.test("assertBalanced() notices what does not balance, and what is still under way", () => {
  const books = new Books();
  books.page("emit", "a").enter();
  assertBalanced({ books }, 1);
  assertThrows(() => assertBalanced({ books }), Error, "messages under way");
  books.page("emit", "a").settle({ outcome: "done" });
  assertBalanced({ books });
  books.page("receive", "a").settle({ outcome: "done" });
  assertThrows(() => assertBalanced({ books }), Error, "receive of a does not balance");
});
