/**
 * R19: a nara that may open only 64 files refuses new work with a reason while it has none left, lives on, and recovers.
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { seatsFor } from "../../runtime/transport/guard_options.ts";
import { SteadyServer } from "../../runtime/transport/steady_server.ts";
import { systemClock } from "../../utilities/clock.ts";
import { LOCAL } from "../helpers/http_mesh.ts";
import { lacking } from "../helpers/permissions.ts";
import { RunningProgram } from "../helpers/program.ts";
import { PING, RawClient } from "../helpers/raw_http.ts";
import { withFolder } from "../helpers/temp_folder.ts";

/** More than a process with 64 descriptors can take. */
const MANY = 90;
const ignore = lacking("net", "read", "write", "run", "env", "sys") || Deno.build.os !== "linux";

/** A nara with 64 descriptors. */
function started(folder: string, guard: "on" | "off"): RunningProgram {
  const place = ["--mesh-listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--data", join(folder, "nara")];
  return new RunningProgram({
    args: [...place, "--mesh-guard", guard, "--json"],
    through: ["bash", "-c", 'ulimit -n 64; exec "$@"', "bash"],
  });
}

/** Asks until it is answered: while there are no descriptors, connections may break off. */
async function pinged(address: string): Promise<void> {
  for (;;) {
    using client = await RawClient.to({ address }).catch(() => undefined) ?? closedClient();
    if (await client.write(PING) && (await client.answer())?.status === 200) return;
    await systemClock.sleep(50);
  }
}

function closedClient() {
  return {
    write: () => Promise.resolve(false),
    answer: () => Promise.resolve(undefined),
    [Symbol.dispose]() {},
  };
}

for (const guard of ["on", "off"] as const) {
  Deno.test({
    name:
      `R19 A nara with 64 descriptors survives ${MANY} connections, and then answers again (guard ${guard})`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        await using nara = started(folder, guard);
        const [, mesh] = await nara.says(/"address":"(http:[^"]+)"/);
        const [, api] = await nara.says(/"api":"(http:[^"]+)"/);
        await pinged(mesh);
        const crowd: RawClient[] = [];
        try {
          for (let count = 0; count < MANY; count++) {
            const client = await RawClient.to({ address: mesh }).catch(() => undefined);
            if (client) crowd.push(client);
            await client?.write("POST /mesh/message HTTP/1.1\r\nhost: nara\r\ncontent-length: 9\r\n\r\n");
          }
        } finally {
          for (const client of crowd) client[Symbol.dispose]();
        }
        await pinged(mesh);
        const metrics = await (await fetch(`${api}/metrics`)).text();
        // With the guard, whoever does not send what was announced makes room; without, the machine itself refuses.
        const counted = guard === "on"
          ? /nara_limit_overflows_total{limit="http.connections"} ([1-9]\d*)/
          : /nara_mesh_refused_total{reason="no_descriptors"} ([1-9]\d*)/;
        assertMatch(metrics, counted);
        nara.kill("SIGTERM");
        const { code, stderr } = await nara.outcome();
        assertEquals(code, 0, stderr);
      }),
  });
}

Deno.test("seatsFor() leaves a nara the descriptors that it needs itself", () => {
  assertEquals([64, 256, 1_024].map(seatsFor), [8, 72, 328]);
  assertEquals([seatsFor(10), seatsFor(Infinity)], [4, Infinity]);
});

Deno.test({
  name:
    "SteadyServer serves again at the same port after the machine could not go on, and ends when it is told",
  ignore: lacking("net"),
  fn: async () => {
    const failing = new AbortController();
    const ended = Promise.withResolvers<void>();
    const open = (signal: AbortSignal, before?: Deno.NetAddr) => {
      const options = { ...LOCAL, port: before?.port ?? 0, onListen: () => {} };
      const ending = before ? signal : AbortSignal.any([signal, failing.signal]);
      return Deno.serve({ ...options, signal: ending }, () => new Response("here"));
    };
    await using server = new SteadyServer<Deno.NetAddr>({ open, onEnd: ended.resolve });
    const { port } = server.addr;
    const ask = () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text(), () => "");
    assertEquals(await ask(), "here");
    failing.abort();
    await ended.promise;
    while (await ask() !== "here") await systemClock.sleep(10);
    assertEquals(server.addr.port, port);
  },
});
