/**
 * Boot: from a configuration to a nara that runs, in the order in which a mistake costs least. What fails leaves
 * nothing behind.
 * @module
 */
import { join } from "node:path";
import { type CreatedIdentity, createIdentity } from "../../utilities/identity.ts";
import { systemClock } from "../../utilities/clock.ts";
import { chainTo, openingFormer } from "../../utilities/key_rotation.ts";
import type { Keypair } from "../../utilities/keypair.ts";
import { createNodeKeypair } from "../../utilities/node_keypair.ts";
import { Secret } from "../../utilities/secret.ts";
import { parseSoul } from "../../utilities/soul.ts";
import type { Passage } from "../primitives/journal.ts";
import { createLogger, type LogSink } from "../primitives/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { KeyValueFile } from "../primitives/store.ts";
import { createRuntime, type Runtime } from "../runtime.ts";
import { createDialRule, isLoopback } from "./allow_list.ts";
import { announceApi, type ApiContact, createToken } from "./api_file.ts";
import type { ApiServer } from "./api_server.ts";
import { type Choice, chooseFolder, describeHolder, userDataFolder } from "./choose_folder.ts";
import { type NaraConfig, readConfig } from "./config.ts";
import { CONFIG_FILE, readFolderFile } from "./config_file.ts";
import { type DataFolder, folderError } from "./data_folder.ts";
import { meshAt } from "./listen.ts";
import { MemoryWatch } from "./memory_watch.ts";
import { OwnListeners } from "./own_listeners.ts";
import { readHistory } from "./soul_history.ts";
import type { Program } from "./operator.ts";
import { passageLog } from "./passage_log.ts";
import { ProcessError } from "./process_error.ts";
import { type NaraPhase, sourcesOf } from "./runtime_sources.ts";
import type { HostPort } from "./setting_values.ts";
import { environmentVariable, type Sources } from "./settings.ts";

/** What a nara is booted with, beside its configuration. */
export interface BootOptions {
  /** New services, in the order in which they start. */
  readonly services: Program["services"];
  /** Where log lines go. */
  readonly log: LogSink;
}

/** A configuration, and the folder that it led to, which this process holds. */
export interface Settled {
  /** All that is set. */
  readonly config: NaraConfig;
  /** The folder. */
  readonly choice: Choice;
}

/** What a running nara holds beside its runtime. */
interface Parts {
  readonly runtime: Runtime;
  readonly api: ApiServer | undefined;
  readonly phase: NaraPhase;
  readonly places: Places;
}

/** Where a nara listens. */
export interface Places {
  /** For other naras. */
  readonly mesh?: HostPort;
  /** For its operator. */
  readonly api?: HostPort;
}

/** A nara at work, and the folder that it holds. Dispose of it to end both. */
export class RunningNara implements AsyncDisposable {
  /** The nara. */
  readonly runtime: Runtime;
  /** Where it keeps what outlives the process. */
  readonly dataPath: string;
  /** Where it answers its operator, if it does. */
  readonly apiUrl: string | undefined;
  /** Where it listens: what others are told may be another address. */
  readonly places: Places;
  /** Whether it forgets all but who it is when it ends. */
  readonly isForgetful: boolean;
  readonly #resources: AsyncDisposableStack;

  /** Use {@linkcode boot}. */
  constructor(
    { runtime, api, places }: Parts,
    { dataPath, isForgetful }: { readonly dataPath: string; readonly isForgetful: boolean },
    resources: AsyncDisposableStack,
  ) {
    this.runtime = runtime;
    this.dataPath = dataPath;
    this.apiUrl = api?.url;
    this.places = places;
    this.isForgetful = isForgetful;
    this.#resources = resources;
  }

  /** Stops what answers for the nara, then the nara, then lets go of its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/**
 * Reads the configuration, takes the folder that it leads to, and reads the settings that lie there, unless another file was
 * named. The folder has to be disposed of, or handed to {@linkcode boot}.
 *
 * @throws {ProcessError} For what whoever starts it has to put right.
 */
export function settle(sources: Sources): Settled {
  const config = readConfig(sources);
  const choice = chooseFolder(config, () => userDataFolder(Deno.build.os, environmentVariable));
  try {
    const file = sources.file ? undefined : readFolderFile(join(choice.folder.path, CONFIG_FILE));
    return { config: file ? readConfig({ ...sources, file }) : config, choice };
  } catch (thrown) {
    choice.folder[Symbol.dispose]();
    throw thrown;
  }
}

/**
 * Boots a nara.
 *
 * @throws {ProcessError | IdentityError | StoreError} For what whoever starts it has to put right.
 * @throws What a service throws when it starts.
 */
export async function boot({ config, choice }: Settled, options: BootOptions): Promise<RunningNara> {
  const { folder, passedOver } = choice;
  const resources = new AsyncDisposableStack();
  resources.use(folder);
  try {
    const created = await createIdentity({
      soul: (config.soul ?? folder.resident?.soul)?.reveal(),
      name: config.name ?? folder.resident?.name,
      keypair: config.keypair,
    });
    const parts = await prepare(config, options, created, folder, resources);
    if (passedOver) reportPassedOver(options.log, passedOver, folder);
    await parts.runtime.start();
    parts.phase.notReady = undefined;
    const about = { dataPath: folder.path, isForgetful: config.ledger === "memory" };
    return new RunningNara(parts, about, resources);
  } catch (thrown) {
    await resources.disposeAsync();
    throw thrown;
  }
}

/** Everything but the start. The soul is kept once nothing is left that the operator could have got wrong. */
async function prepare(
  config: NaraConfig,
  options: BootOptions,
  { identity, soul }: CreatedIdentity,
  folder: DataFolder,
  resources: AsyncDisposableStack,
): Promise<Parts> {
  const { log } = options;
  const { former, rotations } = readHistory(folder.path);
  const own = new OwnListeners();
  const places: { mesh?: HostPort; api?: HostPort } = {};
  const listensAt = (who: keyof Places) => (at: HostPort) => own.add(places[who] = at);
  const services = options.services({
    isNewborn: config.soul === undefined && folder.resident === undefined,
    rotations: chainTo(rotations, identity.id),
  });
  checkServiceLevels(config, services.map(({ name }) => name));
  const memory = resources.use(
    new MemoryWatch({
      bytesMax: config.memoryMax,
      clock: systemClock,
      log: createLogger("process", log),
    }),
  );
  const runtime = resources.use(
    await createRuntime({
      ...await openMemory(config, folder),
      onPassage: await watcherOf(config, log),
      identity: { ...identity, keypair: openingFormer(identity.keypair, former.map(keypairOf)) },
      services,
      log,
      mesh: meshAt(config, createLogger("process", log), listensAt("mesh"), () => memory.isShort),
      peers: config.peers,
      mayDial: dialRule(config, own, log),
      env: config.env,
      memoryMode: config.memoryMode,
    }),
  );
  runtime.limits.add(...memory.limits());
  for (const id of config.blocked) runtime.peers.block(id);
  const phase: NaraPhase = { notReady: "it is starting" };
  const token = createToken();
  const api = await listenApi(config, { runtime, phase, log, token });
  if (api) {
    resources.use(api);
    listensAt("api")({ hostname: config.api!.hostname, port: Number(new URL(api.url).port) });
  }
  folder.keep({ soul: new Secret(soul), name: identity.name });
  if (api) resources.use(announce(folder.path, { url: api.url, id: identity.id, token }));
  return { runtime, api, phase, places };
}

/** Which addresses may be dialled on hearsay; what may not is told to whoever looks closely. */
function dialRule(config: NaraConfig, { isOwn }: OwnListeners, log: LogSink): (address: string) => boolean {
  const rule = createDialRule(config.meshAllow, { isLocal: isLoopback(config.listen.hostname), isOwn });
  const logger = createLogger("process", log);
  return (address) => {
    const refusal = rule(address);
    if (refusal !== undefined) {
      logger.debug("an address is not dialled that somebody named", {
        address: address.slice(0, 80),
        reason: refusal,
      });
    }
    return refusal === undefined;
  };
}

/** What a former soul still is good for. */
function keypairOf(soul: Secret<string>): Keypair {
  return createNodeKeypair(parseSoul(soul.reveal()).seed);
}

function announce(path: string, contact: ApiContact): Disposable {
  try {
    return announceApi(path, contact);
  } catch (thrown) {
    throw folderError(path, thrown);
  }
}

/** Who sees every message's way: the log, while it is being developed, and whoever collects spans, if Deno was told of one. */
async function watcherOf(
  { env }: NaraConfig,
  log: LogSink,
): Promise<((passage: Passage) => void) | undefined> {
  const watchers: ((passage: Passage) => void)[] = [];
  if (env === "development") watchers.push(passageLog(createLogger("runtime", log)));
  if (environmentVariable("OTEL_DENO") === "true") {
    const { createTracer } = await import("../primitives/tracing.ts");
    const tracer = await createTracer({ clock: systemClock });
    watchers.push((passage) => tracer.span(passage));
  }
  if (watchers.length < 2) return watchers[0];
  return (passage) => watchers.forEach((watch) => watch(passage));
}

/** What it remembers with; nothing of it is loaded where all is forgotten with the process. */
async function openMemory(
  { ledger: kind, ledgerMax, memoryMode }: NaraConfig,
  folder: DataFolder,
): Promise<{ ledger: Ledger; store?: KeyValueFile }> {
  const { LEDGER_CAPACITY } = await import("../ledger/ledger_capacity.ts");
  const capacity = {
    ...LEDGER_CAPACITY[memoryMode],
    ...ledgerMax !== undefined && { messagesMax: ledgerMax },
  };
  if (kind === "memory") {
    const { MemoryLedger } = await import("../ledger/memory_ledger.ts");
    return { ledger: new MemoryLedger(capacity) };
  }
  const { openSqliteFile } = await import("../ledger/sqlite_file.ts");
  const { store, ledger } = openSqliteFile(folder.storePath, capacity);
  return { store, ledger };
}

async function listenApi(
  { api: listen, isApiGiven: isGiven }: NaraConfig,
  { runtime, phase, log, token }: { runtime: Runtime; phase: NaraPhase; log: LogSink } & {
    token: ReturnType<typeof createToken>;
  },
): Promise<ApiServer | undefined> {
  if (!listen) return undefined;
  const { ApiServer } = await import("./api_server.ts");
  const sources = sourcesOf(runtime, phase);
  return new ApiServer({ listen, isGiven, sources, token, log: createLogger("process", log) });
}

/** A service that nobody has is a name mistyped. */
function checkServiceLevels({ serviceLevels }: NaraConfig, services: readonly string[]): void {
  const known = ["runtime", "process", ...services];
  const wrong = serviceLevels.find(({ service }) => !known.includes(service));
  if (!wrong) return;
  throw new ProcessError(
    "bad_option",
    `Cannot set what "${wrong.service}" logs as there is no such service: expected one of ${
      known.join(", ")
    }`,
  );
}

function reportPassedOver(
  log: LogSink,
  { path, holder }: NonNullable<Choice["passedOver"]>,
  folder: DataFolder,
): void {
  createLogger("process", log).info(
    `the data folder ${path} is held by ${
      describeHolder(holder)
    }, so this is another nara with a folder of its own`,
    { data: folder.path },
  );
}
