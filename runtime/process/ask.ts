/**
 * Asks a running nara over its local API.
 * @module
 */
import { request } from "node:http";
import { type Clock, systemClock } from "../../utilities/clock.ts";
import { messageOf, NaraError } from "../../utilities/errors.ts";
import type { Secret } from "../../utilities/secret.ts";
import { NARA_ID_HEADER } from "./api_server.ts";

/** Why a running nara did not give what it was asked for. */
export class AskError extends NaraError<"no_nara" | "unknown" | "forgotten" | "refused"> {}

/** Who is asked. */
export interface Contact {
  /** Where its API listens. */
  readonly url: string;
  /** Who has to answer; anybody, if left out. */
  readonly id?: string;
  /** What lets a request change something. */
  readonly token?: Secret<string>;
}

/** How it is asked. */
export interface AskOptions {
  /** `POST` changes something. @default {"GET"} */
  readonly method?: "GET" | "POST";
  /** Gives up early. */
  readonly signal: AbortSignal;
  /** Time. @default {the machine's} */
  readonly clock?: Pick<Clock, "sleep">;
}

interface Answer {
  readonly status: number;
  readonly id: string | undefined;
  readonly text: string;
}

/** Milliseconds until an answer is there; it is this machine that answers. */
const ANSWER_MS = 10_000;

/**
 * What a nara answers, as text.
 *
 * @throws {AskError} When nobody answers, somebody else does, or the answer is no.
 */
export async function ask(contact: Contact, path: string, options: AskOptions): Promise<string> {
  const { url } = contact;
  const { status, id, text } = await exchange(contact, path, options);
  if (id === undefined || contact.id !== undefined && id !== contact.id) {
    const found = id === undefined ? "something that is no nara" : `another nara, ${id}`;
    throw new AskError(
      "no_nara",
      `Cannot ask at ${url}: ${found} answers there; the one that is meant has ended`,
    );
  }
  if (status >= 200 && status < 300) return text;
  const { error, message } = errorIn(text);
  const code = error === "unknown" || error === "forgotten" ? error : "refused";
  throw new AskError(code, message ?? `Cannot get an answer from ${url}: it says ${status}`);
}

/**
 * What a nara answers, as what the JSON says.
 *
 * @throws {AskError} As {@linkcode ask}; also when the answer is no JSON.
 */
export async function askJson(contact: Contact, path: string, options: AskOptions): Promise<unknown> {
  const text = await ask(contact, path, options);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AskError("refused", `Cannot read the answer of ${contact.url}: expected JSON`, { cause });
  }
}

/** Whether the nara that is meant answers. */
export async function isThere(contact: Contact, options: AskOptions): Promise<boolean> {
  try {
    await ask(contact, "/healthz", options);
    return true;
  } catch (thrown) {
    if (thrown instanceof AskError) return false;
    throw thrown;
  }
}

/** One request on a connection of its own. Not `fetch`, which would ask a proxy that the environment names. */
async function exchange({ url, token }: Contact, path: string, options: AskOptions): Promise<Answer> {
  const { method = "GET", signal, clock = systemClock } = options;
  const over = new AbortController();
  const limit = AbortSignal.any([signal, over.signal]);
  clock.sleep(ANSWER_MS, { signal: limit }).then(
    () => over.abort(new Error(`it took longer than ${ANSWER_MS / 1_000} s`)),
    () => {},
  );
  try {
    const headers = { connection: "close", ...token && { authorization: `Bearer ${token.reveal()}` } };
    return await answerTo(new URL(path, url), { method, headers, signal: limit, agent: false });
  } catch (cause) {
    signal.throwIfAborted();
    const reason = over.signal.aborted ? messageOf(over.signal.reason) : reasonIn(cause);
    throw new AskError("no_nara", `Cannot ask a nara at ${url} as none answers there (${reason})`, { cause });
  } finally {
    over.abort();
  }
}

function answerTo(url: URL, options: Parameters<typeof request>[1]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => text += part);
      response.on("error", reject);
      response.on("end", () => {
        const id = response.headers[NARA_ID_HEADER];
        resolve({ status: response.statusCode ?? 0, id: typeof id === "string" ? id : undefined, text });
      });
    });
    asking.on("error", reject);
    asking.end();
  });
}

/** Node's code says more than its sentence. */
function reasonIn(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ECONNREFUSED") return "nothing listens";
  return typeof code === "string" ? code : messageOf(thrown);
}

function errorIn(text: string): { error?: unknown; message?: string } {
  try {
    const { error, message } = JSON.parse(text);
    return { error, ...typeof message === "string" && { message } };
  } catch {
    return {};
  }
}
