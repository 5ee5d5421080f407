/**
 * The local API over sources that a test can change, asked byte by byte.
 * @module
 */
import { ApiServer } from "../../runtime/process/api_server.ts";
import type { ApiSources } from "../../runtime/process/api_sources.ts";
import type { LogRecord } from "../../runtime/primitives/logger.ts";
import { createLogger } from "../../runtime/primitives/logger.ts";
import { NaraError } from "../../utilities/errors.ts";
import { Secret } from "../../utilities/secret.ts";

/** The error for a dead letter that there is none of. */
class LetterError extends NaraError<"unknown_letter" | "busy"> {}

/** An id of a message that is known. */
export const KNOWN_ID = "2x5kMN7pQrStUvWx";
/** The token of the test's API. */
export const TOKEN = "dG9rZW4gb2YgYSB0ZXN0";
/** What stands in a letter, and must reach its reader unharmed. */
export const NASTY_TEXT = `<script>alert(1)</script>"\u2028\u0000`;

/** Sources with one message, one limit and one letter. */
export function fakeSources(changes: Partial<ApiSources> = {}): ApiSources {
  let letters = [{ id: "7", kind: "test:note", stage: "mesh", error: { message: NASTY_TEXT } }];
  const find = (id: string) => {
    const letter = letters.find((letter) => letter.id === id);
    if (!letter) throw new LetterError("unknown_letter", `There is no dead letter ${id}`);
    return letter;
  };
  return {
    me: { id: "naraOfTheTest", name: "test" },
    notReady: () => [],
    metrics: () => "# HELP nara_emitted_total Messages\nnara_emitted_total 1\n",
    why: (id) => {
      if (id === KNOWN_ID) return { known: "passages", passages: [], underWay: "retry 3 in 12 s" };
      return { known: id.startsWith("old") ? "forgotten" : "unknown" };
    },
    limits: () => [{
      name: "seen.messages",
      unit: "messages",
      max: 10,
      rule: "the oldest goes",
      inUse: () => 3,
      overflows: () => 1,
    }],
    catalog: () => [],
    deadLetters: {
      list: ({ cursor, limit }) => ({ letters, total: letters.length, asked: { cursor, limit } }),
      inspect: find,
      retry: (id) => {
        find(id);
        if (letters.length > 1) throw new LetterError("busy", "it is under way");
        return Promise.resolve({ outcome: "sent" });
      },
      discard: (id) => {
        const letter = find(id);
        letters = letters.filter((other) => other !== letter);
        return Promise.resolve();
      },
    },
    ...changes,
  };
}

/** An API on any port that is free, and what it logged. */
export function localApi(
  sources: ApiSources = fakeSources(),
  listen = { hostname: "127.0.0.1", port: 0 },
): ApiServer & { logs: LogRecord[] } {
  const logs: LogRecord[] = [];
  const log = createLogger("process", (record) => logs.push(record));
  const server = new ApiServer({ listen, isGiven: true, sources, token: new Secret(TOKEN), log });
  return Object.assign(server, { logs });
}

/** What came back. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** How a request is written; a header that is `undefined` is left out. */
export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** Sends a request as it is, which no client that knows better would. */
export async function rawRequest(url: string, request: RawRequest = {}): Promise<RawResponse> {
  const { hostname, port, host } = new URL(url);
  const { method = "GET", path = "/healthz", body = "" } = request;
  const given = { host, connection: "close", ...request.headers };
  const headers = Object.entries(given).filter(([, value]) => value !== undefined);
  const head = [`${method} ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""];
  using connection = await Deno.connect({
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port),
  });
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(head.join("\r\n") + body));
  const text = await new Response(connection.readable).text();
  return parse(text);
}

function parse(text: string): RawResponse {
  const end = text.indexOf("\r\n\r\n");
  const [first, ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Headers(lines.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]));
  return { status: Number(first.split(" ")[1]), headers, body: text.slice(end + 4) };
}
