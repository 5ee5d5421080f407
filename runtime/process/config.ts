/**
 * The configuration of a nara: what its flags, its environment and its machine say, checked and typed.
 * @module
 */
import type { KeypairKind } from "../../utilities/identity.ts";
import type { NaraId, NaraName } from "../../utilities/names.ts";
import type { Secret } from "../../utilities/secret.ts";
import type { LogLevel } from "../primitives/logger.ts";
import type { Environment, MemoryMode } from "../service.ts";
import { isLoopback, LOOPBACK_RANGES } from "./allow_list.ts";
import { detectMemoryMax, detectMemoryMode } from "./memory_mode.ts";
import type { HostPort, ServiceLevel } from "./setting_values.ts";
import { type MeshGuard, type Setting, SETTINGS, type Sources, valuesOf } from "./settings.ts";

/** Where a nara listens unless told otherwise. */
export const DEFAULT_LISTEN: HostPort = { hostname: "127.0.0.1", port: 7433 };
/** Where a nara answers its operator unless told otherwise. */
export const DEFAULT_API: HostPort = { hostname: "127.0.0.1", port: 8080 };

/** All that can be set, checked. */
export interface NaraConfig {
  /** What it is called, if that was said. */
  readonly name: NaraName | undefined;
  /** Who it is, if that was said. */
  readonly soul: Secret<string> | undefined;
  /** Its data folder, if that was said. */
  readonly data: string | undefined;
  /** The file with further settings, if one was named. */
  readonly configFile: string | undefined;
  /** Where it listens. */
  readonly listen: HostPort;
  /** Whether `listen` was said, and so must not move to another port. */
  readonly isListenGiven: boolean;
  /** Where others reach it, if that was said. */
  readonly meshUrl: string | undefined;
  /** Whether a guard stands at its port. */
  readonly meshGuard: MeshGuard;
  /** Addresses of first peers. */
  readonly peers: readonly string[];
  /** Ranges in which an address that was only heard of may be dialled. */
  readonly meshAllow: readonly string[];
  /** Peers with whom it has nothing to do, beside those that it was told of before. */
  readonly blocked: readonly NaraId[];
  /** Which Ed25519. */
  readonly keypair: KeypairKind;
  /** How much it remembers. */
  readonly memoryMode: MemoryMode;
  /** Bytes of memory above which it takes nothing in. */
  readonly memoryMax: number;
  /** Messages that its ledger may hold, if that was said; else its memory mode says it. */
  readonly ledgerMax: number | undefined;
  /** What it remembers with. */
  readonly ledger: "sqlite" | "memory";
  /** Where it answers its operator; `undefined` for nowhere. */
  readonly api: HostPort | undefined;
  /** Whether `api` was said, and so must not move to another port. */
  readonly isApiGiven: boolean;
  /** How careful it is. */
  readonly env: Environment;
  /** The least that is logged. */
  readonly logLevel: LogLevel;
  /** The same for single services; of two for one service the last counts. */
  readonly serviceLevels: readonly ServiceLevel[];
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
  const memory = last(SETTINGS.memoryMode);
  const memoryMode = memory?.mode ?? detectMemoryMode();
  const api = last(SETTINGS.api);
  return {
    name: last(SETTINGS.name),
    soul: last(SETTINGS.soul),
    data: last(SETTINGS.data),
    configFile: last(SETTINGS.config),
    listen: listen ?? DEFAULT_LISTEN,
    isListenGiven: listen !== undefined,
    meshUrl: last(SETTINGS.meshUrl),
    meshGuard: last(SETTINGS.meshGuard) ?? "auto",
    peers: all(SETTINGS.peer),
    meshAllow: meshAllow.length > 0 ? meshAllow : defaultRanges(listen ?? DEFAULT_LISTEN),
    blocked: all(SETTINGS.block),
    keypair: last(SETTINGS.keypair) ?? "web",
    memoryMode,
    memoryMax: last(SETTINGS.memoryMax) ?? detectMemoryMax(memoryMode),
    ledgerMax: memory?.messagesMax,
    ledger: last(SETTINGS.ledger) ?? "sqlite",
    api: api === "none" ? undefined : api ?? DEFAULT_API,
    isApiGiven: api !== undefined,
    env,
    logLevel: last(SETTINGS.logLevel) ?? (env === "development" ? "debug" : "info"),
    serviceLevels: all(SETTINGS.log),
    json: last(SETTINGS.json) ?? false,
    untilEof: last(SETTINGS.untilEof) ?? false,
  };
}

/** Who listens on the machine itself may dial what else does; for all others nothing is known to be safe. */
function defaultRanges({ hostname }: HostPort): readonly string[] {
  return isLoopback(hostname) ? LOOPBACK_RANGES : [];
}
