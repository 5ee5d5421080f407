/**
 * The envelopes that `vectors/ours_envelope.json` is made of.
 * @module
 */

/** An envelope to be signed. Names stand for naras; ids and keys follow from them. */
export interface EnvelopeCase {
  /** The case's name. */
  readonly name: string;
  /** Who signs and sends it. */
  readonly signer: string;
  /** Who gets it; nobody in particular where left out. */
  readonly to?: string;
  /** Whether both names stand in it. @default {true} */
  readonly named?: boolean;
  /** Whether it may reach a Go nara, and so bears Go's signature too. @default {false} */
  readonly go?: boolean;
  /** The kind. @default {"stash:request"} */
  readonly kind?: string;
  /** The version. @default {1} */
  readonly version?: number;
  /** The payload, as it is on the wire. `$alice` and so on stand for ids. */
  readonly payload: string;
  /** When it was made. @default {"2026-01-15T10:20:30.1205Z"} */
  readonly timestamp?: string;
  /** The content key. */
  readonly contentKey?: string;
  /** The request that it answers. */
  readonly inReplyTo?: string;
  /** Why its target drops it, if it does. */
  readonly dropped?: string;
}

const REQUEST = '{"owner_id":"$alice","request_id":"r"}';
const ESCAPES =
  '{"owner_id":"$alice","request_id":"\\u003ca\\u003e\\u0026\\u2028\\u2029\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007fé🦊"}';
const SEALED =
  '"nonce":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX","ciphertext":"c4YW6wiBf71Lyzug9VW/1JOPV5MXSCrYi8OMG8pP"';

/** Envelopes as they are signed and sent. */
export const ENVELOPES: readonly EnvelopeCase[] = [
  { name: "minimal", signer: "alice", named: false, kind: "test:any", payload: "{}" },
  {
    name: "all twelve fields",
    signer: "alice",
    to: "bob",
    go: true,
    payload: REQUEST,
    contentKey: "bob:5:1700000000",
    inReplyTo: "1111111111111111",
  },
  { name: "between two of ours", signer: "alice", to: "bob", payload: REQUEST },
  { name: "to a Go nara", signer: "alice", to: "bob", go: true, payload: REQUEST },
  {
    name: "to everybody",
    signer: "alice",
    kind: "stash-refresh",
    go: true,
    payload: '{"owner_id":"$alice","owner":"alice"}',
  },
  { name: "no names", signer: "alice", to: "bob", named: false, payload: REQUEST },
  { name: "content key", signer: "alice", to: "bob", payload: REQUEST, contentKey: "carol:2:1700000000" },
  {
    name: "content key with escapes",
    signer: "alice",
    to: "bob",
    payload: REQUEST,
    contentKey: '<k>&"\\\u2028é',
  },
  {
    name: "reply link of a kind that answers nothing",
    signer: "alice",
    to: "bob",
    payload: REQUEST,
    inReplyTo: "2222222222222222",
  },
  {
    name: "reply link to a call that nobody made",
    signer: "alice",
    to: "bob",
    kind: "stash:ack",
    payload: '{"owner_id":"$bob","stored_at":1768472430,"success":false,"reason":"storage limit reached"}',
    inReplyTo: "3333333333333333",
    dropped: "unexpected_reply",
  },
  { name: "non-ASCII names", signer: "zoë", to: "日本", go: true, payload: '{"owner_id":"$zoë"}' },
  {
    name: "non-ASCII names, between two of ours",
    signer: "日本",
    to: "zoë",
    payload: '{"owner_id":"$日本"}',
  },
  { name: "escapes", signer: "alice", to: "bob", payload: ESCAPES },
  { name: "escapes, to a Go nara", signer: "alice", to: "bob", go: true, payload: ESCAPES },
  {
    name: "map payload",
    signer: "alice",
    to: "bob",
    kind: "test:any",
    payload: '{"a":["x",null,1.5,true],"b":{"nested":{}},"é":"\\u003c","｡":2,"🦊":1}',
  },
  {
    name: "stash store",
    signer: "alice",
    to: "bob",
    kind: "stash:store",
    payload: `{"owner_id":"$alice","owner":"alice",${SEALED},"ts":1768472430}`,
  },
  {
    name: "stash store, to a Go nara",
    signer: "alice",
    to: "bob",
    go: true,
    kind: "stash:store",
    payload: `{"owner_id":"$alice","owner":"alice",${SEALED},"ts":1768472430}`,
  },
  {
    name: "stash response",
    signer: "alice",
    to: "bob",
    kind: "stash:response",
    payload: `{"owner_id":"$bob","found":true,${SEALED},"stored_at":1768472400}`,
  },
  {
    name: "version 2 of two",
    signer: "alice",
    to: "bob",
    kind: "test:two-versions",
    version: 2,
    payload: '{"owner_id":"$alice"}',
  },
  {
    name: "version 3 of two",
    signer: "alice",
    to: "bob",
    kind: "test:two-versions",
    version: 3,
    payload: REQUEST,
  },
  { name: "whole second", signer: "alice", to: "bob", payload: REQUEST, timestamp: "2026-01-15T10:20:30Z" },
  {
    name: "nine digits of a second",
    signer: "alice",
    to: "bob",
    payload: REQUEST,
    timestamp: "2026-01-15T10:20:30.000000001Z",
  },
  {
    name: "another zone",
    signer: "alice",
    to: "bob",
    payload: REQUEST,
    timestamp: "2026-01-15T15:50:30.25+05:30",
  },
];
