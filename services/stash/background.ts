/**
 * Background work: what nobody awaits, but whose failure is logged and whose end a stop waits for.
 * @module
 */
import type { RuntimeApi } from "../../runtime/service.ts";
import { messageOf } from "../../utilities/errors.ts";

/** Work that runs by itself. It has to end when the service's signal aborts. */
export class Background {
  readonly #rt: Pick<RuntimeApi, "log" | "signal">;
  readonly #running = new Set<Promise<void>>();

  /** @param rt Where failures are logged, and what ends the work. */
  constructor(rt: Pick<RuntimeApi, "log" | "signal">) {
    this.#rt = rt;
  }

  /** Runs `work`; its failure is logged as that of `what`, unless the service is stopping. */
  run(what: string, work: () => Promise<void>): void {
    const { log, signal } = this.#rt;
    const running = work().catch((thrown) => {
      if (!signal.aborted) log.error(`${what} failed`, { error: messageOf(thrown) });
    }).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}
