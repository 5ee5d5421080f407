/**
 * The local API of a running nara: what its operator's commands, and whoever watches over it, ask it. It listens on this
 * machine only unless told otherwise, and what changes something needs the token from the data folder.
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { messageOf } from "../../utilities/errors.ts";
import type { Secret } from "../../utilities/secret.ts";
import type { Logger } from "../primitives/logger.ts";
import { STATUS_CODE } from "../transport/http_responses.ts";
import { hostPort, isWildcard } from "../transport/mesh_address.ts";
import { SteadyServer } from "../transport/steady_server.ts";
import { refusalOf } from "./api_guard.ts";
import { API_ROUTES, type ApiAnswer, type ApiRoute, errorAnswer } from "./api_routes.ts";
import type { ApiSources } from "./api_sources.ts";
import { ProcessError, reasonOf } from "./process_error.ts";
import type { HostPort } from "./setting_values.ts";

/** Options of an {@linkcode ApiServer}. */
export interface ApiOptions {
  /** Where to listen; port 0 takes any that is free. */
  readonly listen: HostPort;
  /** Whether `listen` was said, and so must not move to another port. */
  readonly isGiven: boolean;
  /** Where its answers come from. */
  readonly sources: ApiSources;
  /** What a request that changes something has to show. */
  readonly token: Secret<string>;
  /** Where it says that it moved, and what broke. */
  readonly log: Logger;
}

/** The header in which every response says who answers. */
export const NARA_ID_HEADER = "nara-id";

/** Ports that are tried where none was given. */
const PORTS_TRIED_MAX = 100;
/** Requests that may be open at once; past it the answer is 503. */
const OPEN_MAX = 64;
/** A response is no page, and not to be kept, framed or taken for something else. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";
/** As much of an id as any kind of id needs. */
const ID = /^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;

/** Answers the operator. Dispose of it to stop. */
export class ApiServer implements AsyncDisposable {
  /** Where this machine reaches it, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly #options: ApiOptions;
  readonly #server: SteadyServer<Deno.NetAddr>;
  readonly #headers: Readonly<Record<string, string>>;
  #open = 0;

  /**
   * Starts to listen.
   *
   * @throws {ProcessError} `port_in_use` or `bad_option`.
   */
  constructor(options: ApiOptions) {
    this.#options = options;
    this.#headers = { ...HEADERS, [NARA_ID_HEADER]: options.sources.me.id };
    const open = (signal: AbortSignal, before?: Deno.NetAddr) => {
      const place = before ? { listen: before, isGiven: true } : options;
      return listen({ ...options, ...place }, signal, (request) => this.#answer(request));
    };
    this.#server = new SteadyServer({ open });
    const { hostname, port } = options.listen;
    const actual = this.#server.addr.port;
    this.url = `http://${hostPort(isWildcard(hostname) ? "127.0.0.1" : hostname, actual)}`;
    if (!options.isGiven && actual !== port) {
      options.log.info(`port ${port} is in use, so the API of this nara listens on the next free one`, {
        port: actual,
      });
    }
  }

  async #answer(request: Request): Promise<Response> {
    if (this.#open >= OPEN_MAX) {
      return this.#response(
        errorAnswer(STATUS_CODE.ServiceUnavailable, "busy", "Too many requests are open"),
      );
    }
    this.#open++;
    try {
      return await this.#route(request);
    } catch (thrown) {
      this.#options.log.error("a question to the API failed", { error: messageOf(thrown) });
      return this.#response(errorAnswer(STATUS_CODE.InternalServerError, "failed", messageOf(thrown)));
    } finally {
      this.#open--;
    }
  }

  async #route({ headers, method, url }: Request): Promise<Response> {
    const { sources, listen: { hostname }, token } = this.#options;
    const refusal = refusalOf(headers, hostname);
    if (refusal) return this.#response(errorAnswer(STATUS_CODE.Forbidden, "forbidden", refusal));
    const path = pathOf(url);
    const found = API_ROUTES.flatMap((route) => matches(route, path) ?? []);
    if (found.length === 0) {
      return this.#response(errorAnswer(STATUS_CODE.NotFound, "not_found", "There is nothing at this path"));
    }
    const wanted = method === "HEAD" ? "GET" : method;
    const match = found.find(({ route }) => route.method === wanted);
    if (!match) {
      const allow = found.map(({ route }) => route.method).join(", ");
      const answer = errorAnswer(STATUS_CODE.MethodNotAllowed, "method_not_allowed", `Use ${allow}`);
      return this.#response(answer, { allow });
    }
    if (match.route.method === "POST" && !hasToken(headers, token)) {
      const advice = "Show the token that the data folder holds";
      const answer = errorAnswer(STATUS_CODE.Unauthorized, "unauthorized", advice);
      return this.#response(answer, { "www-authenticate": "Bearer" });
    }
    const query = new URLSearchParams(url.slice(url.indexOf(path) + path.length));
    return this.#response(await match.route.answer(sources, { id: match.id, query }));
  }

  #response({ status = STATUS_CODE.OK, body }: ApiAnswer, more?: Readonly<Record<string, string>>): Response {
    const [text, type] = typeof body === "string"
      ? [body, METRICS_TYPE]
      : [`${JSON.stringify(body)}\n`, JSON_TYPE];
    return new Response(text, { status, headers: { ...this.#headers, "content-type": type, ...more } });
  }

  /** Stops at once: whoever reads slowly does not keep a nara from leaving. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

function listen(
  { listen: { hostname, port: first }, isGiven }: ApiOptions,
  signal: AbortSignal,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const last = isGiven ? first : first + PORTS_TRIED_MAX - 1;
  for (let port = first;; port++) {
    try {
      return Deno.serve({ hostname, port, signal, onListen: () => {} }, handler);
    } catch (thrown) {
      const isInUse = thrown instanceof Deno.errors.AddrInUse;
      if (!isInUse || port >= last) throw listenError(thrown, isInUse, hostPort(hostname, first));
    }
  }
}

function listenError(thrown: unknown, isInUse: boolean, at: string): ProcessError {
  const options = { cause: thrown };
  const advice = "choose another with --api";
  if (isInUse) {
    const message = `Cannot answer the operator on ${at} as another program listens there: ${advice}`;
    return new ProcessError("port_in_use", message, options);
  }
  const message = `Cannot answer the operator on ${at} (${reasonOf(thrown)}): ${advice}, or --api none`;
  return new ProcessError("bad_option", message, options);
}

/** The path as it was sent; nothing is decoded, so nothing can hide in it. */
function pathOf(url: string): string {
  const start = url.indexOf("/", "http://".length);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

/** Whether `path` is that of `route`, and for which id. */
function matches(route: ApiRoute, path: string): { route: ApiRoute; id: string } | undefined {
  const [pattern, parts] = [route.path.split("/"), path.split("/")];
  if (pattern.length !== parts.length) return undefined;
  let id = "";
  for (const [index, word] of pattern.entries()) {
    if (word !== ":id" ? word !== parts[index] : !ID.test(parts[index])) return undefined;
    if (word === ":id") id = parts[index];
  }
  return { route, id };
}

/** Takes the same time whatever is shown, so that nobody finds the token letter by letter. */
function hasToken(headers: Headers, token: Secret<string>): boolean {
  const encoder = new TextEncoder();
  const shown = encoder.encode(headers.get("authorization") ?? "");
  const expected = encoder.encode(`Bearer ${token.reveal()}`);
  return shown.length === expected.length && timingSafeEqual(shown, expected);
}
