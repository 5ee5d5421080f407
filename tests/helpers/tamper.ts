/**
 * A frame, and everything that somebody on its way could do to it while the signatures stay: every field of the envelope and
 * every leaf of the payload changed, by walking the JSON.
 * @module
 */
import { assertEquals } from "@std/assert";
import { frameFrom, type Wire, wireOf } from "./hostile.ts";

/** A frame that was changed on its way. */
export interface Tampered {
  /** What was done, and where. */
  readonly what: string;
  /** The member of the envelope that it was done to. */
  readonly field: string;
  /** What came of it. */
  readonly frame: Uint8Array;
}

const decoder = new TextDecoder();

/** A place in a JSON value. */
type Path = readonly (string | number)[];

/** Fields of the envelope that a frame may lack, and what somebody could add. */
const ADDED: Readonly<Record<string, unknown>> = {
  content_key: "added",
  version: 2,
  from: "added",
  to: "added",
  to_id: "1111111111111111",
  in_reply_to: "1111111111111111",
  ttl: 1,
};

/** Everything that can be done to `frame`, one thing at a time. */
export function tamperings(frame: Uint8Array): Tampered[] {
  const wire = wireOf(frame);
  assertEquals(
    frameFrom(wire),
    frame,
    "a frame whose JSON is spelled otherwise here would always be refused",
  );
  const added = Object.entries(ADDED).filter(([name]) => !(name in wire))
    .map(([name, value]) => ({
      what: `${name} added`,
      field: name,
      frame: frameFrom({ ...wire, [name]: value }),
    }));
  const all = [...added, ...[...leavesAndTrunks(wire)].flatMap((path) => changesAt(wire, path))];
  const byText = new Map(all.map((each) => [decoder.decode(each.frame), each]));
  byText.delete(decoder.decode(frame)); // An object with one member is the same in any order.
  return [...byText.values()];
}

function* leavesAndTrunks(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    yield* leavesAndTrunks((value as Wire)[key], [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function changesAt(wire: Wire, path: Path): Tampered[] {
  const key = path.at(-1)!;
  const value = path.reduce<unknown>((at, step) => (at as Wire)[step], wire);
  const changed = (what: string, edit: (parent: Wire) => Wire | unknown[]): Tampered => ({
    what: `${path.join(".")} ${what}`,
    field: String(path[0]),
    frame: frameFrom(editedAt(wire, path.slice(0, -1), edit)),
  });
  const values = alternatives(value).map(([what, other]) =>
    changed(
      what,
      (parent) => Array.isArray(parent) ? parent.with(Number(key), other) : { ...parent, [key]: other },
    )
  );
  const removed = changed("removed", (parent) => without(parent, key));
  if (typeof key === "number") return [...values, removed];
  const renamed = [upper(key), `${key} `, `${key}\u0000`].map((other) =>
    changed(`called ${JSON.stringify(other)}`, (parent) => renamedIn(parent, key, other))
  );
  return [...values, removed, ...renamed];
}

/** Other values than `value`, of its type and of others. */
function alternatives(value: unknown): [what: string, other: unknown][] {
  const others: [string, unknown][] = [["null", null], ["in a list", [value]], ["in an object", { value }]];
  switch (typeof value) {
    case "string":
      return [...others, ["one character other", bumped(value)], ["longer", `${value}A`], ["empty", ""], [
        "in another case",
        flippedCase(value),
      ], ["a number", 1]];
    case "number":
      return [...others, ["one more", value + 1], ["one less", value - 1], ["negative", -value], [
        "as text",
        `${value}`,
      ]];
    case "boolean":
      return [...others, ["flipped", !value], ["as a number", value ? 1 : 0], ["as text", `${value}`]];
    default:
      if (Array.isArray(value)) {
        return [...others, ["emptied", []], ["doubled", [...value, ...value]], ["with null", [
          ...value,
          null,
        ]]];
      }
      return [...others, ["emptied", {}], ["with more", { ...value as Wire, extra: 1 }], [
        "with more in front",
        { extra: 1, ...value as Wire },
      ], ["reordered", Object.fromEntries(Object.entries(value as Wire).reverse())]];
  }
}

/** The first character is another one: in base64 the last one may hold bits that do not count. */
function bumped(text: string): string {
  return (text.startsWith("1") ? "2" : "1") + text.slice(1);
}

function flippedCase(text: string): string {
  return text.replace(
    /[a-z]/gi,
    (letter) => letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

function upper(key: string): string {
  return key[0].toUpperCase() + key.slice(1);
}

function editedAt(value: unknown, path: Path, edit: (parent: Wire) => unknown): unknown {
  if (path.length === 0) return edit(value as Wire);
  const [first, ...rest] = path;
  const inner = editedAt((value as Wire)[first], rest, edit);
  return Array.isArray(value) ? value.with(Number(first), inner) : { ...value as Wire, [first]: inner };
}

function without(parent: Wire, key: string | number): Wire | unknown[] {
  if (Array.isArray(parent)) return parent.toSpliced(Number(key), 1);
  return Object.fromEntries(Object.entries(parent).filter(([name]) => name !== key));
}

function renamedIn(parent: Wire, key: string, other: string): Wire {
  return Object.fromEntries(
    Object.entries(parent).map(([name, value]) => [name === key ? other : name, value]),
  );
}
