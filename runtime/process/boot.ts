/**
 * Boot: from a configuration to a nara that runs, in the order in which a mistake costs least. What fails leaves
 * nothing behind.
 * @module
 */
import { type CreatedIdentity, createIdentity } from "../../utilities/identity.ts";
import { createLogger, type LogSink } from "../primitives/logger.ts";
import { createRuntime, type Runtime } from "../runtime.ts";
import { createAllowList } from "./allow_list.ts";
import { type Choice, chooseFolder, describeHolder, userDataFolder } from "./choose_folder.ts";
import type { NaraConfig } from "./config.ts";
import type { DataFolder } from "./data_folder.ts";
import { meshAt } from "./listen.ts";
import type { Program } from "./operator.ts";
import { environmentVariable } from "./settings.ts";

/** What a nara is booted with, beside its configuration. */
export interface BootOptions {
  /** New services, in the order in which they start. */
  readonly services: Program["services"];
  /** Where log lines go. */
  readonly log: LogSink;
}

/** A nara at work, and the folder that it holds. Dispose of it to end both. */
export class RunningNara implements AsyncDisposable {
  /** The nara. */
  readonly runtime: Runtime;
  /** Where it keeps what outlives the process. */
  readonly dataPath: string;
  readonly #folder: DataFolder;

  /** Use {@linkcode boot}. */
  constructor(runtime: Runtime, folder: DataFolder) {
    this.runtime = runtime;
    this.dataPath = folder.path;
    this.#folder = folder;
  }

  /** Stops the nara, then lets go of its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stop();
    this.#folder[Symbol.dispose]();
  }
}

/**
 * Boots a nara.
 *
 * @throws {ProcessError | IdentityError | StoreError} For what whoever starts it has to put right.
 * @throws What a service throws when it starts.
 */
export async function boot(config: NaraConfig, options: BootOptions): Promise<RunningNara> {
  const { folder, passedOver } = chooseFolder(
    config,
    () => userDataFolder(Deno.build.os, environmentVariable),
  );
  try {
    const created = await createIdentity({
      soul: config.soul ?? folder.resident?.soul,
      name: config.name ?? folder.resident?.name,
      keypair: config.keypair,
    });
    const runtime = await prepare(config, options, created, folder);
    if (passedOver) reportPassedOver(options.log, passedOver, folder);
    await runtime.start();
    return new RunningNara(runtime, folder);
  } catch (thrown) {
    folder[Symbol.dispose]();
    throw thrown;
  }
}

/** Everything but the start. The soul is kept once nothing is left that the operator could have got wrong. */
async function prepare(
  config: NaraConfig,
  { services, log }: BootOptions,
  { identity, soul }: CreatedIdentity,
  folder: DataFolder,
): Promise<Runtime> {
  const { openSqliteStore } = await import("../ledger/sqlite_store.ts");
  const store = openSqliteStore(folder.storePath);
  let runtime: Runtime | undefined;
  try {
    runtime = await createRuntime({
      identity,
      services: services({ isNewborn: config.soul === undefined && folder.resident === undefined }),
      store,
      log,
      mesh: meshAt(config, createLogger("process", log)),
      peers: config.peers,
      mayDial: createAllowList(config.meshAllow),
      env: config.env,
      memoryMode: config.memoryMode,
    });
    folder.keep({ soul, name: identity.name });
    return runtime;
  } catch (thrown) {
    await runtime?.stop("its soul could not be kept");
    store[Symbol.dispose]();
    throw thrown;
  }
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
