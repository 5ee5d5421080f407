import { assertEquals } from "@std/assert";
import type { Message } from "../../../messages/message.ts";
import { continueWith, drop, type StageResult, type StreamStage } from "../../../runtime/stage.ts";
import { casual, critical, noFilter, normal } from "../../../runtime/stages/filter.ts";
import type { Personality } from "../../../utilities/personality.ts";
import type { Text } from "../../helpers/kinds.ts";
import { messageOf, stageContext } from "../../helpers/stage_context.ts";

const message = messageOf();
const plain: Personality = { agreeableness: 50, sociability: 50, chill: 50 };

function judged(
  stage: StreamStage,
  traits: Partial<Personality> = {},
  about: Message = message,
): StageResult {
  return stage.process(about, stageContext({ personality: { ...plain, ...traits } }));
}

for (const stage of [critical(), noFilter(), casual()]) {
  Deno.test(`${stage.describe()}: lets everything through, and is left out of the chain`, () => {
    for (const chill of [0, 85, 86, 99]) assertEquals(judged(stage, { chill }), continueWith(message));
    assertEquals(stage.isNone, true);
  });
}

for (const chill of [0, 50, 85, 86, 99]) {
  Deno.test(`normal() at a chill of ${chill} ${chill > 85 ? "drops the message" : "lets it through"}`, () => {
    assertEquals(judged(normal(), { chill }), chill > 85 ? drop("filtered_by_chill") : continueWith(message));
  });
}

Deno.test("normal() looks at no other trait", () => {
  for (const trait of [0, 99]) {
    assertEquals(judged(normal(), { agreeableness: trait, sociability: trait }), continueWith(message));
  }
});

Deno.test("casual() asks its filter, which sees the message and the nara's character", () => {
  const likes = ({ payload }: Message<Text>, { chill, sociability }: Personality) =>
    payload.text === "hello" && chill <= 70 && sociability > 20;
  assertEquals(judged(casual(likes)), continueWith(message));
  assertEquals(judged(casual(likes), { chill: 71 }), drop("filtered_by_personality"));
  assertEquals(judged(casual(likes), { sociability: 20 }), drop("filtered_by_personality"));
  const other = messageOf({ payload: { text: "bye" } });
  assertEquals(judged(casual(likes), {}, other), drop("filtered_by_personality"));
});

Deno.test("describe() of a filter says what it goes by", () => {
  const socialFilter = () => true;
  const filters = [
    critical(),
    normal(),
    casual(socialFilter),
    casual((() => () => true)()),
    casual(),
    noFilter(),
  ];
  assertEquals(filters.map((stage) => stage.describe()), [
    "critical: never filtered",
    "normal: not with a chill above 85",
    "casual: by personality (socialFilter)",
    "casual: by personality",
    "casual: never filtered so far",
    "none",
  ]);
});
