/**
 * `mesh_auth.json`: the headers that sign mesh requests and responses.
 * @module
 */
import type { CaseReader } from "../case_reader.ts";
import {
  canonicalJson,
  checkRequest,
  checkResponse,
  type Keypair,
  type MeshVerdict,
  requestText,
  responseText,
  signedPath,
  signRequest,
  signResponse,
  toHeaderText,
} from "../nara.ts";
import type { CaseContext, Topic, VectorFile } from "../topic.ts";
import { bytesByRule, keypairsOf, sha256Hex } from "./bytes.ts";
import { checkIntroduction, keysNamed, type KnownNara, naraNamed } from "./known_naras.ts";

const HEADERS = ["X-Nara-Name", "X-Nara-Timestamp", "X-Nara-Signature"];
const NS_PER_MS = 1_000_000n;
/** What anybody may ask without signing (reference section 4.4). */
const UNSIGNED_PATHS = new Set(["/ping", "/coordinates", "/peer/query", "/api/checkpoints/all"]);

/** Both keypairs verify: each must come to the same verdict. */
async function verdictOf(
  vector: CaseReader,
  file: VectorFile,
  check: (
    verifier: { keysOf(name: string): Uint8Array[]; verify: Keypair["verify"] },
  ) => Promise<MeshVerdict>,
): Promise<MeshVerdict> {
  const verdicts: MeshVerdict[] = [];
  for (const { verify } of (await keypairsOf(new Uint8Array(32))).values()) {
    verdicts.push(await check({ keysOf: (name) => keysNamed(file, name), verify }));
  }
  const [web, node] = verdicts;
  if (wordsOf(web) !== wordsOf(node)) {
    vector.differ("the node keypair against the web one", wordsOf(web), wordsOf(node));
  }
  return web;
}

function wordsOf(verdict: MeshVerdict): string {
  return verdict.ok ? `ok ${verdict.name}` : verdict.reason;
}

function expectVerdict(vector: CaseReader, verdict: MeshVerdict): void {
  vector.expect("verified_name", verdict.ok ? verdict.name : "");
  vector.expect("error", verdict.ok ? null : verdict.reason);
}

/** Headers as they travel: texts as their UTF-8 bytes, one character each. */
function readHeaders(vector: CaseReader, field: string): Headers {
  const headers = vector.object(field);
  return new Headers(HEADERS.map((name) => [name, toHeaderText(headers.text(name))]));
}

/** Signs with both keypairs of a nara and compares the headers, byte for byte. */
async function expectSigned(
  vector: CaseReader,
  field: string,
  nara: KnownNara,
  sign: (keypair: Keypair) => Promise<Record<string, string>>,
): Promise<void> {
  const expected = readHeaders(vector, field);
  for (const [kind, keypair] of nara.keypairs) {
    const signed = new Headers(await sign(keypair));
    for (const name of HEADERS) {
      if (signed.get(name) !== expected.get(name)) {
        vector.differ(`${field}.${name} by the ${kind} keypair`, expected.get(name), signed.get(name));
      }
    }
  }
}

async function checkRequestCase(vector: CaseReader, { file }: CaseContext): Promise<void> {
  const nara = await naraNamed(file, vector.text("signer"));
  const nowNs = vector.integer("clock_unix_ns");
  const timestampMs = Number(nowNs / NS_PER_MS);
  const [method, path] = [vector.text("method"), signedPath(vector.text("url_after_host"))];
  vector.expect("timestamp_ms", timestampMs);
  vector.expect("decoded_path", path);
  vector.expect("signed_text", requestText(nara.name, timestampMs, method, path));
  vector.expect("name_header_utf8_hex", new TextEncoder().encode(nara.name).toHex());
  await expectSigned(
    vector,
    "headers",
    nara,
    (keypair) => signRequest({ name: nara.name, keypair }, { method, path, timestampMs }),
  );
  const headers = readHeaders(vector, "headers");
  expectVerdict(
    vector,
    await verdictOf(vector, file, (keys) => checkRequest(headers, { method, path, nowNs }, keys)),
  );
}

async function checkResponseCase(vector: CaseReader, { file }: CaseContext): Promise<void> {
  const nara = await naraNamed(file, vector.text("signer"));
  const body = vector.has("body_rule") ? bytesByRule(vector.text("body_rule")) : vector.hex("body_utf8_hex");
  if (vector.has("body_rule") && vector.has("body_utf8_hex")) vector.expect("body_utf8_hex", body.toHex());
  const timestampMs = vector.number("timestamp_ms");
  vector.expect("body_length", body.length);
  vector.expect("body_sha256_hex", sha256Hex(body));
  vector.expect("signed_text", responseText(nara.name, timestampMs, body));
  await expectSigned(
    vector,
    "headers",
    nara,
    (keypair) => signResponse({ name: nara.name, keypair }, { body, timestampMs }),
  );
  const headers = readHeaders(vector, "headers");
  expectVerdict(vector, await verdictOf(vector, file, (keys) => checkResponse(headers, body, keys)));
}

async function checkResponseCheck(vector: CaseReader, { file }: CaseContext): Promise<void> {
  const [headers, body] = [readHeaders(vector, "headers"), vector.hex("body_utf8_hex")];
  expectVerdict(vector, await verdictOf(vector, file, (keys) => checkResponse(headers, body, keys)));
}

async function checkAge(vector: CaseReader, { file }: CaseContext): Promise<void> {
  const headers = readHeaders(vector, "headers");
  vector.expect("timestamp_ms", Number(headers.get(HEADERS[1])));
  const request = {
    method: vector.text("method"),
    path: vector.text("path"),
    nowNs: vector.integer("receiver_clock_unix_ns"),
  };
  expectVerdict(vector, await verdictOf(vector, file, (keys) => checkRequest(headers, request, keys)));
}

/** A response in parts, as the server of the vectors gives it. */
interface Answer {
  readonly status: number;
  readonly type: "application/json" | "text/plain";
  readonly body: string;
  /** Whether the handler ran behind the check, so that its answer is signed. */
  readonly isSigned: boolean;
}

/** The handler of the vectors: it says who was verified, and fails on demand. */
function handle(verified: string, requestBody: string, isSigned: boolean): Answer {
  if (requestBody === "fail") return { status: 400, type: "text/plain", body: "Invalid JSON\n", isSigned };
  const body = `${canonicalJson({ verified })}\n`;
  return { status: 200, type: "application/json", body, isSigned };
}

async function checkMiddleware(vector: CaseReader, { file }: CaseContext): Promise<void> {
  const receiver = await naraNamed(file, vector.text("receiver"));
  const nowNs = vector.integer("receiver_clock_unix_ns");
  const [method, path] = [vector.text("method"), signedPath(vector.text("url_after_host"))];
  const [headers, requestBody] = [readHeaders(vector, "request_headers"), vector.text("request_body")];
  let answer: Answer;
  if (UNSIGNED_PATHS.has(path)) answer = handle("", requestBody, false);
  else {
    const verdict = await verdictOf(
      vector,
      file,
      (keys) => checkRequest(headers, { method, path, nowNs }, keys),
    );
    const refusal = `Authentication failed: ${verdict.ok || verdict.reason}\n`;
    answer = verdict.ok
      ? handle(verdict.name, requestBody, true)
      : { status: 401, type: "text/plain", body: refusal, isSigned: false };
  }
  vector.expect("handler_ran", answer.status !== 401);
  vector.expect("status", answer.status);
  vector.expect("response_body", answer.body);
  vector.expect("crash", "");
  vector.object("response_headers").expect("Content-Type", `${answer.type}; charset=utf-8`);
  if (!answer.isSigned) return;
  const [body, timestampMs] = [new TextEncoder().encode(answer.body), Number(nowNs / NS_PER_MS)];
  await expectSigned(
    vector,
    "response_headers",
    receiver,
    (keypair) => signResponse({ name: receiver.name, keypair }, { body, timestampMs }),
  );
}

/** Two different requests whose signed texts are the same, as nothing stands between the parts. */
function checkUnseparated(vector: CaseReader): void {
  for (const which of ["1", "2"]) {
    const [name, timestamp] = [vector.text(`name_${which}`), vector.text(`timestamp_${which}`)];
    vector.expect(`signed_text_${which}`, requestText(name, timestamp, "POST", "/dm"));
  }
  vector.expect("signed_text_1", vector.text("signed_text_2"));
}

/** The topic `mesh_auth`. */
export const meshAuthTopic: Topic = {
  name: "mesh_auth",
  lists: {
    identities: checkIntroduction,
    requests: checkRequestCase,
    responses: checkResponseCase,
    response_checks: checkResponseCheck,
    age: checkAge,
    middleware: checkMiddleware,
    unseparated_parts: checkUnseparated,
  },
};
