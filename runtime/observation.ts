/**
 * What a runtime shows of itself: its bounds, and its metrics.
 * @module
 */
import type { Kernel } from "./kernel.ts";
import { keyringLimits, lanesLimits } from "./primitives/limits_of.ts";
import { Metrics } from "./primitives/metrics.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Limit } from "./primitives/limits.ts";

/** Shows every bound of a runtime in `limits`, beside those that are in it. */
export function showLimits(kernel: Kernel): void {
  const { bus, calls, deadLetters, gossip, journal, keyring, ledger, marks, mesh, openRequests } = kernel;
  const { limits, outbox, peers, plaza, quarantine, registry, seen } = kernel;
  const bounded = [bus, calls, deadLetters, gossip, journal, openRequests, outbox, peers, quarantine, seen];
  for (const part of bounded) limits.add(...part.limits());
  limits.add(...lanesLimits("handlers", () => registry.all().map(({ lanes }) => lanes)));
  limits.add(...keyringLimits(keyring), ...ledgerLimits(ledger));
  if (marks) limits.add(marks.limit());
  limits.add(...mesh?.limits?.() ?? [], ...plaza?.limits ?? []);
}

/** What is counted in a runtime. */
export function metricsOf(kernel: Kernel): Metrics {
  const { books, limits, latency, ledger, mesh, outbox, deadLetters, quarantine } = kernel;
  return new Metrics({
    books,
    limits,
    ledger,
    latency,
    retries: () => outbox.retries,
    deadLetters: () => deadLetters.size,
    quarantined: () => quarantine.size,
    refusals: () => mesh?.refusalReasons?.() ?? new Map(),
  });
}

function ledgerLimits(ledger: Ledger): Limit[] {
  const rule = "the oldest of the least important makes room; priority 0 is refused past its share";
  const overflows = () => ledger.stats().pruned + ledger.stats().refused;
  const { messagesMax, bytesMax } = ledger.stats();
  return [
    {
      name: "ledger.messages",
      unit: "messages",
      max: messagesMax,
      rule,
      inUse: () => ledger.stats().messages,
      overflows,
    },
    {
      name: "ledger.bytes",
      unit: "bytes",
      max: bytesMax,
      rule,
      inUse: () => ledger.stats().bytes,
      overflows,
    },
  ];
}
