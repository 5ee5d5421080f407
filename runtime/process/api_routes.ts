/**
 * The routes of the local API: a fixed table. No path of a file is ever made of a request.
 * @module
 */
import { NaraError } from "../../utilities/errors.ts";
import { STATUS_CODE } from "../transport/http_responses.ts";
import { explain, explainAsJson } from "../primitives/journal_explain.ts";
import { limitRows } from "../primitives/limits_table.ts";
import { badId, isNaraId } from "./nara_id.ts";
import type { ApiSources, DeadLetterSource, LetterQuery, PeerSource } from "./api_sources.ts";

/** What a route answers. */
export interface ApiAnswer {
  /** The status. @default {200} */
  readonly status?: number;
  /** Text, or what is written as JSON. */
  readonly body: string | object;
}

/** What a request says beside its route. */
export interface Asked {
  /** The id in the path. */
  readonly id: string;
  /** What stands behind the path. */
  readonly query: URLSearchParams;
}

/** One route. */
export interface ApiRoute {
  /** `GET` for what only reads; `POST` needs the token. */
  readonly method: "GET" | "POST";
  /** Its path; `:id` stands for an id. */
  readonly path: string;
  /** Answers. */
  answer(sources: ApiSources, asked: Asked): ApiAnswer | Promise<ApiAnswer>;
}

/** Letters in one answer; as many more as wanted are behind its cursor. */
const LETTERS_MAX = 200;
const NUMBER = /^[1-9]\d{0,14}$/;

/** All routes, and nothing beside them. */
export const API_ROUTES: readonly ApiRoute[] = [
  { method: "GET", path: "/healthz", answer: () => ({ body: { ok: true } }) },
  { method: "GET", path: "/readyz", answer: readiness },
  { method: "GET", path: "/metrics", answer: async (sources) => ({ body: await sources.metrics() }) },
  { method: "GET", path: "/api/why/:id", answer: why },
  {
    method: "GET",
    path: "/api/limits",
    answer: (sources) => ({ body: { limits: limitRows(sources.limits()) } }),
  },
  {
    method: "GET",
    path: "/api/catalog",
    answer: (sources) => ({ body: { kinds: sources.catalog() } }),
  },
  {
    method: "GET",
    path: "/api/peers",
    answer: withPeers((peers) => ({ peers: peers.rows() })),
  },
  {
    method: "POST",
    path: "/api/peers/:id/block",
    answer: withPeers((peers, { id }) => {
      if (!isNaraId(id)) throw badId("block", id);
      return { id, isBlocked: true, isNews: peers.block(id) };
    }),
  },
  {
    method: "POST",
    path: "/api/peers/:id/unblock",
    answer: withPeers((peers, { id }) => {
      const isNews = peers.unblock(id);
      if (!isNews && !isNaraId(id)) throw badId("unblock", id);
      return { id, isBlocked: false, isNews };
    }),
  },
  {
    method: "GET",
    path: "/api/dead-letters",
    answer: withLetters((letters, { query }) => letters.list(letterQuery(query))),
  },
  {
    method: "GET",
    path: "/api/dead-letters/:id",
    answer: withLetters((letters, { id }) => letters.inspect(id)),
  },
  {
    method: "POST",
    path: "/api/dead-letters/:id/retry",
    answer: withLetters((letters, { id }) => letters.retry(id)),
  },
  {
    method: "POST",
    path: "/api/dead-letters/:id/discard",
    answer: withLetters(async (letters, { id }) => {
      await letters.discard(id);
      return { discarded: id };
    }),
  },
];

/** An error as the API says it. */
export function errorAnswer(status: number, error: string, message: string): ApiAnswer {
  return { status, body: { error, message } };
}

function readiness(sources: ApiSources): ApiAnswer {
  const reasons = sources.notReady();
  const status = reasons.length === 0 ? STATUS_CODE.OK : STATUS_CODE.ServiceUnavailable;
  return { status, body: { ready: reasons.length === 0, reasons } };
}

/** For programs, and in lines for a person. */
function why(sources: ApiSources, { id }: Asked): ApiAnswer {
  const found = sources.why(id);
  const text = explain(id, found);
  if (found.known === "passages") return { body: { ...explainAsJson(id, found), text } };
  return errorAnswer(STATUS_CODE.NotFound, found.known, text.join(" "));
}

/** Where a page of letters begins; what is no such place is the beginning. */
function letterQuery(query: URLSearchParams): LetterQuery {
  const [cursor, limit] = [query.get("cursor") ?? "", query.get("limit") ?? ""];
  return {
    ...NUMBER.test(cursor) && { cursor },
    ...NUMBER.test(limit) && { limit: Math.min(Number(limit), LETTERS_MAX) },
  };
}

/** A route about peers. */
function withPeers(act: (peers: PeerSource, asked: Asked) => object): ApiRoute["answer"] {
  return ({ peers }, asked) => {
    if (!peers) {
      return errorAnswer(STATUS_CODE.NotFound, "not_kept", "Cannot tell of peers: none are known here");
    }
    try {
      return { body: act(peers, asked) };
    } catch (thrown) {
      if (!(thrown instanceof NaraError)) throw thrown;
      return errorAnswer(STATUS_CODE.UnprocessableEntity, thrown.code, thrown.message);
    }
  };
}

/** A route about dead letters. */
function withLetters(
  act: (letters: DeadLetterSource, asked: Asked) => object | Promise<object>,
): ApiRoute["answer"] {
  return async ({ deadLetters }, asked) => {
    if (!deadLetters) {
      return errorAnswer(STATUS_CODE.NotFound, "not_kept", "Cannot show dead letters: none are kept here");
    }
    try {
      return { body: await act(deadLetters, asked) };
    } catch (thrown) {
      if (!(thrown instanceof NaraError)) throw thrown;
      const { code, message } = thrown;
      if (code === "unknown_letter") return errorAnswer(STATUS_CODE.NotFound, "unknown", message);
      return errorAnswer(STATUS_CODE.UnprocessableEntity, code, message);
    }
  };
}
