/**
 * Error strategies: what happens when a stage fails, declared per kind.
 * @module
 */

/**
 * What to do when a stage fails.
 *
 * - `drop`: count it, say nothing.
 * - `log`: a warning, then drop.
 * - `retry`: try again later, with backoff, until the deadline; then as `queue`. Only on the way out: on the way in it is `queue`.
 * - `queue`: put it with the dead letters, for a person to look at.
 * - `panic`: stop the nara, for what the machine itself broke; for anything else `queue`, with an alarm.
 */
export type ErrorStrategy = "drop" | "log" | "retry" | "queue" | "panic";

/** Strategies by where the error arose. */
export interface ErrorStrategies {
  /** The transport stage: a peer, a broker. */
  readonly transport: ErrorStrategy;
  /** The store stage: a full disk. */
  readonly store: ErrorStrategy;
  /** The verify stage. */
  readonly verify: ErrorStrategy;
  /** Any other stage. */
  readonly other: ErrorStrategy;
  /** The handler. */
  readonly handler: ErrorStrategy;
}

/** What a kind starts from whose template is not known: nothing is silent. */
export const DEFAULT_STRATEGIES: ErrorStrategies = {
  transport: "log",
  store: "log",
  verify: "log",
  other: "log",
  handler: "log",
};

/** What messages are for, as far as their failures are concerned. */
export type MessageType =
  | "checkpoint"
  | "observation"
  | "social"
  | "ephemeral"
  | "request"
  | "protocol"
  | "stored"
  | "local";

/** One row of the {@linkcode STRATEGY_TABLE}. */
export interface StrategyRow {
  /** What happens where. */
  readonly strategies: ErrorStrategies;
  /** Why, for whoever reads the catalog. */
  readonly because: string;
}

/**
 * What happens to a message of each type when a stage fails. The first four rows are the seeds', read as design.md has it: a
 * panic stops a nara only for what its own machine broke, and nothing that was accepted vanishes.
 */
export const STRATEGY_TABLE: Readonly<Record<MessageType, StrategyRow>> = {
  checkpoint: {
    strategies: { transport: "retry", store: "panic", verify: "log", other: "queue", handler: "queue" },
    because:
      "a vote counts once it arrived, so it is tried until its deadline (the seeds panic, but no peer may stop a " +
      "nara); a ledger that is damaged stops it, for what it would say next could not be trusted",
  },
  observation: {
    strategies: { transport: "retry", store: "log", verify: "log", other: "log", handler: "log" },
    because:
      "worth another try; one that cannot be stored was not acknowledged, and others observed the same",
  },
  social: {
    strategies: { transport: "log", store: "log", verify: "drop", other: "log", handler: "log" },
    because: "a tease that comes late is no tease",
  },
  ephemeral: {
    strategies: { transport: "drop", store: "drop", verify: "drop", other: "drop", handler: "log" },
    because:
      "the next one says the same; only a handler that throws is a defect of ours, and is never silent",
  },
  request: {
    strategies: { transport: "retry", store: "log", verify: "log", other: "log", handler: "log" },
    because:
      "at least once to a target that lives, or a dead letter (D1); when its handler fails its sender is told, and " +
      "nobody can fill our dead letters by asking",
  },
  protocol: {
    strategies: { transport: "log", store: "log", verify: "log", other: "log", handler: "log" },
    because: "best effort (D0): it is said again before a retry could matter",
  },
  stored: {
    strategies: { transport: "retry", store: "queue", verify: "log", other: "log", handler: "queue" },
    because:
      "stored before acknowledged (D2): what could not be stored is not said to be, and is kept for a person; what is " +
      "stored travels by gossip too, and its handler's failure can be made good",
  },
  local: {
    strategies: { transport: "log", store: "queue", verify: "log", other: "log", handler: "queue" },
    because: "nobody else has it and nobody sends it again, so a handler's failure must not lose it",
  },
};

/** The type that a template's messages are of, unless their kind says otherwise. */
const TYPE_OF_TEMPLATE: Readonly<Record<string, MessageType>> = {
  meshRequest: "request",
  protocol: "protocol",
  protocolUnverified: "protocol",
  ephemeral: "ephemeral",
  storedEvent: "stored",
  broadcastEvent: "stored",
  local: "local",
};

/** What a template's kinds start from; {@linkcode DEFAULT_STRATEGIES} for a template of somebody else's. */
export function strategiesFor(template: string): ErrorStrategies {
  const type = Object.hasOwn(TYPE_OF_TEMPLATE, template) ? TYPE_OF_TEMPLATE[template] : undefined;
  return type ? STRATEGY_TABLE[type].strategies : DEFAULT_STRATEGIES;
}

/**
 * The strategy for a request whose caller waits: it hears of the failure at once and decides itself, so nothing goes on behind
 * its back. What would be tried again or kept is dropped in silence; the rest stays.
 */
export function strategyOfCall(strategy: ErrorStrategy): ErrorStrategy {
  return strategy === "retry" || strategy === "queue" ? "drop" : strategy;
}
