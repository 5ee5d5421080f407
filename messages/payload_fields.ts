/**
 * The fields of a payload in words, read from its schema: for whoever writes docs of a kind.
 * @module
 */
import * as z from "zod";
import type { PayloadSchema } from "./payload_schema.ts";

/** A field as it is on the wire. */
export interface PayloadField {
  /** Its name; behind a dot what is in an object, behind `[]` what is in each item of a list. */
  readonly name: string;
  /** What it holds, in words. */
  readonly type: string;
  /** Whether it has to be there. */
  readonly isRequired: boolean;
  /** What it means. */
  readonly description: string;
}

/** As much of JSON Schema (draft 2020-12) as payloads use. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly contentEncoding?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** The fields that `schema` describes, in wire order; `undefined` for a schema that does not say, as one that is not zod's. */
export function payloadFields(schema: PayloadSchema<unknown>): PayloadField[] | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const described = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return described.properties && fieldsOf(described, "");
}

function fieldsOf({ properties = {}, required = [] }: JsonSchema, before: string): PayloadField[] {
  return Object.entries(properties).flatMap(([key, field]) => {
    const name = `${before}${key}`;
    const { description = "" } = field;
    const isRequired = required.includes(key);
    const within = field.items
      ? fieldsOf(field.items, `${name}[].`)
      : field.properties
      ? fieldsOf(field, `${name}.`)
      : [];
    return [{ name, type: typeOf(field), isRequired, description }, ...within];
  });
}

function typeOf(field: JsonSchema): string {
  const { anyOf, type, items, maxItems, minimum, maximum } = field;
  if (anyOf) return anyOf.map(typeOf).join(", or ");
  if (field.enum) return field.enum.map((value) => JSON.stringify(value)).join(" or ");
  switch (type) {
    case "string":
      return textType(field);
    case "integer":
      return `whole number${boundsOf(minimum, maximum)}`;
    case "number":
      return `number${boundsOf(minimum, maximum)}`;
    case "boolean":
      return "true or false";
    case "array":
      return `list${maxItems === undefined ? "" : ` of at most ${maxItems}`}${
        items ? `, each: ${typeOf(items)}` : ""
      }`;
    case "object":
      return "object";
    case "null":
      return "`null`";
    default:
      return "anything";
  }
}

function textType({ contentEncoding, maxLength }: JsonSchema): string {
  if (contentEncoding) return `bytes, as ${contentEncoding}`;
  return maxLength === undefined ? "text" : `text of at most ${maxLength} characters`;
}

/** Every whole number of a payload is one that JavaScript holds exactly: that alone is no bound worth a word. */
function boundsOf(minimum = -Infinity, maximum = Infinity): string {
  const from = minimum > Number.MIN_SAFE_INTEGER ? ` from ${minimum}` : "";
  return maximum < Number.MAX_SAFE_INTEGER ? `${from} up to ${maximum}` : from;
}
