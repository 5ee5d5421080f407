import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { IdentityError } from "../../utilities/identity_error.ts";
import { type KeyConflict, Keyring, type KeyringOptions, type Pin } from "../../utilities/keyring.ts";
import { publicKeyOf } from "../../utilities/public_key.ts";
import ed25519 from "../interop/vectors/ed25519.json" with { type: "json" };

const keyOf = (byte: number) => publicKeyOf(new Uint8Array(32).fill(byte));
const [aliceKey, bobKey, carolKey] = [keyOf(1), keyOf(2), keyOf(3)];

/** A keyring and what it said. */
function watched(options: KeyringOptions = {}) {
  const changes: Pin[] = [];
  const conflicts: KeyConflict[] = [];
  const keyring = new Keyring({
    ...options,
    onChange: (pin) => changes.push(pin),
    onConflict: (conflict) => conflicts.push(conflict),
  });
  return { keyring, changes, conflicts };
}

function codeOf(action: () => unknown): string {
  return assertThrows(action, IdentityError, "Cannot pin").code;
}

Deno.test("Keyring.pin() pins the first key of an id and tells it once", () => {
  const { keyring, changes } = watched();
  assertEquals(keyring.get("alice-id"), undefined);
  assertEquals(keyring.pin("alice-id", aliceKey, "alice"), "pinned");
  assertEquals(keyring.pin("alice-id", aliceKey, "alice"), "known");
  assertEquals(keyring.pin("alice-id", aliceKey), "known");
  assertEquals(keyring.get("alice-id"), aliceKey);
  assertEquals(keyring.size, 1);
  assertEquals(changes, [{ id: "alice-id", key: aliceKey, name: "alice", ours: false }]);
});

Deno.test("Keyring.pin() refuses another key for a pinned id, and the first one stays", () => {
  const { keyring, changes, conflicts } = watched();
  keyring.pin("alice-id", aliceKey, "alice");
  for (const time of [1, 2, 3]) {
    assertEquals(codeOf(() => keyring.pin("alice-id", bobKey, "mallory")), "key_conflict");
    assertEquals(keyring.conflicts, time);
  }
  codeOf(() => keyring.pin("alice-id", carolKey));
  assertEquals(keyring.get("alice-id"), aliceKey);
  assertEquals(keyring.conflicts, 4);
  assertEquals(changes.length, 1);
  assertEquals(conflicts, [
    { id: "alice-id", pinned: aliceKey, offered: bobKey, name: "mallory" },
    { id: "alice-id", pinned: aliceKey, offered: carolKey, name: undefined },
  ]);
});

Deno.test("Keyring.pin() bounds the conflicts it remembers", () => {
  const { keyring, conflicts } = watched();
  keyring.pin("alice-id", aliceKey);
  const other = (number: number) => {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, number);
    return key;
  };
  for (let number = 0; number < 1_001; number++) codeOf(() => keyring.pin("alice-id", other(number)));
  assertEquals(conflicts.length, 1_001);
  codeOf(() => keyring.pin("alice-id", other(1_000)));
  assertEquals(conflicts.length, 1_001);
  codeOf(() => keyring.pin("alice-id", other(0)));
  assertEquals(conflicts.length, 1_002);
});

Deno.test("Keyring.pin() refuses keys with which anyone could sign", () => {
  const { keyring, changes } = watched();
  const [good] = ed25519.verify;
  const weak = ed25519.verify.filter(({ public_key_hex }) => public_key_hex !== good.public_key_hex);
  assertEquals(weak.length, 14);
  for (const { name, public_key_hex } of weak) {
    assertEquals(
      codeOf(() => keyring.pin("id", Uint8Array.fromHex(public_key_hex))),
      "weak_public_key",
      name,
    );
  }
  assertEquals([keyring.size, keyring.conflicts, changes.length], [0, 0, 0]);
});

Deno.test("Keyring.pin() takes what is no key for a weak one, also where an id is pinned", () => {
  const { keyring, conflicts } = watched();
  keyring.pin("alice-id", aliceKey);
  for (const length of [0, 31, 33, 1_000_000]) {
    assertEquals(codeOf(() => keyring.pin("alice-id", new Uint8Array(length))), "weak_public_key");
  }
  assertEquals([keyring.conflicts, conflicts.length], [0, 0]);
});

Deno.test("Keyring.pin() refuses new ids when it is full, and keeps the ones it has", () => {
  const { keyring } = watched({ pinsMax: 2 });
  keyring.pin("alice-id", aliceKey);
  keyring.pin("bob-id", bobKey);
  assertEquals(codeOf(() => keyring.pin("carol-id", carolKey)), "keyring_full");
  assertEquals(keyring.pin("alice-id", aliceKey, "alice"), "known");
  assertEquals([...keyring.pins()].map(({ id }) => id), ["alice-id", "bob-id"]);
});

Deno.test("Keyring.pin() keeps no reference to the array it is given", () => {
  const { keyring } = watched();
  const key = aliceKey.slice();
  keyring.pin("alice-id", key);
  key.fill(0);
  assertEquals(keyring.get("alice-id"), aliceKey);
});

Deno.test("Keyring.pin() takes over a new name, as names are labels", () => {
  const { keyring, changes } = watched();
  keyring.pin("alice-id", aliceKey, "alice");
  keyring.pin("alice-id", aliceKey, "alicia");
  assertEquals(keyring.keysNamed("alice"), []);
  assertEquals(keyring.keysNamed("alicia"), [aliceKey]);
  assertEquals(changes.map(({ name }) => name), ["alice", "alicia"]);
});

Deno.test("Keyring.keysNamed() finds all who go by one name", () => {
  const { keyring } = watched();
  keyring.pin("alice-id", aliceKey, "alice");
  keyring.pin("bob-id", bobKey);
  keyring.pin("carol-id", carolKey, "alice");
  assertEquals(keyring.keysNamed("alice"), [aliceKey, carolKey]);
  keyring.pin("bob-id", bobKey, "alice");
  keyring.pin("alice-id", aliceKey, "bob");
  assertEquals(keyring.keysNamed("alice"), [carolKey, bobKey]);
  assertEquals(keyring.keysNamed("nobody"), []);
});

Deno.test("Keyring.markOurs() marks a pinned id once and for good", () => {
  const { keyring, changes } = watched();
  keyring.markOurs("alice-id");
  assertFalse(keyring.isOurs("alice-id"));
  keyring.pin("alice-id", aliceKey, "alice");
  assertFalse(keyring.isOurs("alice-id"));
  keyring.markOurs("alice-id");
  keyring.markOurs("alice-id");
  keyring.pin("alice-id", aliceKey, "alicia");
  assertEquals(keyring.isOurs("alice-id"), true);
  assertEquals(changes.map(({ ours }) => ours), [false, true, true]);
});

Deno.test("Keyring can be filled again from what it told", () => {
  const { keyring, changes } = watched();
  keyring.pin("alice-id", aliceKey, "alice");
  keyring.pin("bob-id", bobKey);
  keyring.markOurs("bob-id");
  const kept = new Map(changes.map((pin) => [pin.id, pin]));

  const again = new Keyring();
  for (const { id, key, name, ours } of kept.values()) {
    again.pin(id, key, name);
    if (ours) again.markOurs(id);
  }
  assertEquals([...again.pins()], [...keyring.pins()]);
});

Deno.test("Keyring refuses a limit that is none", () => {
  for (const pinsMax of [0, -1, 1.5, NaN, Infinity]) assertThrows(() => new Keyring({ pinsMax }), RangeError);
});
