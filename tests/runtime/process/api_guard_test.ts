import { assertEquals, assertStringIncludes } from "@std/assert";
import { refusalOf } from "../../../runtime/process/api_guard.ts";

const HOSTS: [host: string, listensAt: string, isTaken: boolean][] = [
  ["127.0.0.1:8080", "127.0.0.1", true],
  ["127.0.0.1", "127.0.0.1", true],
  ["localhost:8080", "127.0.0.1", true],
  ["LOCALHOST:8080", "127.0.0.1", true],
  ["[::1]:8080", "127.0.0.1", true],
  ["127.0.0.1:9000", "127.0.0.1", true], // Through a tunnel.
  ["10.0.0.7:8080", "10.0.0.7", true],
  ["10.0.0.7:8080", "0.0.0.0", true],
  ["[fd00::7]:8080", "::", true],
  ["10.0.0.7:8080", "127.0.0.1", false],
  ["evil.example", "127.0.0.1", false],
  ["evil.example:8080", "0.0.0.0", false],
  ["localhost.evil.example:8080", "127.0.0.1", false],
  ["127.0.0.1.evil.example:8080", "127.0.0.1", false],
  ["127.0.0.1@evil.example", "127.0.0.1", false],
  ["evil.example#127.0.0.1", "127.0.0.1", false],
  ["", "127.0.0.1", false],
  ["127.0.0.1:8080:1", "127.0.0.1", false],
  ["0x7f.1:8080", "127.0.0.1", false],
  ["localhost.:8080", "127.0.0.1", false],
];

for (const [host, hostname, isTaken] of HOSTS) {
  Deno.test(`refusalOf() ${isTaken ? "takes" : "refuses"} the host "${host}" at ${hostname}`, () => {
    const headers = host === "" ? new Headers() : new Headers({ host });
    assertEquals(refusalOf(headers, hostname) === undefined, isTaken);
  });
}

const PAGES: [says: string, headers: Record<string, string>, isTaken: boolean][] = [
  ["no page", {}, true],
  ["what the user typed", { "sec-fetch-site": "none" }, true],
  ["a page of its own", { "sec-fetch-site": "same-origin", origin: "http://localhost:8080" }, true],
  ["a page of its own in other letters", { origin: "HTTP://LocalHost:8080" }, true],
  ["a page of another site", { "sec-fetch-site": "cross-site" }, false],
  ["a page of a neighbour", { "sec-fetch-site": "same-site" }, false],
  ["an origin elsewhere", { origin: "http://evil.example" }, false],
  ["an origin on another port", { origin: "http://localhost:3000" }, false],
  ["an origin by another scheme", { origin: "https://localhost:8080" }, false],
  ["a page without an origin", { origin: "null" }, false],
];

for (const [says, headers, isTaken] of PAGES) {
  Deno.test(`refusalOf() ${isTaken ? "takes" : "refuses"} ${says}`, () => {
    const refusal = refusalOf(new Headers({ host: "localhost:8080", ...headers }), "127.0.0.1");
    assertEquals(refusal === undefined, isTaken);
    if (!isTaken) assertStringIncludes(refusal ?? "", "another site");
  });
}
