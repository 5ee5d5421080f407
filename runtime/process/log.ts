/**
 * Writes log lines: for people, or as JSON for programs.
 * @module
 */
import type { Clock } from "../../utilities/clock.ts";
import type { LogFields, LogLevel, LogRecord, LogSink } from "../primitives/logger.ts";

/** Options of {@linkcode createLogSink}. */
export interface LogSinkOptions {
  /** The least that is written. */
  readonly level: LogLevel;
  /** Whether to write JSON: `{"time","level","service","message","fields"}`, one object a line. */
  readonly json: boolean;
  /** Whether to colour the lines for people. */
  readonly color: boolean;
  /** Stamps the lines. */
  readonly clock: Pick<Clock, "nowNs">;
  /** Takes a line, without its end. */
  readonly write: (line: string) => void;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
/** ANSI: grey, green, yellow, red. */
const COLORS: Readonly<Record<LogLevel, number>> = { debug: 90, info: 32, warn: 33, error: 31 };
const GREY = 90;
/** What a terminal would obey instead of showing it, and what would break the line. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** A value that can stand in a line without quotes. */
const BARE = /^[^\s"=]+$/;

/** A sink that writes every record of at least `level`. */
export function createLogSink({ level, json, color, clock, write }: LogSinkOptions): LogSink {
  const least = LEVELS.indexOf(level);
  return (record) => {
    if (LEVELS.indexOf(record.level) < least) return;
    const time = new Date(Number(clock.nowNs() / 1_000_000n)).toISOString();
    write(json ? jsonLine(time, record) : humanLine(time, record, color));
  };
}

function jsonLine(time: string, { level, service, message, fields }: LogRecord): string {
  return JSON.stringify({ time, level, service, message, fields });
}

function humanLine(time: string, { level, service, message, fields }: LogRecord, color: boolean): string {
  const paint = (code: number, text: string) => color ? `\x1b[${code}m${text}\x1b[0m` : text;
  const parts = [
    paint(GREY, time.slice(11, 23)),
    paint(COLORS[level], level.padEnd(5)),
    printable(service).padEnd(8),
    printable(message),
    Object.keys(fields).length > 0 ? paint(GREY, fieldsText(fields)) : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function fieldsText(fields: LogFields): string {
  return Object.entries(fields).filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) =>
      `${key}=${printable(BARE.test(String(value)) ? String(value) : JSON.stringify(value))}`
    )
    .join(" ");
}

/** Text in which nothing commands the terminal: names and errors come from strangers. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
