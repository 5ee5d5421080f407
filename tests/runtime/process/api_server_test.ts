import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { ApiServer } from "../../../runtime/process/api_server.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { createLogger } from "../../../runtime/primitives/logger.ts";
import { Secret } from "../../../utilities/secret.ts";
import {
  fakeSources,
  KNOWN_ID,
  localApi,
  NASTY_TEXT,
  type RawRequest,
  rawRequest,
  TOKEN,
} from "../../helpers/local_api.ts";
import { lacking } from "../../helpers/permissions.ts";

/** Registers a test that gets an API and a way to ask it. */
function test(
  says: string,
  check: (
    ask: (request: RawRequest) => ReturnType<typeof rawRequest>,
    api: ReturnType<typeof localApi>,
  ) => Promise<void>,
  sources = () => fakeSources(),
): void {
  Deno.test({
    name: `ApiServer ${says}`,
    ignore: lacking("net"),
    fn: async () => {
      await using api = localApi(sources());
      await check((request) => rawRequest(api.url, request), api);
    },
  });
}

const WITH_TOKEN = { authorization: `Bearer ${TOKEN}` };

test("answers what is asked, as JSON that nobody keeps, frames or takes for a page", async (ask) => {
  const { status, headers, body } = await ask({ path: "/api/limits" });
  assertEquals(status, 200);
  assertEquals(JSON.parse(body), {
    limits: [{
      name: "seen.messages",
      unit: "messages",
      max: 10,
      inUse: 3,
      overflows: 1,
      rule: "the oldest goes",
    }],
  });
  assertEquals(
    ["content-type", "cache-control", "x-content-type-options", "cross-origin-resource-policy", "nara-id"]
      .map((name) => headers.get(name)),
    ["application/json; charset=utf-8", "no-store", "nosniff", "same-origin", "naraOfTheTest"],
  );
  assertStringIncludes(headers.get("content-security-policy") ?? "", "default-src 'none'");
  assertEquals(headers.get("access-control-allow-origin"), null);
});

test("gives the metrics as text in Prometheus' format", async (ask) => {
  const { status, headers, body } = await ask({ path: "/metrics?x=1" });
  assertEquals([status, headers.get("content-type")], [200, "text/plain; version=0.0.4; charset=utf-8"]);
  assertEquals(body, fakeSources().metrics());
});

test("tells why, also that it has forgotten or never knew", async (ask) => {
  const { status, body } = await ask({ path: `/api/why/${KNOWN_ID}` });
  const { id, known, underWay, text } = JSON.parse(body);
  assertEquals([status, id, known, underWay], [200, KNOWN_ID, "passages", "retry 3 in 12 s"]);
  assertStringIncludes(text.join("\n"), "retry 3 in 12 s");
  for (const [id, expected] of [["old1", "forgotten"], ["never", "unknown"]]) {
    const { status, body } = await ask({ path: `/api/why/${id}` });
    const { error, message } = JSON.parse(body);
    assertEquals([status, error, message.includes(id)], [404, expected, true]);
  }
});

test("is alive before it is ready, and says what is in the way", async (ask) => {
  assertEquals((await ask({ path: "/healthz" })).status, 200);
  const { status, body } = await ask({ path: "/readyz" });
  assertEquals([status, JSON.parse(body)], [503, { ready: false, reasons: ["it is starting"] }]);
}, () => fakeSources({ notReady: () => ["it is starting"] }));

test("is ready when nothing is in the way", async (ask) => {
  const { status, body } = await ask({ path: "/readyz" });
  assertEquals([status, JSON.parse(body)], [200, { ready: true, reasons: [] }]);
});

test("shows dead letters page by page, and takes nobody's number for a place", async (ask) => {
  const asked = async (query: string) =>
    JSON.parse((await ask({ path: `/api/dead-letters${query}` })).body).asked;
  assertEquals(await asked(""), {});
  assertEquals(await asked("?cursor=12&limit=5"), { cursor: "12", limit: 5 });
  assertEquals(await asked("?limit=100000"), { limit: 200 });
  assertEquals(await asked("?cursor=-1&limit=x"), {});
  const { body } = await ask({ path: "/api/dead-letters/7" });
  assertEquals(JSON.parse(body).error.message, NASTY_TEXT);
});

test("changes something only for whoever shows the token", async (ask) => {
  const discard = { method: "POST", path: "/api/dead-letters/7/discard" };
  const wrong = [
    undefined,
    "",
    "Bearer ",
    `Bearer ${TOKEN.slice(1)}x`,
    `Bearer ${TOKEN}x`,
    TOKEN,
    `Basic ${TOKEN}`,
  ];
  for (const authorization of wrong) {
    const { status, headers, body } = await ask({ ...discard, headers: { authorization } });
    assertEquals([status, headers.get("www-authenticate")], [401, "Bearer"], authorization);
    assertFalse(body.includes(TOKEN));
  }
  assertEquals((await ask({ path: "/api/dead-letters/7" })).status, 200);
  assertEquals((await ask({ ...discard, headers: WITH_TOKEN })).body, '{"discarded":"7"}\n');
  assertEquals((await ask({ path: "/api/dead-letters/7" })).status, 404);
});

test("retries a dead letter, and says when there is none", async (ask) => {
  const retry = (id: string) =>
    ask({ method: "POST", path: `/api/dead-letters/${id}/retry`, headers: WITH_TOKEN });
  assertEquals(JSON.parse((await retry("7")).body), { outcome: "sent" });
  const { status, body } = await retry("8");
  assertEquals([status, JSON.parse(body).error], [404, "unknown"]);
});

test("refuses a page of another site and a host of another name, with the token or without", async (ask) => {
  const discard = { method: "POST", path: "/api/dead-letters/7/discard" };
  const hostile = [
    { host: "evil.example" },
    { host: undefined },
    { origin: "http://evil.example" },
    { "sec-fetch-site": "cross-site" },
  ];
  for (const headers of hostile) {
    for (const request of [discard, { path: "/metrics" }, { path: "/nothing" }, { method: "OPTIONS" }]) {
      const { status, body } = await ask({ ...request, headers: { ...WITH_TOKEN, ...headers } });
      // Without a host a request is none: the server's own 400.
      assert(status === 403 || "host" in headers && status === 400, `${status} ${JSON.stringify(headers)}`);
      assertFalse(body.includes("nara_emitted_total"));
    }
  }
  assertEquals((await ask({ path: "/api/dead-letters/7" })).status, 200);
});

test("says which method a path takes", async (ask) => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", "X"]) {
    const { status, headers } = await ask({ method, path: "/api/limits", headers: WITH_TOKEN });
    assertEquals([status, headers.get("allow")], [405, "GET"], method);
  }
  assertEquals((await ask({ path: "/api/dead-letters/7/retry" })).headers.get("allow"), "POST");
  const { status, body } = await ask({ method: "HEAD", path: "/api/limits" });
  assertEquals([status, body], [200, ""]);
});

const NO_PATHS = [
  ...[
    "/",
    "//",
    "/api",
    "/api/",
    "/api/limits/",
    "/API/limits",
    "/api//limits",
    "/api/limits;x",
    "/favicon.ico",
  ],
  ...["/../etc/passwd", "/api/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd"],
  ...["/api/why/..%2f..%2fetc%2fpasswd", "/api/why/../limits/..", "/api/why/", "/api/why/a/b", "/api/why/.."],
  ...["/api/why/..\\..\\etc", "/api/why/a%00b", "/api/why/%61", "/api/why/__proto__", "/api/why/a.b"],
  ...["/api/why/" + "a".repeat(65), "/api/dead-letters/-1", "/api/dead-letters/7/retry/again", "/metrics/x"],
  ...["/%c0%ae%c0%ae/etc/passwd", "/.git/config", "/C:/Windows", "/api%2flimits", "/healthz%20"],
];

test("has nothing beside its routes", async (ask) => {
  for (const path of NO_PATHS) {
    const { status, headers } = await ask({ path });
    assert(status === 404 || status === 400, `${status} for ${path}`);
    if (status === 404) assertEquals(headers.get("x-content-type-options"), "nosniff", path);
  }
});

test("says that it failed, and goes on", async (ask, api) => {
  const { status, body } = await ask({ path: "/api/limits" });
  assertEquals([status, JSON.parse(body)], [500, { error: "failed", message: "the disk is gone" }]);
  assertEquals(api.logs.map(({ level, fields }) => [level, fields.error]), [["error", "the disk is gone"]]);
  assertEquals((await ask({})).status, 200);
}, () =>
  fakeSources({
    limits: () => {
      throw new Error("the disk is gone");
    },
  }));

test("ends though somebody never reads its answer", async (_, api) => {
  const { hostname, port } = new URL(api.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode("GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n"));
  await connection.read(new Uint8Array(1));
  await api[Symbol.asyncDispose]();
}, () => fakeSources({ metrics: () => "x".repeat(50_000_000) }));

Deno.test({
  name: "ApiServer moves to the next free port and says so, unless the port was given",
  ignore: lacking("net"),
  fn: async () => {
    using holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const listen = { hostname: "127.0.0.1", port: holder.addr.port };
    const lines: string[] = [];
    const log = createLogger("process", ({ message }) => lines.push(message));
    const options = { listen, sources: fakeSources(), token: new Secret(TOKEN), log };
    {
      await using api = new ApiServer({ ...options, isGiven: false });
      const { port } = new URL(api.url);
      assert(Number(port) > listen.port);
      assertStringIncludes(lines.join(), `port ${listen.port} is in use, so the API of this nara`);
      assertEquals((await rawRequest(api.url)).status, 200);
    }
    const { code, message } = assertThrows(
      () => new ApiServer({ ...options, isGiven: true }),
      ProcessError,
    ) as ProcessError;
    assertEquals([code, message.includes("choose another with --api")], ["port_in_use", true]);
    const elsewhere = { hostname: "192.0.2.1", port: 8080 };
    assertThrows(
      () => new ApiServer({ ...options, listen: elsewhere, isGiven: true }),
      ProcessError,
      "Cannot answer the operator on 192.0.2.1:8080",
    );
  },
});
