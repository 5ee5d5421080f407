import * as z from "zod";
import { meshRequest, type RuntimeApi, type Service } from "@nara/nara/runtime";

export const thanks = meshRequest("tea:thanks", "Says whether the tea was taken")
  .withVersion(1, z.strictObject({ taken: z.boolean() }));
export const offer = meshRequest("tea:offer", "Would you like some tea?")
  .withVersion(1, z.strictObject({ sort: z.string().max(40) }))
  .withReplies(thanks);

/** Offers tea, and takes it unless it is camomile. */
export class TeaService implements Service {
  readonly name = "tea";
  readonly net = [];
  #rt!: RuntimeApi;

  registerBehaviors(rt: RuntimeApi): void {
    this.#rt = rt;
    rt.register(thanks);
    rt.register(offer, {
      1: async (message) => {
        const taken = message.payload.sort !== "camomile";
        await rt.emit(thanks.reply(message, { taken }));
      },
    });
  }

  /** Offers tea to another nara; resolves with whether it was taken. */
  async offer(to: string, sort: string): Promise<boolean> {
    const reply = await this.#rt.call(offer.draft({ sort }, { to }), thanks, { deadlineMs: 5_000 });
    return reply.payload.taken;
  }
}
