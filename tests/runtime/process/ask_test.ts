import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { announceApi, contactIn, createToken } from "../../../runtime/process/api_file.ts";
import { ask, AskError, askJson, isThere } from "../../../runtime/process/ask.ts";
import { findNara } from "../../../runtime/process/find_nara.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { Secret } from "../../../utilities/secret.ts";
import { fakeSources, localApi, TOKEN } from "../../helpers/local_api.ts";
import { lacking } from "../../helpers/permissions.ts";
import { contentOf, withFolder } from "../../helpers/temp_folder.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";

const { signal } = new AbortController();
const token = new Secret(TOKEN);

/** Registers a test that gets an empty folder. */
function test(says: string, check: (folder: string) => void | Promise<void>): void {
  Deno.test({ name: says, ignore: lacking("net", "read", "write"), fn: () => withFolder(check) });
}

/** The error that comes of asking. */
async function refusal(asking: () => Promise<unknown>): Promise<AskError> {
  const error = await assertRejects(asking, AskError) as AskError;
  assertFalse(error.message.includes("\n"));
  assertFalse(error.message.includes(TOKEN));
  return error;
}

test("askJson() gives what a nara answers", async () => {
  await using api = localApi();
  assertEquals(await askJson({ url: api.url }, "/readyz", { signal }), { ready: true, reasons: [] });
});

test("ask() shows the token, without which nothing is changed", async () => {
  await using api = localApi();
  const discard = (contact: Parameters<typeof ask>[0]) =>
    ask(contact, "/api/dead-letters/7/discard", { method: "POST", signal });
  const { code, message } = await refusal(() => discard({ url: api.url }));
  assertEquals(code, "refused");
  assertStringIncludes(message, "token");
  assertEquals(await discard({ url: api.url, token }), '{"discarded":"7"}\n');
});

test("ask() tells what is unknown from what is forgotten, and from what failed", async () => {
  const limits = () => {
    throw new Error("the disk is gone");
  };
  await using api = localApi(fakeSources({ limits }));
  const cases = [["/api/why/x", "unknown", "x"], ["/api/why/old", "forgotten", "old"], [
    "/api/limits",
    "refused",
    "the disk is gone",
  ]];
  for (const [path, code, words] of cases) {
    const error = await refusal(() => ask({ url: api.url }, path, { signal }));
    assertEquals(error.code, code);
    assertStringIncludes(error.message, words);
  }
});

test("ask() says that nobody answers", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const { code, message } = await refusal(() => ask({ url }, "/healthz", { signal }));
  assertEquals([code, message], [
    "no_nara",
    `Cannot ask a nara at ${url} as none answers there (nothing listens)`,
  ]);
});

test("ask() says that another answers than the one that is meant", async () => {
  await using api = localApi();
  const contact = { url: api.url, id: "naraOfYesterday", token };
  const { code, message } = await refusal(() => ask(contact, "/healthz", { signal }));
  assertEquals(code, "no_nara");
  assertStringIncludes(message, "another nara, naraOfTheTest");
  assertEquals(await isThere(contact, { signal }), false);
  assertEquals(await isThere({ url: api.url, id: "naraOfTheTest" }, { signal }), true);
});

test("ask() says that what answers is no nara", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response("hello"),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  assertStringIncludes((await refusal(() => ask({ url }, "/healthz", { signal }))).message, "no nara");
});

test("ask() gives up on who says nothing, and at once when it is told to", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const silent = (async () => {
    const connections = [await listener.accept(), await listener.accept()];
    return () => connections.forEach((connection) => connection.close());
  })();
  const contact = { url: `http://127.0.0.1:${listener.addr.port}` };
  const clock = new VirtualClock();
  const waiting = refusal(() => ask(contact, "/healthz", { signal, clock }));
  const leave = new AbortController();
  const leaving = assertRejects(
    () => ask(contact, "/healthz", { signal: leave.signal, clock }),
    Error,
    "leaving",
  );
  const close = await silent;
  leave.abort(new Error("leaving"));
  await leaving;
  await clock.advance(10_000);
  assertStringIncludes((await waiting).message, "took longer than 10 s");
  close();
});

test("announceApi() leaves word for the owner alone, and takes it back", (folder) => {
  const contact = { url: "http://127.0.0.1:1", id: "naraOfTheTest", token };
  {
    using _announced = announceApi(folder, contact);
    assertEquals(contentOf(folder), ["api.json"]);
    if (Deno.build.os !== "windows") assertEquals(Deno.statSync(`${folder}/api.json`).mode! & 0o777, 0o600);
    const { token: read, ...rest } = contactIn(folder)!;
    assertEquals([read.reveal(), rest], [TOKEN, { url: contact.url, id: contact.id }]);
  }
  assertEquals([contentOf(folder), contactIn(folder)], [[], undefined]);
});

test("contactIn() finds nothing in a damaged file", (folder) => {
  for (
    const text of [
      "",
      "{}",
      "[]",
      "null",
      "{",
      '{"url":"x","id":"a","token":"b"}',
      '{"url":1,"id":2,"token":3}',
    ]
  ) {
    Deno.writeTextFileSync(`${folder}/api.json`, text);
    assertEquals(contactIn(folder), undefined, text);
  }
});

test("createToken() makes another each time, that nobody guesses", () => {
  const tokens = new Set(Array.from({ length: 100 }, () => createToken().reveal()));
  assertEquals(tokens.size, 100);
  for (const text of tokens) assert(atob(text).length === 32);
});

/** Finds a nara with these flags, in the folders of a user whose data lie in `share`. */
function find(share: string, flags: Record<string, string>, variables: Record<string, string> = {}) {
  const given = Object.fromEntries(Object.entries(flags).map(([flag, text]) => [flag, [text]]));
  const variable = (name: string) => ({ XDG_DATA_HOME: share, ...variables })[name];
  return findNara({ flags: given, variable }, { signal });
}

test("findNara() finds it by --api, by --data, by --name, or as the only one", async (folder) => {
  await using api = localApi();
  const own = { url: api.url, id: "naraOfTheTest", token };
  const path = `${folder}/nara/1`;
  Deno.mkdirSync(path, { recursive: true });
  using _announced = announceApi(path, own);
  const { host } = new URL(api.url);
  assertEquals(await find(folder, { "--api": host }), { url: api.url });
  assertEquals(await find(folder, { "--api": api.url, "--data": path }), own);
  assertEquals(await find(folder, {}, { NARA_API: host }), { url: api.url });
  assertEquals(await find(folder, { "--data": path }), own);
  assertEquals(await find(folder, {}), own);
  assertEquals(await find(folder, { "--api": "127.0.0.1:0" }), own, "port 0 says nothing about where it is");
});

test("findNara() does not take a nara that has ended for one that runs", async (folder) => {
  await using api = localApi();
  for (const [number, id] of [[1, "naraOfTheTest"], [2, "naraOfYesterday"]] as const) {
    Deno.mkdirSync(`${folder}/nara/${number}`, { recursive: true });
    announceApi(`${folder}/nara/${number}`, { url: api.url, id, token }); // As a crash leaves it.
  }
  assertEquals((await find(folder, {})).id, "naraOfTheTest");
});

test("findNara() says where none runs, and where several do", async (folder) => {
  const path = `${folder}/data`;
  const none = await refusal(() => find(folder, { "--data": path }));
  assertEquals(none.code, "no_nara");
  assertStringIncludes(none.message, `Cannot ask a nara in ${path} as none runs there: start one`);
  assertStringIncludes(
    (await refusal(() => find(folder, {}))).message,
    `in ${folder}/nara as none runs there`,
  );
  assertStringIncludes(
    (await refusal(() => find(folder, { "--name": "ada" }))).message,
    'with the name "ada"',
  );
  await assertRejects(() => find(folder, { "--api": "none" }), ProcessError, "answers nowhere");

  await using api = localApi();
  for (const number of [1, 2]) {
    Deno.mkdirSync(`${folder}/nara/${number}`, { recursive: true });
    announceApi(`${folder}/nara/${number}`, { url: api.url, id: "naraOfTheTest", token });
  }
  await assertRejects(() => find(folder, {}), ProcessError, "Cannot tell which nara is meant, as 2 run");
});
