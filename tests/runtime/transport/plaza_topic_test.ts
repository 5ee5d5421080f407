import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { PlazaError } from "../../../runtime/transport/plaza.ts";
import {
  checkFullTopic,
  checkRoot,
  checkSubscription,
  checkTopic,
  checkTopicPattern,
  matchesTopic,
  topicOf,
} from "../../../runtime/transport/plaza_topic.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { isKind, isNaraName } from "../../../utilities/names.ts";

function refused(check: () => void, expected: string): void {
  const error = assertThrows(check, PlazaError, expected);
  assertEquals(error.code, "bad_topic");
}

Deno.test("checkTopic() takes lower-case words joined by slashes, at most eight of them", () => {
  for (
    const topic of [
      "a",
      "plaza/hey_there",
      "checkpoint/propose",
      "x/tea/1",
      "a/b/c/d/e/f/g/h",
      "a-b/c_d",
      "a".repeat(64),
    ]
  ) {
    checkTopic(topic);
    checkRoot(topic);
    checkSubscription(topic);
    checkFullTopic(topic);
  }
});

for (
  const topic of [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "A",
    "a b",
    "a.b",
    "*",
    ">",
    "#",
    "+",
    "$SYS",
    "_a",
    "-a",
    "é",
    "a\n",
    "%s",
  ].concat(
    "a/".repeat(8) + "a",
    "a".repeat(65),
    `${"a".repeat(60)}/${"b".repeat(60)}/${"c".repeat(60)}`,
  )
) {
  Deno.test(`checkTopic() refuses ${JSON.stringify(topic.slice(0, 30))}, as a root too`, () => {
    refused(() => checkTopic(topic), "as a plaza topic: expected lower-case words joined by");
    refused(() => checkRoot(topic), "as a plaza topic: expected lower-case words joined by");
  });
}

Deno.test("checkTopic() refuses what is no text", () => {
  for (const topic of [undefined, null, 5, {}]) refused(() => checkTopic(topic as never), "as a plaza topic");
});

Deno.test("checkTopicPattern() wants one %s in the place of a whole word", () => {
  for (const pattern of ["newspaper/%s", "%s", "ledger/%s/request"]) {
    checkTopicPattern(pattern);
    checkSubscription(pattern);
  }
  for (
    const pattern of ["newspaper", "%s/%s", "news-%s", "%s-paper", "%d", "newspaper/%s/", "newspaper/%S", "+"]
  ) {
    refused(() => checkTopicPattern(pattern), "%s in the place of one, e.g. newspaper/%s");
  }
});

Deno.test("topicOf() puts the name where %s stands, and refuses what is no name", () => {
  assertEquals(topicOf("newspaper/%s", "zoë 日本"), "newspaper/zoë 日本");
  assertEquals(topicOf("ledger/%s/request", "%s"), "ledger/%s/request");
  for (const name of ["", "a/b", "+", "#", "../x", "a\0", " a", "a".repeat(65), "\u202ea"]) {
    refused(() => topicOf("newspaper/%s", name), "expected a name");
  }
});

Deno.test("R55 no name and no kind escapes its topic: 500 odd ones are refused, or are one word and nobody else's", () => {
  const random = new SeededRandom(55);
  const parts = [
    "a",
    "/",
    "+",
    "#",
    "$SYS",
    "..",
    ".",
    "*",
    ">",
    "%s",
    "\0",
    "\n",
    "\u202e",
    "\u200b",
    "é",
    "а",
    "x".repeat(70),
    " ",
    "\\",
    "%2f",
    ":",
  ];
  let names = 0;
  for (let count = 0; count < 500; count++) {
    const length = 1 + Math.floor(random.next() * 4);
    const odd = Array.from({ length }, () => parts[Math.floor(random.next() * parts.length)]).join("");
    if (isKind(odd)) checkTopic(odd.replaceAll(":", "/"));
    if (!isNaraName(odd)) {
      refused(() => topicOf("newspaper/%s", odd), "expected a name");
      refused(() => checkFullTopic(`newspaper/${odd}/${odd}`), "as a plaza topic");
      continue;
    }
    names++;
    const topic = topicOf("newspaper/%s", odd);
    checkFullTopic(topic);
    assertEquals(topic.split("/"), ["newspaper", odd]);
    assert(matchesTopic("newspaper/%s", topic));
    assertFalse(
      ["newspaper", "newspaper/%s/x", "plaza/%s", "%s", "newspaper/alice"].some((other) =>
        matchesTopic(other, topic)
      ),
    );
  }
  assert(names > 50 && names < 450, `${names}`);
});

Deno.test("matchesTopic() goes word by word", () => {
  const fits: [string, string, boolean][] = [
    ["plaza/x", "plaza/x", true],
    ["plaza/x", "plaza/X", false],
    ["plaza/x", "plaza/x/y", false],
    ["plaza/x", "plaza", false],
    ["newspaper/%s", "newspaper/", false],
    ["newspaper/%s", "newspaper/a/b", false],
    ["ledger/%s/request", "ledger/bob/request", true],
    ["ledger/%s/request", "ledger/bob/response", false],
    [".", "x", false],
    ["a.c", "abc", false],
  ];
  for (const [pattern, topic, expected] of fits) {
    assertEquals(matchesTopic(pattern, topic), expected, `${pattern} ${topic}`);
  }
});
