/**
 * Logging: a primitive of the runtime, scoped to the service that speaks.
 * @module
 */

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a line is about, beside its words. Never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One line, before it is written. */
export interface LogRecord {
  /** How much it matters. */
  readonly level: LogLevel;
  /** Who speaks: a service's name, or `runtime`. */
  readonly service: string;
  /** What happened. */
  readonly message: string;
  /** What it is about. */
  readonly fields: LogFields;
}

/** Where lines go. */
export type LogSink = (record: LogRecord) => void;

/** Speaks for one service. */
export interface Logger {
  /** For whoever follows a message step by step. */
  debug(message: string, fields?: LogFields): void;
  /** What an operator likes to know. */
  info(message: string, fields?: LogFields): void;
  /** What an operator should look at one day. */
  warn(message: string, fields?: LogFields): void;
  /** What an operator should look at now. */
  error(message: string, fields?: LogFields): void;
}

/** A logger for `service` that writes to `sink`. It never throws: a line that cannot be written is lost. */
export function createLogger(service: string, sink: LogSink): Logger {
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}) => {
    try {
      sink({ level, service, message, fields });
    } catch {
      // Whoever speaks is in the middle of something else, and there is no better place to complain.
    }
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Says nothing. */
export const silentSink: LogSink = () => {};
