import { assertEquals, assertRejects } from "@std/assert";
import { Pending } from "../../../runtime/primitives/pending.ts";
import { StoreError } from "../../../runtime/primitives/store.ts";
import { FILE_PLACES, TroubledFile } from "../../helpers/kept.ts";
import { messageOf } from "../../helpers/stage_context.ts";

const [one, two, three] = ["one", "two", "three"].map((text) => messageOf({ payload: { text } }));

for (const place of FILE_PLACES) {
  Deno.test({
    name: `Pending in ${place.name} keeps what was noted for the next life, and forgets what was handled`,
    ignore: place.ignore,
    fn: () =>
      place.use(async (open) => {
        {
          using file = open();
          const pending = new Pending(file);
          assertEquals(pending.left(), []);
          await Promise.all([one, two, three, one].map((message) => pending.note(message)));
          await file.write([pending.removal(two)]);
          await file.write([pending.removal(two)]);
        }
        using file = open();
        const pending = new Pending(file);
        assertEquals(pending.left(), [one.id, three.id].toSorted());
        await pending.forget([one.id, "never noted"]);
        assertEquals(pending.left(), [three.id]);
      }),
  });
}

Deno.test("Pending rejects when the disk refuses, and has noted nothing", async () => {
  const file = new TroubledFile();
  const pending = new Pending(file);
  file.isRefusing = true;
  await assertRejects(() => pending.note(one), StoreError);
  assertEquals(pending.left(), []);
});
