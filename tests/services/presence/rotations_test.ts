import { assertEquals } from "@std/assert";
import { createRuntime, type Runtime } from "../../../runtime/runtime.ts";
import { SeededRandom } from "../../../runtime/testing/seeded_random.ts";
import { VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { memoryAddress, MemoryMesh } from "../../../runtime/transport/memory_mesh.ts";
import { identityRotated } from "../../../services/presence/behaviors.ts";
import { PresenceService } from "../../../services/presence/service.ts";
import type { Identity } from "../../../utilities/identity.ts";
import { type Rotation, signRotation } from "../../../utilities/key_rotation.ts";
import { assertBalanced, totalsOf } from "../../helpers/books.ts";
import { alice, mallory, me, naraNamed } from "../../helpers/stage_context.ts";

const heir = await naraNamed("heir");
const toHeir = await signRotation({ old: alice, successor: heir, rotatedAt: 1_768_000_000 });

/** This nara, who knew alice, meets `identity`, who came to its soul by `rotations`. */
async function meet(
  identity: Identity,
  rotations: readonly Rotation[],
  check: (mine: Runtime, theirs: Runtime, clock: VirtualClock) => Promise<void>,
): Promise<void> {
  const [mesh, clock] = [new MemoryMesh(), new VirtualClock()];
  const start = async (whose: Identity, presence: PresenceService, peers: string[]) => {
    const runtime = await createRuntime({
      identity: whose,
      clock,
      random: new SeededRandom(1),
      services: [presence],
      mesh: mesh.join,
      mayDial: () => true,
      peers,
    });
    if (whose === me) runtime.keyring.pin(alice.id, alice.keypair.publicKey, "alice");
    await runtime.start();
    return runtime;
  };
  const mine = await start(me, new PresenceService(), []);
  const theirs = await start(identity, new PresenceService({ rotations }), [memoryAddress(me.id)]);
  await clock.advance(10_000);
  await check(mine, theirs, clock);
  for (const runtime of [theirs, mine]) {
    await runtime.stop();
    assertBalanced(runtime);
  }
}

Deno.test("PresenceService tells whomever it meets who it was before, and is followed", () =>
  meet(heir, [toHeir], (mine) => {
    assertEquals(mine.keyring.successorOf(alice.id)?.id, heir.id);
    assertEquals(mine.peers.addressOf(heir.id), memoryAddress(heir.id));
    return Promise.resolve();
  }));

Deno.test("PresenceService tells each peer once in a run, however often it meets it", () =>
  meet(heir, [toHeir], async (_, theirs, clock) => {
    await clock.advance(600_000);
    assertEquals(totalsOf(theirs, "emit", identityRotated.kind).done, 1);
  }));

Deno.test("PresenceService tells nothing where there was no rotation, or one that does not lead to it", async () => {
  for (const rotations of [[], [toHeir]]) {
    await meet(mallory, rotations, (mine, theirs) => {
      assertEquals(totalsOf(theirs, "emit", identityRotated.kind).entered, 0);
      assertEquals(mine.keyring.successorOf(alice.id), undefined);
      return Promise.resolve();
    });
  }
});
