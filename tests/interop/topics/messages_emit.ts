/**
 * The list `emit` of `messages.json`: what is filled in, where it goes, and what is refused.
 * @module
 */
import { BadCase, type CaseReader } from "../case_reader.ts";
import {
  canonicalJson,
  type Draft,
  Message,
  type MessageParts,
  NaraError,
  signableContent,
} from "../nara.ts";
import { type CaseContext, isStricter } from "../topic.ts";
import { saysTheSame } from "./agreement.ts";
import { asGoAny } from "./go_values.ts";
import { type KnownNara, knownNaras, naraNamed } from "./known_naras.ts";
import { compareSent, goSends, routeOf, wireOf } from "./sending.ts";
import { VECTOR_KINDS } from "./vector_kinds.ts";
import { VectorRuntime } from "./vector_runtime.ts";

/** Go's zero time: not set. */
const ZERO_TIME = "0001-01-01T00:00:00Z";
/** Kinds that go to everybody, and on which topic. */
const TOPICS: Readonly<Record<string, string>> = { "stash-refresh": "plaza/stash_refresh" };

/** A message as it was handed to emit. */
type Before = MessageParts<unknown>;

/** Checks a case of `emit`. */
export async function checkEmit(vector: CaseReader, context: CaseContext): Promise<void> {
  const nara = await naraNamed(context.file, vector.text("by"));
  const atNs = vector.integer("at_unix_ns");
  const before = readBefore(vector);
  const knows = await knownNaras(context.file);
  const ours = await emit(before, { nara, knows, atNs });
  const error = vector.optionalText("error");
  if (error !== null) {
    for (const field of ["wire", "route"]) vector.expect(field, "");
    vector.expect("signable", null);
    const isSame = typeof ours === "string" && saysTheSame({ dropReason: null, error }, ours);
    if (!isSame) vector.differ("error", error, typeof ours === "string" ? ours : "no error");
    if (ours === "unregistered_kind") vector.expect("error", `unknown message kind: ${before.kind}`);
    return;
  }

  const go = await goSends(vector, nara, atNs, filledIn(before));
  vector.expect("signable", signableContent(go));
  vector.expect("wire", wireOf(go));
  const route = routeOf(go, TOPICS);
  vector.expect("route", route);
  if (typeof ours === "string") {
    if (!isStricter(vector, context, `refused: ${ours}`)) vector.differ("error", null, ours);
    return;
  }
  const [sent, ...more] = ours.sent;
  if (!sent || more.length > 0 || ours.route !== route) vector.differ("our route", route, ours.route);
  else await compareSent(vector, context, { go, sent, nara });
}

/** Reads the message as Go had it, which is written in one way only. */
function readBefore(vector: CaseReader): Before {
  const text = vector.text("before");
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadCase('field "before" must be JSON');
  }
  const payload = json.payload;
  const before = {
    id: json.id,
    contentKey: json.content_key,
    kind: json.kind,
    version: json.version,
    from: json.from,
    fromId: json.from_id,
    to: json.to,
    toId: json.to_id,
    timestamp: json.timestamp,
    payload,
    payloadJson: canonicalJson(json.kind === "test:any" ? asGoAny(payload) : payload),
    inReplyTo: json.in_reply_to,
  } as Before;
  vector.expect("before", wireOf(new Message(before)));
  return before;
}

/** Go fills in what is not set. */
function filledIn({ id, from, fromId, timestamp, version, ...rest }: Before): Parameters<typeof goSends>[3] {
  return {
    ...rest,
    version: version || (VECTOR_KINDS.get(rest.kind)?.spec.current ?? 1),
    ...(id && { id }),
    ...(from && { from }),
    ...(fromId && { fromId }),
    ...(timestamp !== ZERO_TIME && { timestamp }),
  };
}

interface Emission {
  readonly sent: VectorRuntime["sent"];
  readonly route: string;
}

/** Emits what a draft can say of the message. Returns what was sent and where to, or the code of the error. */
async function emit(
  { kind, version, payload, toId, to, inReplyTo }: Before,
  { nara, knows, atNs }: { nara: KnownNara; knows: readonly KnownNara[]; atNs: bigint },
): Promise<Emission | string> {
  await using runtime = await VectorRuntime.start({ nara, knows, atNs });
  const somebody = knows.find(({ id }) => id !== nara.id);
  if (somebody) runtime.runtime.peers.prove(somebody.id, `vectors:${somebody.id}`); // Without a peer nobody is told.
  const current = VECTOR_KINDS.get(kind)?.spec;
  const schema = current?.schemas.get(version || current.current) ?? current?.schemas.get(current.current);
  const draft: Draft = {
    kind,
    payload: schema ? schema.decode(payload as never) : payload,
    ...(version !== 0 && { version }),
    to: toId,
    toName: to,
    inReplyTo,
  };
  try {
    await runtime.api.emit(draft);
  } catch (thrown) {
    if (thrown instanceof NaraError) return thrown.code;
    throw thrown;
  }
  const topic = TOPICS[kind];
  const isOnTopic = topic !== undefined && runtime.runtime.describe(kind).emit.includes(`, on ${topic};`);
  const route = toId ? `direct:${runtime.sent[0]?.to}` : isOnTopic ? `nara/${topic}` : "";
  return { sent: runtime.sent, route };
}
