/**
 * R68: an address that a stranger names leads nowhere but to places that the operator allows: traps on this machine hear nothing.
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { createDialRule, isLoopback } from "../../runtime/process/allow_list.ts";
import { OwnListeners } from "../../runtime/process/own_listeners.ts";
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { settled, VirtualClock } from "../../runtime/testing/virtual_clock.ts";
import { MESSAGE_REQUEST } from "../../runtime/transport/http_auth.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { parseMeshAddress } from "../../runtime/transport/mesh_address.ts";
import { heyThere } from "../../services/presence/behaviors.ts";
import { PresenceService } from "../../services/presence/service.ts";
import { type Clock, systemClock } from "../../utilities/clock.ts";
import { Answering, HonestClient } from "../helpers/honest_client.ts";
import { lacking } from "../helpers/permissions.ts";
import { alice, me } from "../helpers/stage_context.ts";

/** A listener that only counts who connects. */
class Trap implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;
  connections = 0;

  constructor(hostname: string) {
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.connections++;
      connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }
}

/** Ways to write this machine's own number, and other numbers that are nobody's place. */
const HOSTS = [
  ..."127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 127.0.0.01 127.0.0.1."
    .split(" "),
  ..."127.000.000.001 ⑫⑦.0.0.1 127。0。0。1 localhost LOCALHOST localhost. localtest.me 127.0.0.1.nip.io"
    .split(" "),
  ..."0.0.0.0 0 0x0 00.0.0.0 127.0.0.2 127.255.255.254 example.com xn--l8j".split(" "),
  ..."[::1] [0:0:0:0:0:0:0:1] [::0001] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::7f00:1]"
    .split(" "),
  ..."[0:0:0:0:0:ffff:7f00:1] [64:ff9b::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] [::1%25lo] [fe80::1%25lo]"
    .split(" "),
  ..."169.254.169.254 169.254.170.2 169.254.1.1 0xa9fea9fe 2852039166 100.100.100.200 168.63.129.16".split(
    " ",
  ),
  ..."224.0.0.1 239.255.255.255 255.255.255.255 240.0.0.1 [ff02::1] [fe80::1] [fd00:ec2::254] [fec0::1]"
    .split(" "),
];

/** What goes around host and port. */
const WRAPS: readonly ((host: string, port: number) => string)[] = [
  (host, port) => `http://${host}:${port}`,
  (host, port) => `http://${host}:${port}/`,
  (host, port) => `http://10.0.0.7:7433@${host}:${port}`,
  (host, port) => `HTTP://${host}:${port}`,
  (host, port) => `https://${host}:${port}`,
];

/** Tricks that are tried with one host only. */
const TRICKS: readonly ((port: number) => string)[] = [
  (port) => `http://127.0.0.1:${port}/mesh/message`,
  (port) => `http://127.0.0.1:${port}/../admin`,
  (port) => `http://127.0.0.1:${port}?x=1`,
  (port) => `http://127.0.0.1:${port}#x`,
  (port) => `http://user:password@127.0.0.1:${port}`,
  (port) => `http://127.0.0.1:0${port}`,
  (port) => `http://127.0.0.1:+${port}`,
  (port) => `http://127.0.0.1:${port} `,
  (port) => ` http://127.0.0.1:${port}`,
  (port) => `http://127.0.0.1:${port}\n`,
  (port) => `http://127.0.0.1:${port}\r\nHost: x`,
  (port) => `http://127.0.0.1\t:${port}`,
  (port) => `http:127.0.0.1:${port}`,
  (port) => `http:/127.0.0.1:${port}`,
  (port) => `http:///127.0.0.1:${port}`,
  (port) => `http:\\\\127.0.0.1:${port}`,
  (port) => `//127.0.0.1:${port}`,
  (port) => `127.0.0.1:${port}`,
  (port) => `file://127.0.0.1:${port}`,
  (port) => `ftp://127.0.0.1:${port}`,
  (port) => `ws://127.0.0.1:${port}`,
  (port) => `gopher://127.0.0.1:${port}`,
  (port) => `unix:/tmp/socket:${port}`,
  (port) => `data:,127.0.0.1:${port}`,
  (port) => `javascript:127.0.0.1:${port}`,
  (port) => `http://10.0.0.7#@127.0.0.1:${port}`,
  (port) => `http://10.0.0.7\\@127.0.0.1:${port}`,
  (port) => `http://10.0.0.7%00@127.0.0.1:${port}`,
  (port) => `http://[::1]:${port}%`,
  (port) => `http://[[::1]]:${port}`,
  (port) => `http://127.0.0.1,10.0.0.7:${port}`,
];

/** All of them, at a port of IPv4 and one of IPv6. */
function formsOf(four: number, six: number): string[] {
  return [
    ...WRAPS.flatMap((wrap) => HOSTS.map((host) => wrap(host, host.startsWith("[") ? six : four))),
    ...TRICKS.map((trick) => trick(four)),
  ];
}

/** Whether this machine has the second loopback. */
function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** A nara that listens on `hostname` and may dial everything there is on hearsay, and what it said hey-there to. */
async function naraAt<C extends Clock = VirtualClock>(
  hostname: string,
  isLocal: boolean,
  clock: C = new VirtualClock() as Clock as C,
) {
  const own = new OwnListeners();
  const rule = createDialRule(["0.0.0.0/0", "::/0"], { isLocal, isOwn: own.isOwn });
  const greeted: string[] = [];
  const runtime = await createRuntime({
    identity: me,
    clock,
    services: [new PresenceService(), new Answering()],
    mesh: httpMesh({ listen: { hostname, port: 0 } }),
    mayDial: (address) => {
      const isAllowed = rule(address) === undefined;
      if (isAllowed) greeted.push(address);
      return isAllowed;
    },
  });
  const port = parseMeshAddress(runtime.address ?? "")?.port;
  if (port !== undefined) own.add({ hostname, port });
  await runtime.start();
  return { runtime, clock, greeted };
}

let stamp = 0n;

/** Somebody unknown says where it is; resolves with whether it got a howdy. */
async function claim(runtime: Runtime, clock: Clock, mesh_url: string): Promise<boolean> {
  const payload = { public_key: alice.keypair.publicKey, started_at: 7, mesh_url };
  const atNs = clock.nowNs() - ++stamp;
  const frame = await signedFrame(heyThere.draft(payload), { from: alice, spec: heyThere.spec, atNs });
  const { receipt } = await runtime.receive(frame, "10.9.9.9:1");
  await settled();
  return receipt.outcome === "handled";
}

Deno.test({
  name: "R68 PresenceService dials no trap that strangers name, in whatever form",
  ignore: lacking("net"),
  fn: async () => {
    await using four = new Trap("127.0.0.1");
    await using six = hasIpv6() ? new Trap("::1") : undefined;
    const forms = formsOf(four.port, six?.port ?? four.port);
    assertGreaterOrEqual(new Set(forms).size, 200);
    const { runtime, clock, greeted } = await naraAt("127.0.0.1", false);
    await using _stopped = runtime;
    let heard = 0;
    for (const form of forms) if (await claim(runtime, clock, form)) heard++;
    assertGreaterOrEqual(heard, 200, "they came as far as the handler");
    assertEquals([greeted, four.connections, six?.connections ?? 0], [[], 0, 0]);
  },
});

Deno.test({
  name: "R68 an honest client is served beside a stranger who names trap after trap",
  ignore: lacking("net"),
  fn: async () => {
    await using trap = new Trap("127.0.0.1");
    const { runtime, clock, greeted } = await naraAt("127.0.0.1", false, systemClock);
    await using _stopped = runtime;
    await using honest = await HonestClient.of(runtime);
    const forms = formsOf(trap.port, trap.port);
    let count = 0;
    await honest.assertServedBeside(() => claim(runtime, clock, forms[count++ % forms.length]));
    assertGreaterOrEqual(count, 200);
    assertEquals([greeted, trap.connections], [[], 0]);
  },
});

Deno.test({
  name: "R68 PresenceService dials a trap of this machine when it may: the test above can fail",
  ignore: lacking("net"),
  fn: async () => {
    await using trap = new Trap("127.0.0.1");
    const { runtime, clock, greeted } = await naraAt("127.0.0.1", true);
    await using _stopped = runtime;
    assert(await claim(runtime, clock, `http://127.0.0.1:${trap.port}`));
    for (let turns = 0; trap.connections === 0 && turns < 1_000; turns++) await settled();
    assertEquals([greeted.length > 0, trap.connections], [true, 1]);
  },
});

Deno.test({
  name: "R68 PresenceService asks nothing of itself, wherever it is told that somebody is",
  ignore: lacking("net"),
  fn: async () => {
    const { runtime, clock, greeted } = await naraAt("127.0.0.1", true);
    await using _stopped = runtime;
    const { port } = parseMeshAddress(runtime.address!)!;
    for (const host of ["127.0.0.1", "127.1", "localhost", "[::ffff:7f00:1]", "0.0.0.0"]) {
      assert(await claim(runtime, clock, `http://${host}:${port}`), host);
    }
    assertEquals(greeted, []);
  },
});

Deno.test({
  name: "R68 httpMesh() follows no redirect to a trap, and a greeting that gets one has found nobody",
  ignore: lacking("net"),
  fn: async () => {
    await using trap = new Trap("127.0.0.1");
    const to = `http://127.0.0.1:${trap.port}${MESSAGE_REQUEST.path}`;
    const asked: string[] = [];
    const over = new AbortController();
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: over.signal, onListen: () => {} },
      (request) => {
        asked.push(request.method);
        return new Response(null, {
          status: [301, 302, 303, 307, 308][asked.length % 5],
          headers: { location: to },
        });
      },
    );
    const { runtime } = await naraAt("127.0.0.1", true);
    {
      await using _stopped = runtime;
      const presence = runtime.service(PresenceService);
      for (let times = 0; times < 5; times++) {
        assertEquals(await presence.greet(`http://127.0.0.1:${server.addr.port}`), false);
      }
    }
    over.abort();
    await server.finished;
    assertEquals([asked.length, trap.connections], [5, 0]);
  },
});

Deno.test("createDialRule() is asked with where this nara listens, as boot does", () => {
  assertEquals(["127.0.0.1", "localhost", "::1", "0.0.0.0", "10.0.0.7", "::"].map(isLoopback), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
