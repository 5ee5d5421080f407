/**
 * Writes log lines through LogTape: for people, or as JSON for programs.
 *
 * LogTape's filters and formatters are functions, its registry of loggers is one per process. Two naras may share a process,
 * so only the functions are used: a sink holds its own levels, and nothing is left behind.
 * @module
 */
import {
  getLevelFilter,
  getTextFormatter,
  type LogLevel as TapeLevel,
  type LogRecord as TapeRecord,
  type Sink,
  type TextFormatter,
  withFilter,
} from "@logtape/logtape";
import type { Clock } from "../../utilities/clock.ts";
import type { LogLevel, LogRecord, LogSink } from "../primitives/logger.ts";
import { printable } from "./printable.ts";
import { withoutSouls } from "./process_error.ts";
import type { ServiceLevel } from "./setting_values.ts";

/** Options of {@linkcode createLogSink}. */
export interface LogSinkOptions {
  /** The least that is written. */
  readonly level: LogLevel;
  /** The same for single services; of two for one service the last counts. @default {none} */
  readonly serviceLevels?: readonly ServiceLevel[];
  /** Whether to write JSON: `{"time","level","service","message","fields"}`, one object a line. */
  readonly json: boolean;
  /** Whether to colour the lines for people, as on a terminal; without colour they bear the date too. */
  readonly color: boolean;
  /** Stamps the lines. */
  readonly clock: Pick<Clock, "nowNs">;
  /** Takes a line, without its end. */
  readonly write: (line: string) => void;
}

/** LogTape's names of our levels. */
const TAPE_LEVELS: Readonly<Record<LogLevel, TapeLevel>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};
/** Our names of LogTape's levels. */
const LEVELS: Readonly<Record<TapeLevel, LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "error",
};
/** ANSI: grey, green, yellow, red. */
const COLORS: Readonly<Record<LogLevel, number>> = { debug: 90, info: 32, warn: 33, error: 31 };
const GREY = 90;
/** A value that can stand in a line without quotes. */
const BARE = /^[^\s"=]+$/;

/**
 * A sink that writes every record that matters enough, and never what looks like a soul. It never throws: a line that
 * cannot be written is lost.
 */
export function createLogSink(options: LogSinkOptions): LogSink {
  const { level, serviceLevels = [], json, color, clock, write } = options;
  const format = json ? jsonLine : humanLine(color);
  const output: Sink = (record) => write(withoutSouls(format(record).trimEnd()));
  const from = (least: LogLevel | "off"): Sink =>
    withFilter(output, getLevelFilter(least === "off" ? null : TAPE_LEVELS[least]));
  const others = from(level);
  const own = new Map(serviceLevels.map(({ service, level }) => [service, from(level)]));
  return (record) => {
    try {
      (own.get(record.service) ?? others)(tapeRecord(record, clock));
    } catch {
      // Whoever speaks is in the middle of something else, and there is no better place to complain.
    }
  };
}

function tapeRecord({ level, service, message, fields }: LogRecord, clock: Pick<Clock, "nowNs">): TapeRecord {
  return {
    category: ["nara", service],
    level: TAPE_LEVELS[level],
    message: [message],
    rawMessage: message,
    timestamp: Number(clock.nowNs() / 1_000_000n),
    properties: fields,
  };
}

function jsonLine({ timestamp, level, category, rawMessage, properties }: TapeRecord): string {
  const time = new Date(timestamp).toISOString();
  const line = { time, level: LEVELS[level], service: category[1], message: rawMessage, fields: properties };
  return JSON.stringify(line, (_, value) => typeof value === "bigint" ? String(value) : value);
}

function humanLine(color: boolean): TextFormatter {
  const paint = (code: number, text: string) => color ? `\x1b[${code}m${text}\x1b[0m` : text;
  return getTextFormatter({
    timestamp: color ? "time" : "rfc3339", // Whoever looks on knows the day; a file is read later.
    format({ timestamp, record: { level: tapeLevel, category, rawMessage, properties } }) {
      const level = LEVELS[tapeLevel];
      const fields = fieldsText(properties);
      const parts = [
        paint(GREY, timestamp ?? ""),
        paint(COLORS[level], level.padEnd(5)),
        printable(category[1]).padEnd(8),
        printable(String(rawMessage)),
        fields && paint(GREY, fields),
      ];
      return parts.filter((part) => part !== "").join(" ");
    },
  });
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields).filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) => {
      const text = String(value);
      return `${key}=${printable(BARE.test(text) ? text : JSON.stringify(text))}`;
    })
    .join(" ");
}
