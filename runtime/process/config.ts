/**
 * The configuration of a nara: what its flags, its environment and its machine say, checked and typed.
 * @module
 */
import type { KeypairKind } from "../../utilities/identity.ts";
import type { NaraName } from "../../utilities/names.ts";
import type { LogLevel } from "../primitives/logger.ts";
import type { Environment, MemoryMode } from "../service.ts";
import { isLoopback, LOOPBACK_RANGES } from "./allow_list.ts";
import { detectMemoryMode } from "./memory_mode.ts";
import type { HostPort } from "./setting_values.ts";
import { type Setting, SETTINGS, type Sources, valuesOf } from "./settings.ts";

/** Where a nara listens unless told otherwise. */
export const DEFAULT_LISTEN: HostPort = { hostname: "127.0.0.1", port: 7433 };

/** All that can be set, checked. */
export interface NaraConfig {
  /** What it is called, if that was said. */
  readonly name: NaraName | undefined;
  /** Who it is, if that was said. A secret. */
  readonly soul: string | undefined;
  /** Its data folder, if that was said. */
  readonly data: string | undefined;
  /** Where it listens. */
  readonly listen: HostPort;
  /** Whether `listen` was said, and so must not move to another port. */
  readonly isListenGiven: boolean;
  /** Where others reach it, if that was said. */
  readonly meshUrl: string | undefined;
  /** Addresses of first peers. */
  readonly peers: readonly string[];
  /** Ranges in which an address that was only heard of may be dialled. */
  readonly meshAllow: readonly string[];
  /** Which Ed25519. */
  readonly keypair: KeypairKind;
  /** How much it remembers. */
  readonly memoryMode: MemoryMode;
  /** How careful it is. */
  readonly env: Environment;
  /** The least that is logged. */
  readonly logLevel: LogLevel;
  /** Whether lines are written as JSON. */
  readonly json: boolean;
  /** Whether it leaves when standard input ends. */
  readonly untilEof: boolean;
}

/**
 * Reads the configuration.
 *
 * @throws {ProcessError} `bad_option`, for the first value that is wrong.
 */
export function readConfig(sources: Sources): NaraConfig {
  const all = <T>(setting: Setting<T>) => valuesOf(setting, sources);
  const last = <T>(setting: Setting<T>) => all(setting).at(-1);
  const listen = last(SETTINGS.meshListen);
  const meshAllow = all(SETTINGS.meshAllow);
  const env = last(SETTINGS.env) ?? "production";
  return {
    name: last(SETTINGS.name),
    soul: last(SETTINGS.soul),
    data: last(SETTINGS.data),
    listen: listen ?? DEFAULT_LISTEN,
    isListenGiven: listen !== undefined,
    meshUrl: last(SETTINGS.meshUrl),
    peers: all(SETTINGS.peer),
    meshAllow: meshAllow.length > 0 ? meshAllow : defaultRanges(listen ?? DEFAULT_LISTEN),
    keypair: last(SETTINGS.keypair) ?? "web",
    memoryMode: last(SETTINGS.memoryMode) ?? detectMemoryMode(),
    env,
    logLevel: last(SETTINGS.logLevel) ?? (env === "development" ? "debug" : "info"),
    json: last(SETTINGS.json) ?? false,
    untilEof: last(SETTINGS.untilEof) ?? false,
  };
}

/** Who listens on the machine itself may dial what else does; for all others nothing is known to be safe. */
function defaultRanges({ hostname }: HostPort): readonly string[] {
  return isLoopback(hostname) ? LOOPBACK_RANGES : [];
}
