/**
 * R59: no path of a request leads to a file, or to anything but the two that are served, however it is spelled.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { FRONTS, withScene } from "../helpers/http_mesh.ts";
import { lacking } from "../helpers/permissions.ts";
import { exchange, PING, type RawAnswer } from "../helpers/raw_http.ts";

/** One step up, in every spelling that some program somewhere undoes. */
const UP = [
  ...[
    "../",
    "..\\",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%2f",
    "..%5c",
    "%2e./",
    ".%2e/",
    "%252e%252e%252f",
    "..%252f",
  ],
  ...[
    "..%c0%af",
    "%c0%ae%c0%ae/",
    "..%e0%80%af",
    "%c0%2e%c0%2e/",
    "..;/",
    "..%00/",
    "....//",
    "..%09/",
    "%u002e%u002e/",
    "..//",
  ],
];
const FILES = ["etc/passwd", "proc/self/environ", "mod.ts", "nara.sqlite", "soul"];
const STARTS = ["/", "/mesh/message/", "/ping/"];
/** Spellings that mean a file, or a path that is served, to some program. */
const OTHERS = [
  ...[
    "/etc/passwd",
    "//etc/passwd",
    "///etc/passwd",
    "/./etc/passwd",
    "/.",
    "/..",
    "/",
    "/~",
    "/.git/config",
    "/.env",
  ],
  ...[
    "/C:/Windows/win.ini",
    "/C:\\Windows\\win.ini",
    "/file:///etc/passwd",
    "\\etc\\passwd",
    "etc/passwd",
    "../etc/passwd",
  ],
  ...[
    "/mesh/message/..",
    "/mesh/message/.",
    "/mesh//message",
    "/mesh/./message",
    "/mesh/x/../message",
    "//mesh/message",
  ],
  ...[
    "/MESH/MESSAGE",
    "/Ping",
    "/ping%00",
    "/ping%20",
    "/ping/",
    "/ping;a=b",
    "/ping\\",
    "/pin%67",
    "/%70ing",
    "/ping%2f",
  ],
  ...[
    "/ping\0",
    "/ping#a",
    "/mesh%2fmessage",
    "/mesh/message%00.html",
    "/mesh/message\t",
    "/ping.",
    "/ping%3f",
    "/ping%23",
  ],
];

function paths(): string[] {
  const climbing = STARTS.flatMap((start) =>
    UP.flatMap((up) => FILES.map((file) => start + up.repeat(4) + file))
  );
  return [...climbing, ...OTHERS];
}

function assertNothing(path: string, answers: readonly RawAnswer[]): void {
  const shown = JSON.stringify(path);
  assertEquals(answers.length, 1, shown);
  const [{ status, body }] = answers;
  // A fragment is no part of what is sent; a server that is sent one all the same may leave it away.
  assert(status === 404 || status === 400, `${shown} is answered with ${status}`);
  assert(body.length < 100 && !/root:|import |PATH=/.test(body), `${shown} is answered with ${body}`);
}

for (const [where, guard] of Object.entries(FRONTS)) {
  Deno.test({
    name: `httpMesh()${where} answers 404 or 400 to every spelling of a path that is not served (R59)`,
    ignore: lacking("net", "read", "write"),
    fn: () =>
      withScene(async ({ bob: { mesh } }) => {
        const all = paths();
        assert(all.length >= 300, `${all.length} paths`);
        for (const path of all) {
          const request = `GET ${path} HTTP/1.1\r\nhost: bob\r\nconnection: close\r\n\r\n`;
          assertNothing(path, await exchange(mesh, request));
        }
        assertEquals(
          (await exchange(mesh, PING.replace("host", "connection: close\r\nhost")))[0].status,
          200,
        );
      }, { guard }),
  });
}
