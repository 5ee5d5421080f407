import { assertEquals, assertThrows } from "@std/assert";
import { IdentityError } from "../../utilities/identity_error.ts";
import { Keyring, type KeyringOptions } from "../../utilities/keyring.ts";
import { publicKeyOf } from "../../utilities/public_key.ts";

const DAY_MS = 86_400_000;
const keyOf = (number: number) => {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number + 1);
  return publicKeyOf(seed);
};

function small(pinsMax: number, options: KeyringOptions = {}) {
  const forgotten: string[] = [];
  const keyring = new Keyring({ pinsMax, onForget: (id) => void forgotten.push(id), ...options });
  let count = 0;
  return { keyring, forgotten, pin: (id: string, name?: string) => keyring.pin(id, keyOf(count++), name) };
}

Deno.test("Keyring that is full forgets the oldest that only introduced itself", () => {
  const { keyring, forgotten, pin } = small(3);
  for (const id of ["a", "b", "c", "d", "e"]) pin(id, "name");
  assertEquals([forgotten, keyring.idsNamed("name")], [["a", "b"], ["c", "d", "e"]]);
  assertEquals([keyring.size, keyring.forgotten, keyring.refusals, keyring.get("a")], [3, 2, 0, undefined]);
});

Deno.test("Keyring forgets nobody that was met, however many introduce themselves", () => {
  const { keyring, forgotten, pin } = small(10);
  for (const id of ["friend", "other"]) pin(id);
  const key = keyring.get("friend");
  keyring.met("friend", 0);
  keyring.met("other", 0);
  for (let count = 0; count < 100; count++) pin(`flood${count}`);
  assertEquals([keyring.get("friend"), keyring.get("other") !== undefined, keyring.size], [key, true, 10]);
  assertEquals(forgotten.length, 92);
  assertThrows(() => keyring.pin("friend", keyOf(7_777)), IdentityError, "the first one stays");
});

Deno.test("Keyring refuses newcomers when all that it has must stay", () => {
  const { keyring, pin } = small(2, { isKept: (id) => id === "me" });
  pin("me");
  pin("friend");
  keyring.met("friend", 0);
  const error = assertThrows(() => pin("stranger"), IdentityError);
  assertEquals([error.code, keyring.refusals, keyring.size], ["keyring_full", 1, 2]);
});

Deno.test("Keyring.keepWhile() keeps whoever something is held for, as long as it is", () => {
  const { keyring, forgotten, pin } = small(3);
  const held = new Set(["owner"]);
  const holding = keyring.keepWhile((id) => held.has(id));
  pin("owner");
  for (let count = 0; count < 10; count++) pin(`flood${count}`);
  assertEquals([keyring.get("owner") !== undefined, forgotten.includes("owner")], [true, false]);
  holding[Symbol.dispose]();
  for (let count = 10; count < 20; count++) pin(`flood${count}`);
  assertEquals(keyring.get("owner"), undefined);
});

Deno.test("Keyring forgets who handed on what it took over, so that nobody fills it with keys of its own", () => {
  const { keyring, pin } = small(10);
  const keys = new Map<string, Uint8Array>();
  const rotate = (oldId: string, newId: string) => {
    pin(newId);
    keys.set(newId, keyring.get(newId)!);
    keyring.succeed({ oldId, oldKey: keys.get(oldId)!, newId, newKey: keys.get(newId)!, rotatedAt: 0 }, 0);
  };
  pin("r0");
  keys.set("r0", keyring.get("r0")!);
  keyring.met("r0", 0);
  for (let count = 0; count < 50; count++) rotate(`r${count}`, `r${count + 1}`);
  assertEquals([keyring.get("r0"), keyring.get("r50")], [keys.get("r0"), keys.get("r50")], "both ends stay");
  for (let count = 0; count < 50; count++) pin(`newcomer${count}`);
  assertEquals([keyring.refusals, keyring.size, keyring.get("r25")], [0, 10, undefined]);
  assertEquals([keyring.get("r0"), keyring.get("r50")], [keys.get("r0"), keys.get("r50")]);
});

Deno.test("Keyring joins the neighbours of a step that makes room, so that nobody takes its place in the chain", () => {
  const told: string[] = [];
  const { keyring, forgotten, pin } = small(4, {
    onChange: ({ id, successor, predecessor }) =>
      told.push(`${predecessor ?? ""}>${id}>${successor?.id ?? ""}`),
  });
  const rotate = (oldId: string, newId: string, nowMs: number) => {
    pin(newId);
    const [oldKey, newKey] = [keyring.get(oldId)!, keyring.get(newId)!];
    keyring.succeed({ oldId, oldKey, newId, newKey, rotatedAt: 0 }, nowMs);
  };
  pin("first");
  keyring.met("first", 0);
  rotate("first", "step", 5);
  rotate("step", "last", 6);
  pin("friend");
  keyring.met("friend", 0);
  pin("newcomer");
  keyring.pin("step", keyOf(7_777)); // The newcomer makes room: it is somebody else's id now.
  assertEquals(forgotten, ["step", "newcomer"]);
  assertEquals([keyring.successorOf("first"), keyring.predecessorOf("last")], [
    { id: "last", atMs: 5 },
    "first",
  ]);
  assertEquals([keyring.successorOf("step"), keyring.predecessorOf("step")], [undefined, undefined]);
  assertEquals(told.includes("first>last>") && told.includes(">first>last"), true, "what is kept is told");
});

Deno.test("Keyring forgets the first stranger of a chain before the last, so that no link leads to a free id", () => {
  const { keyring, forgotten, pin } = small(2);
  pin("new");
  pin("old");
  const [oldKey, newKey] = [keyring.get("old")!, keyring.get("new")!];
  keyring.succeed({ oldId: "old", oldKey, newId: "new", newKey, rotatedAt: 0 }, 0);
  pin("newcomer");
  assertEquals([forgotten, keyring.predecessorOf("new")], [["old"], undefined]);
  pin("another");
  assertEquals(forgotten, ["old", "new"]);
});

Deno.test("Keyring forgets strangers who follow one another like any others", () => {
  const { keyring, pin } = small(4);
  for (let count = 0; count < 20; count++) {
    pin(`old${count}`);
    pin(`new${count}`);
    const claim = { oldId: `old${count}`, newId: `new${count}`, rotatedAt: 0 };
    const [oldKey, newKey] = [keyring.get(claim.oldId)!, keyring.get(claim.newId)!];
    keyring.succeed({ ...claim, oldKey, newKey }, 0);
  }
  assertEquals([keyring.refusals, keyring.size], [0, 4]);
});

Deno.test("Keyring says of a conflict whether it is about somebody familiar", () => {
  const conflicts: unknown[] = [];
  const { keyring, pin } = small(4, { onConflict: ({ id, isFamiliar }) => conflicts.push([id, isFamiliar]) });
  for (const id of ["stranger", "friend", "owner"]) pin(id);
  keyring.met("friend", 0);
  using _holding = keyring.keepWhile((id) => id === "owner");
  for (const id of ["stranger", "friend", "owner"]) {
    assertThrows(() => keyring.pin(id, keyOf(7_777)), IdentityError, "the first one stays");
  }
  assertEquals(conflicts, [["stranger", undefined], ["friend", true], ["owner", true]]);
});

Deno.test("Keyring lets nothing go that its store does not let go", () => {
  const { keyring, pin } = small(1, {
    onForget: () => {
      throw new Error("disk full");
    },
  });
  pin("a");
  assertThrows(() => pin("b"), Error, "disk full");
  assertEquals([keyring.get("a") !== undefined, keyring.get("b"), keyring.size], [true, undefined, 1]);
});

Deno.test("Keyring.met() counts days, and tells each once", () => {
  const told: unknown[] = [];
  const keyring = new Keyring({ onChange: ({ metDay, metDays }) => told.push([metDay, metDays]) });
  keyring.met("nobody", 0);
  keyring.pin("a", keyOf(1));
  for (const ms of [5 * DAY_MS, 5 * DAY_MS + 1, 7 * DAY_MS]) keyring.met("a", ms);
  assertEquals(told, [[undefined, undefined], [5, 1], [7, 2]]);
});

Deno.test("Keyring.restore() takes back all that was told of a pin", () => {
  const told = new Map<string, Parameters<Keyring["restore"]>[0]>();
  const first = new Keyring({ onChange: (pin) => told.set(pin.id, pin) });
  first.pin("old", keyOf(1), "ada");
  first.met("old", DAY_MS);
  first.markOurs("old");
  first.pin("new", keyOf(2));
  first.succeed({ oldId: "old", oldKey: keyOf(1), newId: "new", newKey: keyOf(2), rotatedAt: 0 }, 77);
  const again = new Keyring();
  for (const pin of told.values()) again.restore(pin);
  assertEquals([...again.pins()], [...first.pins()]);
  assertEquals([again.successorOf("old"), again.predecessorOf("new")], [{ id: "new", atMs: 77 }, "old"]);
  assertEquals(again.idsNamed("ada"), ["new"]);
});
