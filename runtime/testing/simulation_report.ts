/**
 * What came of a simulation.
 * @module
 */

/**
 * What was broken: an invariant of nara (I1 no acknowledged message lost, I2 no message handled twice, I3 nothing accepted that
 * its sender did not sign, I6 the books balance, I8 nothing ends or rejects
 * by itself), a promise (D1 what is to be tried again arrives or lies with the dead letters), a rule of receiving, or a check of one's
 * own by its name.
 */
export type CheckName =
  | "I1"
  | "I2"
  | "I3"
  | "I6"
  | "I8"
  | "D1"
  | "target"
  | "freshness"
  | "content_key"
  | "call"
  | "hostile"
  | "hang"
  | "steps"
  | "outside"
  | (string & Record<never, never>);

/** One thing that should not have happened. */
export interface Violation {
  /** What was broken. */
  readonly check: CheckName;
  /** When, in virtual milliseconds since the start. */
  readonly atMs: number;
  /** The nara to which it happened, by its place. */
  readonly nara?: number;
  /** What happened. */
  readonly detail: string;
}

/** What came of a simulation. */
export interface SimulationReport {
  /** The seed that repeats it. */
  readonly seed: number;
  /** SHA-256 over every step: the same for the same options, in any process. */
  readonly trace: string;
  /** Steps in the trace. */
  readonly steps: number;
  /** Messages that the naras emitted. */
  readonly messages: number;
  /** Frames on the mesh, doubles included. */
  readonly frames: number;
  /** Virtual milliseconds that went by. */
  readonly virtualMs: number;
  /** Crashes, */
  readonly crashes: number;
  /** and stops in good order on the way. */
  readonly stops: number;
  /** Messages handled twice as their receiver crashed in between: allowed, and counted. */
  readonly repeatedAcrossCrash: number;
  /** Messages handled twice by naras that keep nothing on a disk. */
  readonly repeatedWithoutDisk: number;
  /** Messages handled twice as their receiver could not write down that they were handled, or stopped meanwhile. */
  readonly repeatedAfterRefusal: number;
  /** What hostile frames came to, by outcome. */
  readonly hostile: Readonly<Record<string, number>>;
  /** What was broken, the first {@linkcode VIOLATIONS_MAX} of it. */
  readonly violations: readonly Violation[];
}

/** Violations that are kept; one is enough to fail, and what follows is mostly its consequence. */
export const VIOLATIONS_MAX = 50;
