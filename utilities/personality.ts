/**
 * The three traits that a nara is born with, drawn from its soul.
 *
 * A nara declares them itself; nobody else can check them, as the soul is secret.
 * @module
 */

import { GoRandom, seedFromText } from "./go_random.ts";

/** The traits, each from 0 to 99. They bend what a nara does, never what it may do. */
export interface Personality {
  /** How readily it goes along with others. */
  readonly agreeableness: number;
  /** How much it seeks others' company. */
  readonly sociability: number;
  /** How little gets on its nerves. */
  readonly chill: number;
}

/** The personality of a soul in its text form: three draws of Go's generator, seeded with that text. */
export function personalityOf(soulText: string): Personality {
  const random = new GoRandom(seedFromText(soulText));
  const [agreeableness, sociability, chill] = [random.intn(100), random.intn(100), random.intn(100)];
  return { agreeableness, sociability, chill };
}

/** The same, drawn when somebody first looks: the first draw of a process takes about 10 ms, and a start should not wait for it. */
export function laterPersonalityOf(soulText: string): Personality {
  let drawn: Personality | undefined;
  const traits = () => drawn ??= personalityOf(soulText);
  return {
    get agreeableness() {
      return traits().agreeableness;
    },
    get sociability() {
      return traits().sociability;
    },
    get chill() {
      return traits().chill;
    },
  };
}
