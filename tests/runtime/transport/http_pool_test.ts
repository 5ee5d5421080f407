import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Deadlines } from "../../../runtime/primitives/deadlines.ts";
import { nextTurn } from "../../../runtime/primitives/event_loop.ts";
import { settled, VirtualClock } from "../../../runtime/testing/virtual_clock.ts";
import { HttpPool } from "../../../runtime/transport/http_pool.ts";
import { lacking } from "../../helpers/permissions.ts";
import { CONNECT_MS, PoolScene } from "../../helpers/pool_scene.ts";
import { connectingBy, type RawPeer, until, wiresSettled } from "../../helpers/raw_server.ts";

const SWEEP_MS = 2_000;
const AGAIN_MS = 250;
const TOO_LARGE = "HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n";

function test(
  says: string,
  fn: (scene: PoolScene) => Promise<void>,
  options?: ConstructorParameters<typeof PoolScene>[0],
): void {
  Deno.test({
    name: `HttpPool ${says}`,
    ignore: lacking("net"),
    fn: async () => {
      await using scene = new PoolScene(options);
      await fn(scene);
    },
  });
}

/** An answer with this body, and more fields. */
const said = (text: string, ...fields: string[]) =>
  `${["HTTP/1.1 200 OK", `content-length: ${text.length}`, ...fields].join("\r\n")}\r\n\r\n${text}`;
const pathOf = (request: string) => request.split(" ")[1];

/** Answers one request with its path. Returns whether there was one. */
async function echoOne(peer: RawPeer): Promise<boolean> {
  const request = await peer.request();
  if (request) await peer.write(said(pathOf(request)));
  return request !== undefined;
}

/** Answers every request with its path. */
async function echo(peer: RawPeer): Promise<void> {
  while (await echoOne(peer));
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await settled();
}

const PATHS = Array.from({ length: 7 }, (_, index) => `/${index}`);
const ALL_UNREACHABLE = PATHS.map(() => "unreachable");

for (const connectionsMax of [1, 2, PATHS.length]) {
  const options = { connectionsMax };

  test(`gives every request its own answer over ${connectionsMax} connections at most`, async (scene) => {
    scene.serve(echo);
    assertEquals(await scene.over(...PATHS), PATHS);
    assert(scene.server.peers.length <= connectionsMax);
  }, options);

  test(`opens others for those that end with their answer, ${connectionsMax} at a time`, async (scene) => {
    scene.serve(async (peer) => peer.write(said(pathOf((await peer.request())!), "connection: close")));
    assertEquals(await scene.over(...PATHS), PATHS);
    assertEquals(scene.server.peers.length, PATHS.length);
  }, options);

  test(`loses one request with each connection, ${connectionsMax} at a time`, async (scene) => {
    const seen: string[] = [];
    scene.serve(async (peer) => {
      seen.push(pathOf((await peer.request())!));
      peer[Symbol.dispose]();
    });
    assertEquals(await scene.over(...PATHS), ALL_UNREACHABLE);
    assertEquals(seen.sort(), PATHS); // Nothing is sent twice.
  }, options);

  test(`leaves nobody waiting for a server that hangs up, ${connectionsMax} at a time`, async (scene) => {
    scene.serve((peer) => Promise.resolve(peer[Symbol.dispose]()));
    assertEquals(await scene.over(...PATHS), ALL_UNREACHABLE);
  }, options);

  test(`fails all that wait when it is refused, ${connectionsMax} at a time`, async (scene) => {
    scene.server.stop();
    assertEquals(await scene.over(...PATHS), ALL_UNREACHABLE);
    assertEquals(await scene.over("/again"), ["unreachable"]);
  }, options);

  test(`fails all that wait when connecting takes too long, ${connectionsMax} at a time`, async (scene) => {
    let begun = 0;
    using _connecting = connectingBy(({ signal }) => {
      begun++;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });
    scene.post(...PATHS);
    await scene.clock.advance(CONNECT_MS - 1);
    assertEquals(scene.outcomes, PATHS.map(() => undefined));
    await scene.clock.advance(1);
    assertEquals(scene.outcomes, ALL_UNREACHABLE);
    assertEquals(begun, connectionsMax);
  }, options);
}

test("takes a connection that comes through when it was given up for none", async (scene) => {
  const connect = Deno.connect;
  const late = Promise.withResolvers<void>();
  using _connecting = connectingBy(async ({ hostname, port }) => {
    await late.promise;
    return await connect({ hostname, port });
  });
  scene.post("/first");
  await scene.clock.advance(1);
  scene.post("/second");
  await scene.clock.advance(CONNECT_MS - 1);
  late.resolve();
  await (await scene.server.accept()).closed();
  await turns(2);
  assertEquals(scene.outcomes, ["unreachable", "unreachable"]);
}, { connectionsMax: 1 });

test("gives up connecting when it is closed", async (scene) => {
  const given = Promise.withResolvers<never>();
  using _connecting = connectingBy(({ signal }) => {
    signal.addEventListener("abort", () => given.reject(signal.reason));
    return given.promise;
  });
  scene.post("/first");
  await scene.pool.close();
  assert(await given.promise.catch(() => "given up"));
});

test("closes a connection that it cannot set up", async (scene) => {
  const connect = Deno.connect;
  using _connecting = connectingBy(async ({ hostname, port }) => {
    const tcp = await connect({ hostname, port });
    return Object.assign(tcp, {
      setNoDelay: () => {
        throw new Error("reset by peer");
      },
    });
  });
  assertEquals(await scene.over("/first"), ["unreachable"]);
  await (await scene.server.accept()).closed();
});

test("lets those that wait use the connections there are when it gets no others", async (scene) => {
  scene.post("/0");
  const peer = await scene.server.accept();
  scene.server.stop();
  scene.post(...PATHS.slice(1));
  await wiresSettled(); // Connecting has failed.
  await Promise.all([
    echo(peer),
    until(() => !scene.outcomes.includes(undefined)).then(() => scene.pool.close()),
  ]);
  assertEquals(scene.outcomes, PATHS);
});

test("tries again a moment later to open one more connection beside a busy one", async (scene) => {
  scene.post("/0");
  await (await scene.server.accept()).request();
  {
    using _connecting = connectingBy(() => Promise.reject(new Error("none left")));
    scene.post("/1");
    await settled();
  }
  await scene.clock.advance(AGAIN_MS);
  const second = await scene.server.accept();
  assertMatch((await second.request())!, /^POST \/1 /);
});

test("never sends what failed while it waited", async (scene) => {
  scene.post("/first");
  const given = [scene.post("/a"), scene.post("/b")];
  scene.post("/last");
  const peer = await scene.server.accept();
  for (const { exchange } of given) exchange.fail(new Error("changed my mind"));
  await echoOne(peer);
  assertEquals(pathOf((await peer.request())!), "/last");
}, { connectionsMax: 1 });

test("gives nobody the answer to a request that was given up", async (scene) => {
  const { exchange } = scene.post("/first");
  const peer = await scene.server.accept();
  await peer.request();
  exchange.fail(new Error("changed my mind"));
  scene.post("/second");
  await peer.write(said("/first"));
  await echoOne(await scene.server.accept());
  await peer.closed();
  await until(() => !scene.outcomes.includes(undefined));
  assertEquals(scene.outcomes, ["changed my mind", "/second"]);
}, { connectionsMax: 1 });

for (
  const [what, spoil] of Object.entries<(peer: RawPeer) => unknown>({
    "closed by the other side": (peer) => peer[Symbol.dispose](),
    "on which something came unasked": (peer) => peer.write(said("unasked")),
  })
) {
  test(`uses no idle connection ${what}`, async (scene) => {
    scene.post("/first");
    const peer = await scene.server.accept();
    await echoOne(peer);
    await until(() => scene.outcomes[0] === "/first");
    await turns(2); // It is idle.
    await spoil(peer);
    await wiresSettled();
    scene.post("/second");
    await echoOne(await scene.server.accept());
    await until(() => scene.outcomes[1] !== undefined);
    assertEquals(scene.outcomes, ["/first", "/second"]);
  });
}

test("closes a connection that nobody used between two looks, and looks no more", async (scene) => {
  scene.serve(echo);
  await scene.over("/0");
  await scene.clock.advance(2 * SWEEP_MS - 1);
  await scene.over("/1");
  await scene.clock.advance(SWEEP_MS); // A look was just before.
  await scene.over("/2");
  assertEquals(scene.server.peers.length, 1);
  await scene.clock.advance(SWEEP_MS + 1);
  await scene.server.peers[0].closed();
  await scene.clock.advance(SWEEP_MS);
  assertEquals(scene.clock.pending, 0);
  await scene.over("/3");
  assertEquals(scene.server.peers.length, 2);
});

test("lets a request that is under way wait for its answer at any look", async (scene) => {
  scene.post("/slow");
  const peer = await scene.server.accept();
  await scene.clock.advance(5 * SWEEP_MS);
  await echoOne(peer);
  await until(() => scene.outcomes[0] === "/slow");
});

test("closes a connection whose other side answers and never reads the rest", async (scene) => {
  scene.post("/long");
  const peer = await scene.server.accept();
  await peer.some();
  await peer.write(TOO_LARGE);
  await until(() => scene.outcomes[0] === "413");
  scene.post("/second");
  await wiresSettled();
  assertEquals(scene.server.peers.length, 1);
  await scene.clock.advance(2 * SWEEP_MS);
  await echoOne(await scene.server.accept());
  await until(() => scene.outcomes[1] === "/second");
}, { connectionsMax: 1 });

test("speaks IPv6", async (scene) => {
  const connect = Deno.connect;
  const hostnames: unknown[] = [];
  using _connecting = connectingBy(({ hostname, port }) => {
    hostnames.push(hostname);
    return connect({ hostname: "127.0.0.1", port }); // Not every machine speaks it.
  });
  scene.post("/");
  const request = await (await scene.server.accept()).request();
  assertEquals(hostnames, ["::1"]);
  assertMatch(request!, /\r\nhost: \[::1\]:\d+\r\n/);
}, { host: "[::1]" });

for (
  const address of ["https://127.0.0.1:7433", "http://127.0.0.1:7433/path", "memory:abc", "no address", ""]
) {
  Deno.test(`HttpPool refuses the address ${JSON.stringify(address)}`, () => {
    const options = {
      connectionsMax: 1,
      connectMs: CONNECT_MS,
      deadlines: new Deadlines(new VirtualClock()),
    };
    assertThrows(() => new HttpPool(address, options), TypeError);
  });
}

/** Turns of the event loop between posting and what then happens: the first ones see connecting, the last ones answers. */
const MOMENTS = [0, 1, 2, 3, 4, 5, 8, 13, 21, 34, 55, 89, 144, 1_000];

/** How the other side may behave while a pool goes. */
const SERVERS: Record<string, (peer: RawPeer) => Promise<void>> = {
  "answers": echo,
  "never reads": async () => {},
  "never answers": (peer) => peer.closed(),
  "never finishes an answer": async (peer) => {
    await peer.request();
    await peer.write(said("/0").slice(0, -1));
  },
  "answers too early, and more than was asked": async (peer) => {
    while (await peer.some()) await peer.write(TOO_LARGE);
  },
  "never reads behind its first answer": async (peer) => {
    await peer.some();
    await peer.write(TOO_LARGE);
  },
  "hangs up": async (peer) => {
    await peer.request();
    peer[Symbol.dispose]();
  },
};

function testAtAnyMoment(says: string, what: string, fn: (scene: PoolScene) => Promise<void>): void {
  Deno.test({
    name: `HttpPool ${says} at any moment while its server ${what}`,
    ignore: lacking("net"),
    fn: async () => {
      for (const moment of MOMENTS) {
        await using scene = new PoolScene();
        scene.serve(SERVERS[what]);
        scene.post("/0", "/1", "/2", "/long");
        for (let turn = 0; turn < moment; turn++) await nextTurn();
        await fn(scene);
      }
    },
  });
}

for (const what of Object.keys(SERVERS)) {
  testAtAnyMoment("closes everything, and opens nothing more,", what, async (scene) => {
    let begun = 0;
    using _connecting = connectingBy(() => Promise.reject(new Error(`${++begun}`)));
    await scene.pool.close();
    const { outcomes } = scene;
    await turns(2);
    assertEquals([begun, scene.outcomes], [0, outcomes]); // Nobody hears anything more.
  });

  testAtAnyMoment("retires", what, async (scene) => {
    let isDrained = false;
    scene.pool.retire(() => isDrained = true);
    if (what.includes("never")) {
      for (const { exchange } of scene.posted) exchange.fail(new Error("too late"));
    }
    await until(() => !scene.outcomes.includes(undefined));
    if (what.includes("behind")) await scene.clock.advance(2 * SWEEP_MS);
    await until(() => isDrained);
    for (const peer of scene.server.peers) await peer.closed();
  });
}
