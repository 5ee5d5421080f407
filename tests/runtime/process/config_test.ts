import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { LOOPBACK_RANGES } from "../../../runtime/process/allow_list.ts";
import { DEFAULT_API, DEFAULT_LISTEN, type NaraConfig, readConfig } from "../../../runtime/process/config.ts";
import { ProcessError, sentenceOf, withoutSouls } from "../../../runtime/process/process_error.ts";
import {
  SETTING_KEYS,
  type SettingKey,
  SETTINGS,
  type SettingsFile,
} from "../../../runtime/process/settings.ts";
import { Secret } from "../../../utilities/secret.ts";
import vectors from "../../interop/vectors/identity.json" with { type: "json" };

const SOUL: string = vectors.identities[0].soul;

/** The configuration of these flags and variables. */
function configOf(
  flags: Record<string, readonly string[]> = {},
  variables: Record<string, string> = {},
  texts?: SettingsFile["texts"],
): NaraConfig {
  const file = texts && { path: "/some/nara.json", texts };
  return readConfig({ flags, variable: (name) => variables[name], ...file && { file } });
}

/** No two secrets differ in what can be seen of them. */
function revealed(value: unknown): unknown {
  return value instanceof Secret ? value.reveal() : value;
}

const RIGHT: [key: SettingKey, text: string, config: Partial<NaraConfig>][] = [
  ["name", "alice", { name: "alice" }],
  ["name", "Zoë the 2nd 🦊", { name: "Zoë the 2nd 🦊" }],
  ["soul", SOUL, { soul: new Secret(SOUL) }],
  ["data", "some/folder", { data: "some/folder" }],
  ["meshListen", "127.0.0.1:7433", { listen: { hostname: "127.0.0.1", port: 7433 }, isListenGiven: true }],
  ["meshListen", "localhost:0", { listen: { hostname: "localhost", port: 0 }, meshAllow: LOOPBACK_RANGES }],
  ["meshListen", "[::1]:65535", { listen: { hostname: "::1", port: 65535 }, meshAllow: LOOPBACK_RANGES }],
  ["meshListen", "0.0.0.0:80", { listen: { hostname: "0.0.0.0", port: 80 }, meshAllow: [] }],
  ["meshListen", "10.0.0.7:80", { meshAllow: [] }],
  ["meshUrl", "http://10.0.0.7:7433", { meshUrl: "http://10.0.0.7:7433" }],
  ["meshGuard", "on", { meshGuard: "on" }],
  ["meshGuard", "off", { meshGuard: "off" }],
  ["meshGuard", "auto", { meshGuard: "auto" }],
  ["peer", "http://127.0.0.1:7433", { peers: ["http://127.0.0.1:7433"] }],
  ["peer", "HTTP://127.1:07433/", { peers: ["http://127.0.0.1:7433"] }],
  ["peer", "http://[0:0::1]", { peers: ["http://[::1]:80"] }],
  ["meshAllow", "10.0.0.0/8", { meshAllow: ["10.0.0.0/8"] }],
  ["block", "5puGXP8Ljasf8FPfv2TRSDKXxK5At1SGRsk1tJzzpDk8", {
    blocked: ["5puGXP8Ljasf8FPfv2TRSDKXxK5At1SGRsk1tJzzpDk8"],
  }],
  ["block", `${"1".repeat(32)},4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi`, {
    blocked: ["1".repeat(32), "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi"],
  }],
  ["keypair", "node", { keypair: "node" }],
  ["memoryMode", "short", { memoryMode: "short" }],
  ["memoryMode", "low", { memoryMode: "short" }],
  ["memoryMode", "medium", { memoryMode: "medium" }],
  ["memoryMode", "high", { memoryMode: "hog" }],
  ["memoryMode", "custom:1234", { memoryMode: "custom", ledgerMax: 1_234 }],
  ["memoryMode", "custom:10000000", { ledgerMax: 10_000_000 }],
  ["memoryMax", "512M", { memoryMax: 536_870_912 }],
  ["config", "some/file", { configFile: "some/file" }],
  ["ledger", "memory", { ledger: "memory" }],
  ["api", "127.0.0.1:9000", { api: { hostname: "127.0.0.1", port: 9000 }, isApiGiven: true }],
  ["api", "http://localhost:9000/", { api: { hostname: "localhost", port: 9000 } }],
  ["api", "HTTP://[::1]:9000", { api: { hostname: "::1", port: 9000 } }],
  ["api", "none", { api: undefined, isApiGiven: true }],
  ["log", "stash=debug", { serviceLevels: [{ service: "stash", level: "debug" }] }],
  ["log", "a=off, b-2=error", {
    serviceLevels: [{ service: "a", level: "off" }, { service: "b-2", level: "error" }],
  }],
  ["env", "test", { env: "test", logLevel: "info" }],
  ["env", "development", { env: "development", logLevel: "debug" }],
  ["logLevel", "warn", { logLevel: "warn" }],
  ["json", "true", { json: true }],
  ["json", "0", { json: false }],
  ["untilEof", "true", { untilEof: true }],
];

for (const [key, text, expected] of RIGHT) {
  const { flag, variable } = SETTINGS[key];
  Deno.test(`readConfig() takes ${JSON.stringify(text)} from ${flag}, from ${variable} and from a file`, () => {
    const configs = [
      configOf({ [flag]: [text] }),
      configOf({}, { [variable]: text }),
      configOf({}, {}, { [key]: [text] }),
    ];
    for (const config of configs) {
      for (const [name, value] of Object.entries(expected)) {
        assertEquals(revealed(config[name as keyof NaraConfig]), revealed(value), name);
      }
    }
  });
}

const WRONG: [key: SettingKey, texts: string[], expected: string][] = [
  ["name", ["a/b", "a+b", "#", " a", "a\n", "x".repeat(65)], "1 to 64 printable characters"],
  ["soul", ["soul", SOUL.slice(5), `${SOUL}1`, ` ${SOUL}`, `${SOUL.slice(0, -1)}0`], "40 bytes in base58"],
  ["data", [" ", "a\0b", "a\nb"], "a path"],
  ["config", [" ", "\0"], "a path"],
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
  ["meshGuard", ["yes", "AUTO"], "auto"],
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
  [
    "block",
    ["a b", "a/b", "é", "x".repeat(65), "foo", "5puGXP8Ljasf8FPfv2TRSDKXxK5At1SGRsk1tJzzpD"]
      .concat(["0puGXP8Ljasf8FPfv2TRSDKXxK5At1SGRsk1tJzzpDk8", "z".repeat(44), "1".repeat(31)]),
    "an id of 43 or 44 characters (nara peers shows them)",
  ],
  ["keypair", ["Web", "openssl", "__proto__"], "web or node"],
  [
    "memoryMode",
    ["huge", "custom", "custom:", "custom:99", "custom:10000001", "custom:1e5", "custom:-200", "custom:0200"]
      .concat(["SHORT", "constructor"]),
    "short, medium, hog or custom:N, where N from 100 to 10000000",
  ],
  [
    "memoryMax",
    ["512", "1M", "64M", "159M", "0.5G", "lots"],
    "a size from 160M to 1024G, such as 512M or 2G, as a nara that does nothing",
  ],
  ["ledger", ["SQLite", "none", "file"], "sqlite or memory"],
  [
    "api",
    ["8080", "127.0.0.1", "some.host:80", "https://127.0.0.1:8080", "http://127.0.0.1:8080/x", "off", "None"],
    "HOST:PORT, such as 127.0.0.1:8080, localhost:0 or [::1]:8080, or none",
  ],
  [
    "log",
    ["stash", "stash=", "=debug", "stash=verbose", "Stash=debug", "stash:debug", "stash=debug=info", "*=off"],
    "SERVICE=LEVEL, such as stash=debug; LEVEL is debug, info, warn, error or off",
  ],
  ["env", ["prod", "staging"], "production, development or test"],
  ["logLevel", ["verbose", "2"], "debug, info, warn or error"],
  ["json", ["maybe"], "true or false"],
  ["untilEof", ["maybe"], "true or false"],
];

for (const [key, texts, expected] of WRONG) {
  const { flag, variable, secret, many } = SETTINGS[key];
  Deno.test(`readConfig() refuses what ${flag} cannot be, and says where it stands and what would be right`, () => {
    for (const text of texts) {
      const sources: [source: string, config: () => NaraConfig][] = [
        [flag, () => configOf({ [flag]: [text] })],
        [variable, () => configOf({}, { [variable]: text })],
        [`"${key}" in /some/nara.json`, () => configOf({}, {}, { [key]: [text] })],
      ];
      for (const [source, config] of sources) {
        if (many && source === variable && text.trim() !== text) continue; // A list may have blanks in it.
        const error = assertThrows(config, ProcessError, expected, `${source} ${text}`);
        assertEquals(error.code, "bad_option");
        assertStringIncludes(error.message, ` of ${source}: expected `);
        const isShown = !secret && withoutSouls(text) === text; // What looks like a soul is never repeated.
        const shown = isShown ? JSON.stringify(text) : "the value";
        assert(error.message.startsWith(`Cannot use ${shown} of `), error.message);
      }
    }
  });
}

Deno.test("readConfig() says how many characters came of a name that is too long", () => {
  const name = "ñ".repeat(70);
  const { message } = assertThrows(() => configOf({ "--name": [name] }), ProcessError);
  assertStringIncludes(message, 'without "/", "+" and "#" (70 came)');
  const hidden = assertThrows(() => configOf({ "--name": ["x".repeat(65)] }), ProcessError);
  assertStringIncludes(sentenceOf(hidden), "Cannot use the value of --name: expected 1 to 64");
});

Deno.test("readConfig() says of a port that is out of range that this is what is wrong", () => {
  const cases = [["--mesh-listen", "127.0.0.1:99999"], ["--mesh-listen", "[::1]:100000"], [
    "--api",
    "127.0.0.1:65536",
  ]];
  for (const [flag, text] of cases) {
    const { message } = assertThrows(() => configOf({ [flag]: [text] }), ProcessError);
    assertStringIncludes(message, "its port is out of range, which is 0 to 65535");
  }
  const { message } = assertThrows(() => configOf({ "--api": ["x:99999"] }), ProcessError);
  assertFalse(message.includes("range"));
});

/** What nothing can be: every setting refuses it, whatever else it takes. */
const NEVER_RIGHT = "\u0001";

for (const key of SETTING_KEYS) {
  const { flag, variable, summary } = SETTINGS[key];
  Deno.test(`readConfig() names ${flag}, its source and what is accepted when the value is wrong`, () => {
    const sources: [source: string, config: () => NaraConfig][] = [
      [flag, () => configOf({ [flag]: [NEVER_RIGHT] })],
      [variable, () => configOf({}, { [variable]: NEVER_RIGHT })],
      [`"${key}" in /some/nara.json`, () => configOf({}, {}, { [key]: [NEVER_RIGHT] })],
    ];
    for (const [source, config] of sources) {
      const { message } = assertThrows(config, ProcessError);
      assertMatch(message, /^Cannot use .+ of .+: expected \S.{3,}$/s);
      assertStringIncludes(message, ` of ${source}: expected `);
    }
    assertMatch(flag, /^--[a-z][a-z-]*$/);
    assertMatch(variable, /^NARA_[A-Z_]+$/);
    assert(summary.length > 0);
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
  const { memoryMode, memoryMax, ...config } = configOf();
  assert(memoryMax >= 160 * 1024 * 1024);
  assert(["short", "medium", "hog"].includes(memoryMode));
  assertEquals(config, {
    name: undefined,
    soul: undefined,
    data: undefined,
    configFile: undefined,
    listen: DEFAULT_LISTEN,
    isListenGiven: false,
    meshUrl: undefined,
    meshGuard: "auto",
    peers: [],
    meshAllow: LOOPBACK_RANGES,
    blocked: [],
    keypair: "web",
    ledgerMax: undefined,
    ledger: "sqlite",
    api: DEFAULT_API,
    isApiGiven: false,
    env: "production",
    logLevel: "info",
    serviceLevels: [],
    json: false,
    untilEof: false,
  });
});

Deno.test("readConfig() takes a flag before its variable, and nothing for an empty variable", () => {
  assertEquals(configOf({ "--name": ["flag"] }, { NARA_NAME: "variable" }).name, "flag");
  assertEquals(configOf({ "--name": ["flag"] }, { NARA_NAME: "no/good" }).name, "flag");
  assertEquals(configOf({}, { NARA_NAME: "", NARA_PEERS: " , " }).name, undefined);
});

Deno.test("readConfig() takes a variable before the file, which stays in the dark where something else was said", () => {
  const texts = { name: ["file"], peer: ["http://127.0.0.1:1", "http://127.0.0.1:2"] };
  assertEquals(configOf({}, { NARA_NAME: "variable" }, texts).name, "variable");
  assertEquals(configOf({ "--name": ["flag"] }, {}, { name: ["no/good"] }).name, "flag");
  assertEquals(configOf({}, { NARA_NAME: "" }, texts).name, "file");
  assertEquals(configOf({}, {}, texts).peers, texts.peer);
  assertEquals(configOf({ "--peer": ["http://127.0.0.1:3"] }, {}, texts).peers, ["http://127.0.0.1:3"]);
});

Deno.test("readConfig() takes the last of what can be said once, and all of what may be repeated", () => {
  const [one, two] = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
  assertEquals(configOf({ "--name": ["a", "b"] }).name, "b");
  assertEquals(configOf({ "--peer": [one, two] }).peers, [one, two]);
  assertEquals(configOf({}, { NARA_PEERS: `${one}, ${two},` }).peers, [one, two]);
  assertEquals(configOf({ "--peer": [one] }, { NARA_PEERS: two }).peers, [one]);
});
