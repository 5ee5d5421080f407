import { assert, assertEquals } from "@std/assert";
import {
  type PeerConduct,
  PeerScore,
  SCORE_HALF_LIFE_MS,
  SCORE_MAX,
  SHUNNED_AT,
} from "../../../runtime/primitives/peer_score.ts";

function after(conduct: PeerConduct, times: number): PeerScore {
  const score = new PeerScore(0);
  for (let count = 0; count < times; count++) score.note(conduct, 0);
  return score;
}

Deno.test("PeerScore counts up for what was handled, and down for what was not, each so far and no further", () => {
  const cases: [conduct: PeerConduct, times: number, points: number][] = [
    ["handled", 1, 1],
    ["handled", 1_000, SCORE_MAX],
    ["unreachable", 1, -5],
    ["unreachable", 1_000, -40],
    ["garbage", 1, -20],
    ["garbage", 1_000, -SCORE_MAX],
    ["forged", 1, -25],
    ["forged", 1_000, -SCORE_MAX],
  ];
  for (const [conduct, times, points] of cases) assertEquals(after(conduct, times).at(0), points, conduct);
});

Deno.test("PeerScore shuns who answers with nonsense, and nobody for being away", () => {
  assertEquals(after("unreachable", 10_000).isShunned(0), false);
  assertEquals([after("garbage", 2).isShunned(0), after("garbage", 3).isShunned(0)], [false, true]);
  assertEquals(after("forged", 2).isShunned(0), true);
});

Deno.test("PeerScore that is low already is not raised by a peer that goes away", () => {
  const score = after("garbage", 4);
  score.note("unreachable", 0);
  assertEquals(score.at(0), -80);
});

Deno.test("PeerScore fades by half in ten minutes, so that nobody is shunned for ever", () => {
  const score = after("garbage", 5);
  assertEquals(score.at(SCORE_HALF_LIFE_MS), -SCORE_MAX / 2);
  assert(score.isShunned(SCORE_HALF_LIFE_MS - 1));
  assertEquals(score.isShunned(SCORE_HALF_LIFE_MS + 1), false);
  score.note("handled", SCORE_HALF_LIFE_MS);
  assertEquals(score.at(SCORE_HALF_LIFE_MS), SHUNNED_AT + 1);
});
