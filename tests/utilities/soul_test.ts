import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { stashKeyOf } from "../../utilities/encryption.ts";
import { IdentityError } from "../../utilities/identity_error.ts";
import { personalityOf } from "../../utilities/personality.ts";
import { formatPublicKey, publicKeyOf } from "../../utilities/public_key.ts";
import {
  createSoul,
  deriveSoul,
  formatSoul,
  gemstoneOf,
  hasBond,
  isGenericName,
  naraIdOf,
  parseSoul,
} from "../../utilities/soul.ts";
import vectors from "../interop/vectors/identity.json" with { type: "json" };

/** What Go calls the name: the argument, else the host's up to its first dot. */
function effectiveName({ name_arg, hostname }: { name_arg: string; hostname: string }): string {
  return name_arg || hostname.split(".")[0];
}

for (const identity of vectors.identities) {
  Deno.test(`deriveSoul() makes the soul that Go makes: ${identity.name}`, () => {
    const name = identity.generic_hostname ? undefined : identity.nara_name;
    const soul = deriveSoul(Uint8Array.fromHex(identity.fingerprint_hex), name);
    assertEquals(formatSoul(soul), identity.soul);
    assertEquals(soul.seed.toHex(), identity.seed_hex);
    assertEquals(soul.tag.toHex(), identity.tag_hex);
  });
}

for (const identity of [...vectors.identities, ...vectors.souls_given]) {
  Deno.test(`parseSoul() leads to the identity that Go has: ${identity.name}`, () => {
    const soul = parseSoul(identity.soul);
    assertEquals(soul, {
      seed: Uint8Array.fromHex(identity.seed_hex),
      tag: Uint8Array.fromHex(identity.tag_hex),
    });
    assertEquals(formatSoul(soul), identity.soul);
    assertEquals(hasBond(soul, identity.nara_name), identity.valid_bond);
    assertEquals(naraIdOf(soul, identity.nara_name), identity.id);
    assertEquals(formatPublicKey(publicKeyOf(soul.seed)), identity.public_key_b64);
    assertEquals(stashKeyOf(soul.seed).toHex(), identity.self_key_hex);
    assertEquals(personalityOf(identity.soul), identity.personality);
    assertEquals(gemstoneOf(identity.nara_name, identity.soul), identity.gemstone);
    assertEquals(isGenericName(effectiveName(identity)), identity.generic_hostname);
  });
}

Deno.test("deriveSoul() tells a native soul from a traveller's", () => {
  for (const { name, soul, fingerprint_hex, generic_hostname, nara_name, native } of vectors.souls_given) {
    const own = deriveSoul(
      Uint8Array.fromHex(fingerprint_hex),
      generic_hostname ? undefined : nara_name,
    );
    assertEquals(formatSoul(own) === soul, native, name);
  }
});

for (const invalid of vectors.invalid_souls.filter(({ decoded_length }) => decoded_length !== 40)) {
  Deno.test(`parseSoul() refuses what Go goes on with: ${invalid.name}`, () => {
    const error = assertThrows(() => parseSoul(invalid.soul_arg), IdentityError, "Cannot read the soul");
    assertEquals(error.code, "bad_soul");
    assertEquals(error.cause, undefined);
    const shortest = invalid.soul_arg.trim().slice(0, 8);
    if (shortest.length === 8) assertFalse(error.message.includes(shortest));
  });
}

Deno.test("parseSoul() reads a soul that lost its last character as another one, whose bond is broken", () => {
  const invalid = vectors.invalid_souls.filter(({ decoded_length }) => decoded_length === 40);
  assertEquals(invalid.map(({ name }) => name), ["last character missing"]);
  const soul = parseSoul(invalid[0].soul_arg);
  assertEquals(soul.seed.toHex(), invalid[0].go_seed_hex);
  assertEquals(naraIdOf(soul, invalid[0].name_arg), invalid[0].go_id);
  assertFalse(hasBond(soul, invalid[0].name_arg));
});

Deno.test("parseSoul() says what is wrong with a text", () => {
  const soul = vectors.identities[0].soul;
  assertThrows(() => parseSoul(`${soul}\n`), IdentityError, "white space around it");
  assertThrows(() => parseSoul(soul.slice(2)), IdentityError, "it has 53 characters (39 bytes)");
  assertThrows(() => parseSoul(soul.replace("9", "0")), IdentityError, "character 1 is none");
  assertThrows(() => parseSoul(""), IdentityError, "it has 0 characters");
});

Deno.test("parseSoul() refuses a very long text without decoding it", () => {
  assertThrows(() => parseSoul("2".repeat(10_000_000)), IdentityError, "it has 10000000 characters");
});

for (const bond of vectors.bonds) {
  Deno.test(`hasBond() and createSoul() agree with Go: ${bond.name}`, () => {
    const soul = parseSoul(bond.soul);
    assertEquals(soul.tag.toHex(), bond.tag_hex);
    assertEquals(hasBond(soul, bond.nara_name), bond.valid_bond);
    assertEquals(createSoul(soul.seed, bond.nara_name).tag.toHex(), bond.expected_tag_hex);
  });
}

Deno.test("hasBond() is false for an empty name, even with the tag that belongs to it", () => {
  assertFalse(hasBond(createSoul(new Uint8Array(32), ""), ""));
});

Deno.test("hasBond() is false for a tag of another length", () => {
  const { seed, tag } = createSoul(new Uint8Array(32), "alice");
  assertFalse(hasBond({ seed, tag: tag.slice(1) }, "alice"));
});

Deno.test("createSoul() keeps no reference to the seed", () => {
  const seed = new Uint8Array(32).fill(1);
  const soul = createSoul(seed, "alice");
  seed.fill(2);
  assertEquals(soul.seed, new Uint8Array(32).fill(1));
});

Deno.test("createSoul(), formatSoul() and naraIdOf() take nothing but 32 and 8 bytes", () => {
  assertThrows(() => createSoul(new Uint8Array(31), "alice"), RangeError, "got 31");
  const short = { seed: new Uint8Array(32), tag: new Uint8Array(7) };
  assertThrows(() => formatSoul(short), RangeError, "got 32 and 7");
  assertThrows(() => naraIdOf(short, "alice"), RangeError, "got 32 and 7");
});

for (const { name, hostname, generic } of vectors.generic_names) {
  Deno.test(`isGenericName() agrees with Go: ${name}`, () => {
    assertEquals(isGenericName(hostname), generic);
  });
}
