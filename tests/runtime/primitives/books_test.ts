import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { Books, isBalanced, type Settlement } from "../../../runtime/primitives/books.ts";

Deno.test("Page counts every message in, and out by its one outcome", () => {
  const page = new Books().page("receive", "test:note");
  const settlements: Settlement[] = [
    { outcome: "done" },
    { outcome: "drop", reason: "stale" },
    { outcome: "drop", reason: "stale" },
    { outcome: "drop", reason: "x:mine" },
    { outcome: "error", stage: "handler" },
  ];
  for (let count = 0; count < 7; count++) page.enter();
  assertEquals(page.totals().inFlight, 7);
  for (const settlement of settlements) {
    page.settle(settlement);
    assert(isBalanced(page.totals()));
  }
  assertEquals(page.totals(), {
    entered: 7,
    done: 1,
    dropped: { stale: 2, "x:mine": 1 },
    errored: { handler: 1 },
    inFlight: 2,
  });
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
  const books = { entered: 3, done: 1, dropped: { stale: 1 }, errored: {}, inFlight: 1 };
  assert(isBalanced(books));
  assertFalse(isBalanced({ ...books, inFlight: 0 }));
  assertFalse(isBalanced({ ...books, done: 2 }));
  assertFalse(isBalanced({ ...books, errored: { verify: 1 } }));
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
