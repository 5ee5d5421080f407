import { assertEquals } from "@std/assert";
import { Deadlines } from "../../../runtime/primitives/deadlines.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { type BodyProblem, readBody } from "../../../runtime/transport/http_body.ts";

/** A request whose body comes in parts, and how it is read. */
async function read(
  body: ReadableStream<Uint8Array>,
  { bytesMax = 1_000_000, takes = () => true }: { bytesMax?: number; takes?: (bytes: number) => boolean } =
    {},
): Promise<Uint8Array | BodyProblem> {
  const deadlines = new Deadlines(new VirtualClock());
  const request = new Request("http://127.0.0.1/", { method: "POST", body });
  return await readBody(request, {
    length: request.headers.get("content-length"),
    bytesMax,
    ms: 1_000,
    deadlines,
    takes,
  });
}

/** Parts that all lie in one buffer, which is used again and again. */
function parts(texts: readonly string[]): ReadableStream<Uint8Array> {
  const buffer = new Uint8Array(65_536);
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      if (next === texts.length) return controller.close();
      const { written } = new TextEncoder().encodeInto(texts[next++], buffer);
      controller.enqueue(buffer.subarray(0, written));
    },
  }, { highWaterMark: 0 });
}

Deno.test("readBody() copies what comes in parts, so that none of them keeps the buffer that it came in", async () => {
  const texts = Array.from({ length: 3_000 }, (_, at) => String(at % 10));
  const body = await read(parts(texts));
  assertEquals(new TextDecoder().decode(body as Uint8Array), texts.join(""));
  const large = ["a".repeat(60_000), "b".repeat(60_000), "c"];
  assertEquals(new TextDecoder().decode(await read(parts(large)) as Uint8Array), large.join(""));
});

Deno.test("readBody() stops at the bound, and where there is no room", async () => {
  assertEquals(
    await read(parts(["12345", "67890"]), { bytesMax: 10 }),
    new TextEncoder().encode("1234567890"),
  );
  assertEquals(await read(parts(["12345", "67890", "!"]), { bytesMax: 10 }), "too_large");
  let room = 7;
  assertEquals(await read(parts(["12345", "67890"]), { takes: (bytes) => (room -= bytes) >= 0 }), "no_room");
});

Deno.test("readBody() tells of a body that breaks off", async () => {
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("gone")),
  });
  assertEquals(await read(broken), "broken");
});
