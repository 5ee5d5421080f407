/**
 * nara: a runtime for small agents that find one another, and remember with each other's help.
 *
 * As a program, `deno run -A mod.ts` starts one. As a library, this module is the whole of what there is to import;
 * importing it loads no database, no HTTP client and no command line.
 * @module
 */
import type { OperatorCommand } from "./runtime/process/operator.ts";
import type { Service } from "./runtime/service.ts";
import { PresenceService } from "./services/presence/mod.ts";

export { createRuntime, Runtime } from "./runtime/runtime.ts";
export type { RuntimeConfig } from "./runtime/runtime.ts";
export { createIdentity } from "./utilities/identity.ts";
export type { CreatedIdentity, Identity, IdentityOptions, KeypairKind } from "./utilities/identity.ts";
export { PresenceService };

/** The services that every nara runs, in the order in which they start. */
export function builtInServices(): Service[] {
  return [new PresenceService()];
}

async function commands(): Promise<OperatorCommand[]> {
  return await Promise.resolve([]);
}

if (import.meta.main) {
  const { main } = await import("./runtime/process/main.ts");
  Deno.exit(await main(Deno.args, { services: builtInServices, commands }));
}
