/**
 * Names for naras that nobody named: `adjective-noun-NNN`, always the same for the same seed.
 *
 * The order of the words is part of the format.
 * @module
 */

import { GoRandom, seedFromText } from "./go_random.ts";
import type { NaraName } from "./names.ts";

const ADJECTIVES =
  ("mystic dandelion quirky glitter neon fuzzy cosmic bouncy mellow spicy frozen velvet salty " +
    "grumpy dizzy funky electric pixel golden silver crimson azure emerald vivid silent noisy sparkly cyber brave " +
    "calm wild tame fast slow heavy light clumsy fancy magical dreamy clover vibe chill sociable agreeable buzzing " +
    "nara stretchy stinky wobbly tiny giga mega ultra hyper turbo digital analog shimmering").split(" ");

const NOUNS =
  ("pizza burger icecream donut cupcake lollipop candy chocolate popcorn salt egg waffle pancake " +
    "butter clover flower cat dog fox owl bear wolf tiger lion panda otter hamster robot alien ghost wizard ninja " +
    "pirate zombie vampire astronaut nara mushroom crystal comet star moon sun planet galaxy nebula meteor cactus " +
    "fern moss tree leaf sprout seed berry fruit veggie").split(" ");

/** The name that belongs to a soul's seed. */
export function generatedName(seed: Uint8Array): NaraName {
  return generatedNameOf(seed.toHex());
}

/** The name that Go generates from any text; for a soul the text is its seed in lower-case hexadecimal. */
export function generatedNameOf(text: string): NaraName {
  if (text === "") return "unnamed-nara";
  const random = new GoRandom(seedFromText(text));
  const adjective = ADJECTIVES[random.intn(ADJECTIVES.length)];
  const noun = NOUNS[random.intn(NOUNS.length)];
  return `${adjective}-${noun}-${random.intn(1_000).toString().padStart(3, "0")}`;
}
