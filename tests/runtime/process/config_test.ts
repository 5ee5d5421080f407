import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { LOOPBACK_RANGES } from "../../../runtime/process/allow_list.ts";
import { DEFAULT_LISTEN, type NaraConfig, readConfig } from "../../../runtime/process/config.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { type SettingKey, SETTINGS } from "../../../runtime/process/settings.ts";
import vectors from "../../interop/vectors/identity.json" with { type: "json" };

const SOUL: string = vectors.identities[0].soul;

/** The configuration of these flags and variables. */
function configOf(
  flags: Record<string, readonly string[]> = {},
  variables: Record<string, string> = {},
): NaraConfig {
  return readConfig({ flags, variable: (name) => variables[name] });
}

const RIGHT: [key: SettingKey, text: string, config: Partial<NaraConfig>][] = [
  ["name", "alice", { name: "alice" }],
  ["name", "Zoë the 2nd 🦊", { name: "Zoë the 2nd 🦊" }],
  ["soul", SOUL, { soul: SOUL }],
  ["data", "some/folder", { data: "some/folder" }],
  ["meshListen", "127.0.0.1:7433", { listen: { hostname: "127.0.0.1", port: 7433 }, isListenGiven: true }],
  ["meshListen", "localhost:0", { listen: { hostname: "localhost", port: 0 }, meshAllow: LOOPBACK_RANGES }],
  ["meshListen", "[::1]:65535", { listen: { hostname: "::1", port: 65535 }, meshAllow: LOOPBACK_RANGES }],
  ["meshListen", "0.0.0.0:80", { listen: { hostname: "0.0.0.0", port: 80 }, meshAllow: [] }],
  ["meshListen", "10.0.0.7:80", { meshAllow: [] }],
  ["meshUrl", "http://10.0.0.7:7433", { meshUrl: "http://10.0.0.7:7433" }],
  ["peer", "http://127.0.0.1:7433", { peers: ["http://127.0.0.1:7433"] }],
  ["peer", "HTTP://127.1:07433/", { peers: ["http://127.0.0.1:7433"] }],
  ["peer", "http://[0:0::1]", { peers: ["http://[::1]:80"] }],
  ["meshAllow", "10.0.0.0/8", { meshAllow: ["10.0.0.0/8"] }],
  ["keypair", "node", { keypair: "node" }],
  ["memoryMode", "short", { memoryMode: "short" }],
  ["memoryMode", "low", { memoryMode: "short" }],
  ["memoryMode", "medium", { memoryMode: "medium" }],
  ["memoryMode", "high", { memoryMode: "hog" }],
  ["env", "test", { env: "test", logLevel: "info" }],
  ["env", "development", { env: "development", logLevel: "debug" }],
  ["logLevel", "warn", { logLevel: "warn" }],
  ["json", "true", { json: true }],
  ["json", "0", { json: false }],
  ["untilEof", "true", { untilEof: true }],
];

for (const [key, text, expected] of RIGHT) {
  const { flag, variable } = SETTINGS[key];
  Deno.test(`readConfig() takes ${JSON.stringify(text)} from ${flag} and from ${variable}`, () => {
    for (const config of [configOf({ [flag]: [text] }), configOf({}, { [variable]: text })]) {
      for (const [name, value] of Object.entries(expected)) {
        assertEquals(config[name as keyof NaraConfig], value, name);
      }
    }
  });
}

const WRONG: [key: SettingKey, texts: string[], expected: string][] = [
  ["name", ["a/b", "a+b", "#", " a", "a\n", "x".repeat(65)], "1 to 64 printable characters"],
  ["soul", ["soul", SOUL.slice(5), `${SOUL}1`, ` ${SOUL}`, `${SOUL.slice(0, -1)}0`], "40 bytes in base58"],
  ["data", [" "], "something"],
  [
    "meshListen",
    ["7433", ":7433", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x", "::1:7433"]
      .concat([
        "[127.0.0.1]:7433",
        "[::1]",
        "300.0.0.1:1",
        "some.host:1",
        "http://127.0.0.1:7433",
        "127.0.0.1:1:1",
      ]),
    "HOST:PORT, such as",
  ],
  ["meshUrl", ["http://some.host:7433", "x"], "http://HOST:PORT"],
  [
    "peer",
    [
      "127.0.0.1:7433",
      "localhost:7433",
      "https://127.0.0.1:7433",
      "http://",
      "http://127.0.0.1:70000",
      "ws://[::1]:1",
    ]
      .concat([
        "http://127.0.0.1:1/x",
        "http://127.0.0.1:1/?x",
        "http://127.0.0.1:1#",
        "http://a@127.0.0.1:1",
      ])
      .concat(["http://some.host:1", "http://127.0.0.1:0", "nonsense"]),
    "http://HOST:PORT with a numeric host or localhost, such as",
  ],
  ["meshAllow", ["10.0.0.0/33", "localhost", "10.0.0", "*"], "a range of IP addresses"],
  ["keypair", ["Web", "openssl", "__proto__"], "web or node"],
  ["memoryMode", ["huge", "custom", "SHORT", "constructor"], "short, medium or hog"],
  ["env", ["prod", "staging"], "production, development or test"],
  ["logLevel", ["verbose", "2"], "debug, info, warn or error"],
  ["json", ["maybe"], "true or false"],
  ["untilEof", ["maybe"], "true or false"],
];

for (const [key, texts, expected] of WRONG) {
  const { flag, variable, secret, many } = SETTINGS[key];
  Deno.test(`readConfig() refuses what ${flag} cannot be, and says where it stands and what would be right`, () => {
    for (const text of texts) {
      for (
        const [source, flags, variables] of [[flag, { [flag]: [text] }, {}], [variable, {}, {
          [variable]: text,
        }]] as const
      ) {
        if (many && source === variable && text.trim() !== text) continue; // A list may have blanks in it.
        const error = assertThrows(
          () => configOf(flags, variables),
          ProcessError,
          expected,
          `${source} ${text}`,
        );
        assertEquals(error.code, "bad_option");
        assertStringIncludes(error.message, ` of ${source}: expected `);
        assertEquals(error.message.includes(JSON.stringify(text)), !secret);
      }
    }
  });
}

Deno.test("the table of wrong values has every setting", () => {
  assertEquals(WRONG.map(([key]) => key).sort(), (Object.keys(SETTINGS) as SettingKey[]).sort());
});

Deno.test("readConfig() repeats no soul in an error, however it is broken", () => {
  for (const text of [`${SOUL}1`, `${SOUL} `, SOUL.slice(2)]) {
    const { message } = assertThrows(() => configOf({ "--soul": [text] }), ProcessError);
    assertFalse(message.includes(SOUL.slice(5, 25)));
  }
});

Deno.test("readConfig() cuts a long value short", () => {
  assert(assertThrows(() => configOf({ "--peer": ["x".repeat(10_000)] }), ProcessError).message.length < 300);
});

Deno.test("readConfig() has a default for everything", () => {
  const { memoryMode, ...config } = configOf();
  assert(["short", "medium", "hog"].includes(memoryMode));
  assertEquals(config, {
    name: undefined,
    soul: undefined,
    data: undefined,
    listen: DEFAULT_LISTEN,
    isListenGiven: false,
    meshUrl: undefined,
    peers: [],
    meshAllow: LOOPBACK_RANGES,
    keypair: "web",
    env: "production",
    logLevel: "info",
    json: false,
    untilEof: false,
  });
});

Deno.test("readConfig() takes a flag before its variable, and nothing for an empty variable", () => {
  assertEquals(configOf({ "--name": ["flag"] }, { NARA_NAME: "variable" }).name, "flag");
  assertEquals(configOf({ "--name": ["flag"] }, { NARA_NAME: "no/good" }).name, "flag");
  assertEquals(configOf({}, { NARA_NAME: "", NARA_PEERS: " , " }).name, undefined);
});

Deno.test("readConfig() takes the last of what can be said once, and all of what may be repeated", () => {
  const [one, two] = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
  assertEquals(configOf({ "--name": ["a", "b"] }).name, "b");
  assertEquals(configOf({ "--peer": [one, two] }).peers, [one, two]);
  assertEquals(configOf({}, { NARA_PEERS: `${one}, ${two},` }).peers, [one, two]);
  assertEquals(configOf({ "--peer": [one] }, { NARA_PEERS: two }).peers, [one]);
});
