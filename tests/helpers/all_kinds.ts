/**
 * Every kind that there is, with a sample of each: those of the built-in services, and one of every template. What is added
 * to either later is in here by itself, and whatever walks over it tries the new kind too.
 * @module
 */
import * as z from "zod";
import { builtInServices } from "../../mod.ts";
import type { Message } from "../../messages/message.ts";
import type { PayloadSchema } from "../../messages/payload_schema.ts";
import { type Behavior, type BehaviorSpec, isLocal } from "../../runtime/behavior.ts";
import type { Registry } from "../../runtime/registry.ts";
import type { Service } from "../../runtime/service.ts";
import * as templates from "../../runtime/templates.ts";
import type { Identity } from "../../utilities/identity.ts";
import { rotationText } from "../../utilities/key_rotation.ts";
import { createNodeKeypair } from "../../utilities/node_keypair.ts";
import { encodeBase64 } from "../../utilities/base64.ts";
import { TestService } from "./kinds.ts";

/** The payload of every kind of a template: a leaf of each type, at more than one depth. */
export interface Everything {
  /** Text. */
  text: string;
  /** A whole number. */
  count: number;
  /** Any number. */
  ratio: number;
  /** Yes or no. */
  flag: boolean;
  /** A list. */
  list: string[];
  /** An object in an object. */
  nested: { inner: string; depth: { deepest: number } };
}

/** Schema of {@linkcode Everything}. */
export const everything: PayloadSchema<Everything> = z.strictObject({
  text: z.string(),
  count: z.int(),
  ratio: z.number(),
  flag: z.boolean(),
  list: z.array(z.string()),
  nested: z.strictObject({ inner: z.string(), depth: z.strictObject({ deepest: z.int() }) }),
});

/** A payload of {@linkcode everything} that says `text`. */
export function saying(text: string): Everything {
  return {
    text,
    count: 1,
    ratio: 0.5,
    flag: true,
    list: ["a"],
    nested: { inner: "b", depth: { deepest: 2 } },
  };
}

/** A behavior with one version, whose payload is {@linkcode Everything}. */
export type AnyKind = Behavior<Everything, { readonly 1: Everything }>;

/** What a template is given behind kind and description. */
const TEMPLATE_ARGUMENTS: Readonly<Record<string, readonly unknown[]>> = {
  meshRequest: [],
  protocol: ["plaza/sec"],
  protocolUnverified: ["plaza/sec"],
  storedEvent: [2],
  broadcastEvent: [2, "plaza/sec"],
  ephemeral: ["plaza/sec"],
  local: [],
};

/** One kind of every template, by the template's name. */
export const ofTemplate: ReadonlyMap<string, AnyKind> = new Map(
  Object.entries(templates).map(([name, template]) => [name, made(name, template)]),
);

function made(name: string, template: unknown): AnyKind {
  const given = TEMPLATE_ARGUMENTS[name];
  if (!given) throw new TypeError(`Say in TEMPLATE_ARGUMENTS what the template ${name}() is given`);
  const make = template as (kind: string, description: string, ...rest: unknown[]) => Behavior;
  return make(`sec:${name.toLowerCase()}`, "Made for tests", ...given).withVersion(1, everything);
}

const template = (name: string) => ofTemplate.get(name)!;

/** A message to one nara that nothing answers. */
export const letter: AnyKind = template("meshRequest");
/** A fact that is kept and passed on. */
export const fact: AnyKind = template("storedEvent");
/** Answers a {@linkcode riddle}. */
export const solution: AnyKind = templates.meshRequest("sec:solution", "Answers").withVersion(1, everything);
/** Answers nothing that is asked here but by its kind. */
export const otherReply: AnyKind = templates.meshRequest("sec:other-reply", "Answers another riddle")
  .withVersion(1, everything);
/** Asks one nara something. */
export const riddle: AnyKind = templates.meshRequest("sec:riddle", "Asks").withVersion(1, everything)
  .withReplies(solution);
/** Makes {@linkcode otherReply} a kind that answers. */
export const otherRiddle: AnyKind = templates.meshRequest("sec:other-riddle", "Asks").withVersion(
  1,
  everything,
)
  .withReplies(otherReply);
/** A fact with a content key: its text. */
export const sighting: AnyKind = templates.storedEvent("sec:sighting", "Saw something", 3)
  .withVersion(1, everything).withContentKey(({ text }) => `saw:${text}`).withSubject(({ text }) => text);
/** A message of which few are heard. */
export const tease: AnyKind = templates.meshRequest("sec:tease", "Teases").withVersion(1, everything)
  .withRateLimit({ max: 5, windowMs: 60_000 });
/** A kind with two versions. */
export const grown: Behavior<Everything, { readonly 1: Everything; readonly 2: Everything }> = templates
  .meshRequest("sec:grown", "Has two versions").withVersion(1, everything).withVersion(2, everything);

const SPECIAL = [solution, otherReply, riddle, otherRiddle, sighting, tease, grown] as const;

/** Speaks one kind of every template, and those above; keeps what its handlers got. */
export class EveryTemplate extends TestService {
  /** What the handlers got, in order. */
  readonly handled: Message[] = [];

  /** A service that has heard nothing. */
  constructor() {
    super((rt) => {
      const hear = (message: Message) => void this.handled.push(message);
      for (const kind of [...ofTemplate.values(), ...SPECIAL]) {
        const handlers = Object.fromEntries([...kind.spec.schemas.keys()].map((version) => [version, hear]));
        rt.register(kind as Behavior<unknown, Record<number, unknown>>, handlers);
      }
    }, "sec");
  }
}

/** All services whose kinds are tried. */
export function allServices(): [EveryTemplate, ...Service[]] {
  return [new EveryTemplate(), ...builtInServices({ isNewborn: true })];
}

/** A version of a kind, and how to make a payload of it. */
export interface Sample {
  /** The kind's declaration. */
  readonly spec: BehaviorSpec;
  /** The version. */
  readonly version: number;
  /** A payload that `sender` may send: every optional field is there, and whatever may be its key is its key. */
  payload(sender: Pick<Identity, "id" | "keypair">): unknown;
}

/** Kinds whose payload has to say more than its types do. */
const PAYLOADS: Readonly<
  Record<string, (sender: Pick<Identity, "id" | "keypair">) => Record<string, unknown>>
> = {
  "identity:rotated": (sender) => ({ rotations: [wireRotation(sender)] }),
  "stash:store": ({ id }) => ({ owner_id: id, nonce: encodeBase64(new Uint8Array(24).fill(7)) }),
  "stash:request": ({ id }) => ({ owner_id: id }),
  "stash-refresh": ({ id }) => ({ owner_id: id }),
};

/** Who every sample's sender says that it was before. Nobody knows them. */
const FORMER = createNodeKeypair(new Uint8Array(32).fill(9));

/** A rotation to `sender`, as its wire form says it. A keypair that signs late signs nothing here. */
function wireRotation({ id, keypair }: Pick<Identity, "id" | "keypair">): Record<string, unknown> {
  const claim = {
    oldId: "formerId",
    oldKey: FORMER.publicKey,
    newId: id,
    newKey: keypair.publicKey,
    rotatedAt: 1_768_000_000,
  };
  const text = rotationText(claim);
  const signed = (signature: Uint8Array | Promise<Uint8Array>) =>
    encodeBase64(signature instanceof Promise ? new Uint8Array(64) : signature);
  return {
    old_id: claim.oldId,
    old_public_key: encodeBase64(claim.oldKey),
    new_id: id,
    new_public_key: encodeBase64(claim.newKey),
    rotated_at: claim.rotatedAt,
    old_signature: signed(FORMER.sign(text)),
    new_signature: signed(keypair.sign(text)),
  };
}

/** A sample of every version of every kind that others may send. */
export function samplesOf(catalog: Pick<Registry, "all">): Sample[] {
  return catalog.all().map(({ spec }) => spec).filter((spec) => !isLocal(spec)).flatMap(samplesOfSpec);
}

/** A sample of every version of a kind. */
export function samplesOfSpec(spec: BehaviorSpec): Sample[] {
  return [...spec.schemas].filter(([version]) => version >= spec.min).map(([version, schema]) => ({
    spec,
    version,
    payload: (sender) => {
      const wire = { ...derived(schema, sender) as object, ...PAYLOADS[spec.kind]?.(sender) };
      try {
        return schema.decode(wire as never);
      } catch (cause) {
        throw new Error(`Say in PAYLOADS of tests/helpers/all_kinds.ts what a ${spec.kind} says`, { cause });
      }
    },
  }));
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
}

/** A value of the wire form of a schema. Every text is the sender's key in base64: an id, a text, or bytes that are a key. */
function derived(schema: PayloadSchema<unknown>, { keypair }: Pick<Identity, "keypair">): unknown {
  const text = encodeBase64(keypair.publicKey);
  const value = (json: JsonSchema): unknown => {
    if ("const" in json) return json.const;
    if (json.enum) return json.enum[0];
    if (json.anyOf) return value(json.anyOf[0]);
    switch (typeof json.type === "object" ? json.type[0] : json.type) {
      case "object":
        return Object.fromEntries(Object.entries(json.properties ?? {}).map(([key, of]) => [key, value(of)]));
      case "array":
        return json.items ? [value(json.items)] : [];
      case "integer":
        return Math.max(7, json.minimum ?? 7);
      case "number":
        return 7.5;
      case "boolean":
        return true;
      default:
        return text;
    }
  };
  return value(
    z.toJSONSchema(schema as unknown as z.ZodType, { io: "input", unrepresentable: "any" }) as JsonSchema,
  );
}
