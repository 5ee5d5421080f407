import {
  type HandlerOptions,
  meshRequest,
  type Message,
  type RuntimeApi,
  type Service,
  type TypedStore,
  typedStore,
} from "@nara/nara/runtime";
import * as z from "zod";

const CardV1 = z.strictObject({ cups: z.int().nonnegative() });
const CupV1 = z.strictObject({ sort: z.string().max(40) });

/** The tenth cup is on the house. */
export const gift = meshRequest("tea-house:gift", "The next cup is on the house")
  .withVersion(1, z.strictObject({ cups: z.int() }));

/** Asks for a cup. Two of one guest are never poured at once, and what goes wrong is looked at by the host. */
export const cup = meshRequest("tea-house:cup", "Asks for a cup of tea")
  .withVersion(1, CupV1)
  .ordered()
  .with({ onError: { handler: "queue" } });

/** Pours tea, and stamps the card of whoever asks. */
export class TeaHouse implements Service {
  readonly name = "tea-house";
  readonly net = [];
  /** Without water nothing is poured. */
  hasWater = true;
  #cards!: TypedStore<z.infer<typeof CardV1>>;

  init(rt: RuntimeApi): void {
    this.#cards = typedStore(rt.store, "card/", CardV1);
  }

  registerBehaviors(rt: RuntimeApi): void {
    rt.register(gift);
    rt.register(cup, { 1: (message, options) => this.#pour(message, options) });
  }

  /** How many cups a guest has had. */
  async cupsOf(guest: string): Promise<number> {
    return (await this.#cards.get(guest))?.cups ?? 0;
  }

  /** The stamp and the gift count together with the note that the cup was handled, or not at all. */
  async #pour({ fromId }: Message<z.infer<typeof CupV1>>, { effects }: HandlerOptions): Promise<void> {
    const cups = await this.cupsOf(fromId) + 1;
    await this.#cards.set(fromId, { cups }, effects);
    if (cups % 10 === 0) effects.emit(gift.draft({ cups }, { to: fromId }));
    if (!this.hasWater) throw new Error("The kettle is empty");
  }
}
