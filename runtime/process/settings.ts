/**
 * The settings of a nara: for each its flag, its environment variable, its key in a file, and how its value is read.
 * @module
 */
import type { KeypairKind } from "../../utilities/identity.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { Secret } from "../../utilities/secret.ts";
import type { LogLevel } from "../primitives/logger.ts";
import type { Environment } from "../service.ts";
import { ProcessError, withoutSouls } from "./process_error.ts";
import {
  type HostPort,
  type MemoryChoice,
  readApi,
  readBytes,
  type Reader,
  readFlag,
  readHostPort,
  readId,
  readMemory,
  readMeshUrl,
  readName,
  readOneOf,
  readPath,
  readRange,
  readServiceLevel,
  readSoul,
  type ServiceLevel,
} from "./setting_values.ts";

/** One thing that can be set. */
export interface Setting<T> {
  /** As on the command line: `--mesh-listen`. */
  readonly flag: string;
  /** The environment variable that says the same: `NARA_MESH_LISTEN`. The flag wins. */
  readonly variable: string;
  /** What stands for the value in the help, or nothing for a flag that takes none. */
  readonly placeholder?: string;
  /** A line for the help. */
  readonly summary: string;
  /** Whether there may be several: given one by one, separated by commas, or as a list in a file. */
  readonly many?: boolean;
  /** Whether its value must never be repeated. */
  readonly secret?: boolean;
  /**
   * Which files may say it. `given`: not the one in a data folder, for it decides which folder that is. `none`: no file.
   * @default {any}
   */
  readonly inFiles?: "given" | "none";
  /** Reads one value. */
  readonly read: Reader<T>;
}

/** Whether a guard stands at the mesh port; `auto` is `on` unless only this machine can connect. */
export type MeshGuard = "auto" | "on" | "off";

/** Every setting, by its key in {@linkcode NaraConfig}. */
export interface Settings {
  /** What the nara is called. */
  readonly name: Setting<string>;
  /** Who the nara is. */
  readonly soul: Setting<Secret<string>>;
  /** Where it keeps what outlives the process. */
  readonly data: Setting<string>;
  /** A file with further settings. */
  readonly config: Setting<string>;
  /** Where it listens for other naras. */
  readonly meshListen: Setting<HostPort>;
  /** Where others reach it, where that differs. */
  readonly meshUrl: Setting<string>;
  /** Whether a guard stands at its port. */
  readonly meshGuard: Setting<MeshGuard>;
  /** First peers. */
  readonly peer: Setting<string>;
  /** Ranges in which an address that was only heard of may be dialled. */
  readonly meshAllow: Setting<string>;
  /** Peers with whom it has nothing to do. */
  readonly block: Setting<NaraId>;
  /** Which implementation of Ed25519. */
  readonly keypair: Setting<KeypairKind>;
  /** How much it remembers. */
  readonly memoryMode: Setting<MemoryChoice>;
  /** Bytes of memory above which it takes nothing in. */
  readonly memoryMax: Setting<number>;
  /** What it remembers with. */
  readonly ledger: Setting<"sqlite" | "memory">;
  /** Where it answers its operator. */
  readonly api: Setting<HostPort | "none">;
  /** How careful it is. */
  readonly env: Setting<Environment>;
  /** Which log lines are written. */
  readonly logLevel: Setting<LogLevel>;
  /** The same for single services. */
  readonly log: Setting<ServiceLevel>;
  /** Whether lines are written as JSON. */
  readonly json: Setting<boolean>;
  /** Whether it leaves when standard input ends. */
  readonly untilEof: Setting<boolean>;
}

/** The key of a setting. */
export type SettingKey = keyof Settings;

/** The table of all settings. */
export const SETTINGS: Settings = {
  name: {
    flag: "--name",
    variable: "NARA_NAME",
    placeholder: "NAME",
    summary: "what it is called (default: the name that its soul generates)",
    inFiles: "given",
    read: readName,
  },
  soul: {
    flag: "--soul",
    variable: "NARA_SOUL",
    placeholder: "SOUL",
    summary:
      "who it is, a secret: better given as NARA_SOUL (default: the soul in its data folder, or a new one)",
    secret: true,
    inFiles: "given",
    read: readSoul,
  },
  data: {
    flag: "--data",
    variable: "NARA_DATA",
    placeholder: "FOLDER",
    summary: "where it keeps its soul and its store (default: a folder of its own under your data folder)",
    inFiles: "given",
    read: readPath,
  },
  config: {
    flag: "--config",
    variable: "NARA_CONFIG",
    placeholder: "FILE",
    summary:
      "a file of JSON with any of these settings (default: nara.json in its data folder, if there is one)",
    inFiles: "none",
    read: readPath,
  },
  meshListen: {
    flag: "--mesh-listen",
    variable: "NARA_MESH_LISTEN",
    placeholder: "HOST:PORT",
    summary: "where it listens for others (default: 127.0.0.1:7433, or the next free port)",
    read: readHostPort,
  },
  meshUrl: {
    flag: "--mesh-url",
    variable: "NARA_MESH_URL",
    placeholder: "URL",
    summary: "where others reach it, if not where it listens, such as http://10.0.0.7:7433",
    read: readMeshUrl,
  },
  meshGuard: {
    flag: "--mesh-guard",
    variable: "NARA_MESH_GUARD",
    placeholder: "WHEN",
    summary:
      "whether a guard against slow and greedy clients stands at its port: on, off, or auto, which is on " +
      "unless it listens on this machine only (default: auto)",
    read: readOneOf<MeshGuard>(["auto", "on", "off"]),
  },
  peer: {
    flag: "--peer",
    variable: "NARA_PEERS",
    placeholder: "URL",
    summary: "a nara to greet first, such as http://127.0.0.1:7433; may be repeated",
    many: true,
    read: readMeshUrl,
  },
  meshAllow: {
    flag: "--mesh-allow",
    variable: "NARA_MESH_ALLOW",
    placeholder: "CIDR",
    summary:
      "addresses it may dial on hearsay, such as 10.0.0.0/8; may be repeated (default: this machine's own " +
      "while it listens there only, else none)",
    many: true,
    read: readRange,
  },
  block: {
    flag: "--block",
    variable: "NARA_BLOCK",
    placeholder: "ID",
    summary:
      "a nara with whom it has nothing to do from now on, as `nara block ID` says it too; may be repeated",
    many: true,
    read: readId,
  },
  keypair: {
    flag: "--keypair",
    variable: "NARA_KEYPAIR",
    placeholder: "KIND",
    summary: "which Ed25519 it uses: web or node (default: web)",
    read: readOneOf<KeypairKind>(["web", "node"]),
  },
  memoryMode: {
    flag: "--memory-mode",
    variable: "NARA_MEMORY_MODE",
    placeholder: "MODE",
    summary:
      "how much it remembers: short, medium, hog, or custom:N for N messages (default: by the memory that it may use)",
    read: readMemory,
  },
  memoryMax: {
    flag: "--memory-max",
    variable: "NARA_MEMORY_MAX",
    placeholder: "SIZE",
    summary:
      "how much memory its process may hold, such as 512M: above it, it takes in no messages until it is back " +
      "below nine tenths of that (default: by its memory mode, from 384M to 2G, or what it is granted if that is less)",
    read: readBytes,
  },
  ledger: {
    flag: "--ledger",
    variable: "NARA_LEDGER",
    placeholder: "KIND",
    summary:
      "what it remembers with: sqlite, or memory, which forgets all but who it is when it ends (default: sqlite)",
    read: readOneOf<"sqlite" | "memory">(["sqlite", "memory"]),
  },
  api: {
    flag: "--api",
    variable: "NARA_API",
    placeholder: "HOST:PORT",
    summary:
      "where it answers your questions, and where commands ask; or none (default: 127.0.0.1:8080, or the next free port)",
    read: readApi,
  },
  env: {
    flag: "--env",
    variable: "NARA_ENV",
    placeholder: "ENV",
    summary: "production, development or test (default: production)",
    read: readOneOf<Environment>(["production", "development", "test"]),
  },
  logLevel: {
    flag: "--log-level",
    variable: "NARA_LOG_LEVEL",
    placeholder: "LEVEL",
    summary: "the least that is logged: debug, info, warn or error (default: info; in development debug)",
    read: readOneOf<LogLevel>(["debug", "info", "warn", "error"]),
  },
  log: {
    flag: "--log",
    variable: "NARA_LOG",
    placeholder: "SERVICE=LEVEL",
    summary: "the same for one service, such as stash=debug or presence=off; may be repeated",
    many: true,
    read: readServiceLevel,
  },
  json: {
    flag: "--json",
    variable: "NARA_JSON",
    summary: "write every line as JSON",
    read: readFlag,
  },
  untilEof: {
    flag: "--until-eof",
    variable: "NARA_UNTIL_EOF",
    summary: "leave when standard input ends, as it does when the process that wrote to it is gone",
    read: readFlag,
  },
};

/** The keys of all settings, in the order of the table. */
export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** What a file says. */
export interface SettingsFile {
  /** Where it is. */
  readonly path: string;
  /** The texts that it gives, by key. */
  readonly texts: Readonly<Partial<Record<SettingKey, readonly string[]>>>;
}

/** Where values come from. */
export interface Sources {
  /** The values given on the command line, by flag; `true` for a flag that takes none. */
  readonly flags: Readonly<Record<string, readonly string[]>>;
  /** The value of an environment variable. */
  variable(name: string): string | undefined;
  /** The file with further settings, where there is one. */
  readonly file?: SettingsFile;
}

/**
 * The values of a setting: those on the command line, else those of its variable, of which an empty one says nothing,
 * else those in the file.
 *
 * @throws {ProcessError} `bad_option`, naming where the value stands and what would be right.
 */
export function valuesOf<T>(setting: Setting<T>, { flags, variable, file }: Sources): readonly T[] {
  const given = flags[setting.flag];
  if (given) return split(setting, given).map((text) => valueOf(setting, text, setting.flag));
  const texts = split(setting, [variable(setting.variable) ?? ""]).filter((text) => text !== "");
  if (texts.length > 0) return texts.map((text) => valueOf(setting, text, setting.variable));
  const key = keyOf(setting);
  const filed = split(setting, file && key && file.texts[key] || []);
  return filed.map((text) => valueOf(setting, text, `${JSON.stringify(key)} in ${file?.path}`));
}

/** The environment as far as this process may see it. */
export function environmentVariable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

function keyOf(setting: Setting<unknown>): SettingKey | undefined {
  return SETTING_KEYS.find((key) => SETTINGS[key] === setting);
}

function split({ many }: Setting<unknown>, texts: readonly string[]): readonly string[] {
  return many ? texts.flatMap((text) => text.split(",").map((part) => part.trim())) : texts;
}

function valueOf<T>({ read, secret }: Setting<T>, text: string, source: string): T {
  const reading = read(text);
  if ("value" in reading) return reading.value;
  const isHidden = secret || withoutSouls(text) !== text; // It would be cut out of the sentence later on.
  const shown = isHidden ? "the value" : JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  throw new ProcessError("bad_option", `Cannot use ${shown} of ${source}: expected ${reading.expected}`);
}
