/**
 * Topics of a plaza: lower-case words joined by `/`, one of which may be a nara's name.
 *
 * Kinds and names become parts of a topic, so neither may reach beyond its own: no word is a wildcard of a broker, and no name
 * holds `/`, `+` or `#`. Other characters that mean something to a broker (`.`, `*`, `>` and spaces in NATS) its adapter encodes,
 * each word on its own.
 * @module
 */
import { isNaraName } from "../../utilities/names.ts";
import { PlazaError } from "./plaza.ts";

const WORD = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** Stands for a nara's name in a pattern, as the first nara's topics have it. */
const NAME = "%s";
const WORDS_MAX = 8;
const LENGTH_MAX = 128;

/**
 * Checks a topic that a kind declares: words only.
 *
 * @throws {PlazaError} `bad_topic`.
 */
export function checkTopic(topic: string): void {
  if (isPattern(topic, 0)) return;
  throw bad(topic, `lower-case words joined by "/", e.g. plaza/hey_there`);
}

/**
 * Checks a pattern that a kind declares: words, and `%s` in the place of one.
 *
 * @throws {PlazaError} `bad_topic`.
 */
export function checkTopicPattern(pattern: string): void {
  if (isPattern(pattern, 1)) return;
  throw bad(pattern, `lower-case words joined by "/" and %s in the place of one, e.g. newspaper/%s`);
}

/**
 * Checks what a plaza is asked to listen to: a topic, or a pattern.
 *
 * @throws {PlazaError} `bad_topic`.
 */
export function checkSubscription(pattern: string): void {
  if (!isPattern(pattern, 1)) checkTopic(pattern);
}

/**
 * Checks what a plaza is asked to publish on: words, of which one may be a nara's name.
 *
 * @throws {PlazaError} `bad_topic`.
 */
export function checkFullTopic(topic: string): void {
  const words = split(topic);
  const names = words.filter((word) => !WORD.test(word));
  if (words.length <= WORDS_MAX && names.length <= 1 && names.every(isNaraName)) return;
  throw bad(topic, `lower-case words joined by "/", of which one may be a nara's name`);
}

/**
 * Checks a root: words that stand before every topic.
 *
 * @throws {PlazaError} `bad_topic`.
 */
export function checkRoot(root: string): void {
  if (isPattern(root, 0)) return;
  throw bad(root, `lower-case words joined by "/", e.g. nara`);
}

/**
 * The topic of the nara called `name`.
 *
 * @throws {PlazaError} `bad_topic`, for what is no name.
 */
export function topicOf(pattern: string, name: string): string {
  if (!isNaraName(name)) throw bad(name, `a name: 1 to 64 printable characters without "/", "+" and "#"`);
  return split(pattern).map((word) => word === NAME ? name : word).join("/");
}

/** Whether what is published on `topic` is for those who listen to `pattern`. */
export function matchesTopic(pattern: string, topic: string): boolean {
  const [wanted, words] = [split(pattern), split(topic)];
  return wanted.length === words.length &&
    wanted.every((word, at) => word === words[at] || word === NAME && isNaraName(words[at]));
}

function isPattern(text: string, names: 0 | 1): boolean {
  if (typeof text !== "string" || text.length > LENGTH_MAX) return false;
  const words = split(text);
  const others = words.filter((word) => !WORD.test(word));
  return words.length <= WORDS_MAX && others.length === names && others.every((word) => word === NAME);
}

function split(topic: string): string[] {
  return topic.split("/");
}

function bad(topic: string, expected: string): PlazaError {
  const shown = JSON.stringify(String(topic).slice(0, LENGTH_MAX));
  return new PlazaError("bad_topic", `Cannot use ${shown} as a plaza topic: expected ${expected}`);
}
