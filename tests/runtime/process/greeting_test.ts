import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Greeting, greetingLines, startedEvent } from "../../../runtime/process/greeting.ts";
import { lacking } from "../../helpers/permissions.ts";
import { RunningProgram } from "../../helpers/program.ts";
import { withFolder } from "../../helpers/temp_folder.ts";
import { me } from "../../helpers/stage_context.ts";

/** What is told of a nara like this. */
function greeted(about: Partial<Greeting>, address?: string): string {
  const nara: Greeting = {
    runtime: { me, address },
    dataPath: "/data",
    apiUrl: undefined,
    places: {},
    isForgetful: false,
    ...about,
  };
  return greetingLines(nara, "nara").join("\n");
}

Deno.test("greetingLines() says where the nara listens, and how others reach it where that differs", () => {
  const mesh = { hostname: "127.0.0.1", port: 7001 };
  assertStringIncludes(
    greeted({ places: { mesh } }, "http://127.0.0.1:7001"),
    "It listens on http://127.0.0.1:7001; to join it,",
  );
  assertStringIncludes(
    greeted({ places: { mesh } }, "http://10.0.0.7:80"),
    "It listens on 127.0.0.1:7001, and others reach it at http://10.0.0.7:80; to join it,",
  );
  const everywhere = { mesh: { hostname: "0.0.0.0", port: 7002 } };
  assertStringIncludes(
    greeted({ places: everywhere }),
    "It listens on every address of this machine, port 7002; for others to reach it, pass --mesh-url http://ADDRESS:7002.",
  );
  assertStringIncludes(
    greeted({ places: everywhere }, "http://10.0.0.7:80"),
    "It listens on every address of this machine, port 7002, and others reach it at http://10.0.0.7:80; to join it,",
  );
});

Deno.test("greetingLines() names all commands that the nara answers, and who can read that", () => {
  const commands =
    "It answers the commands why, limits, catalog, metrics, peers, block, unblock and dead-letters on ";
  const port = 8081;
  const apiUrl = `http://127.0.0.1:${port}`;
  const here = { apiUrl, places: { api: { hostname: "127.0.0.1", port } } };
  assertStringIncludes(greeted(here), `${commands}${apiUrl}.`);
  const everywhere = { apiUrl, places: { api: { hostname: "0.0.0.0", port } } };
  assertStringIncludes(
    greeted(everywhere),
    `${commands}every address of this machine, port 8081: anyone there can read it.`,
  );
});

Deno.test("greetingLines() does not say that a nara keeps what it forgets", () => {
  assertStringIncludes(greeted({}), "It keeps what it knows in /data.");
  assertStringIncludes(
    greeted({ isForgetful: true }),
    "It keeps who it is in /data, and forgets all else when it ends.",
  );
});

Deno.test({
  name: "main() tells the ports that it took where it was to take any",
  ignore: lacking("read", "write", "run", "env", "net"),
  fn: () =>
    withFolder(async (folder) => {
      const env = { XDG_DATA_HOME: `${folder}/share` };
      const api = ["--api", "127.0.0.1:0", "--ledger", "memory"];
      await using open = new RunningProgram({ args: ["--mesh-listen", "0.0.0.0:0", ...api], env });
      const [, kept] = await open.says(/^(It keeps .*)$/m);
      assertEquals(kept, `It keeps who it is in ${folder}/share/nara/1, and forgets all else when it ends.`);
      const [, port, again] = await open.says(/machine, port (\d+); for .*ADDRESS:(\d+)\.$/m);
      assertEquals([port === "0", again], [false, port]);
      await (await fetch(`http://127.0.0.1:${port}/ping`)).body?.cancel();
      open.kill("SIGINT"); // Killed, it would leave the socket of its guard behind.
      assertEquals((await open.outcome()).code, 0);

      const url = ["--mesh-listen", "127.0.0.1:0", "--mesh-url", "http://10.0.0.7:7433"];
      await using behind = new RunningProgram({ args: [...url, ...api], env });
      const [, at] = await behind.says(
        /^It listens on (127\.0\.0\.1:[1-9]\d*), and others reach it at http:\/\/10\.0\.0\.7:7433; to join/m,
      );
      await (await fetch(`http://${at}/ping`)).body?.cancel();
    }),
});

Deno.test("startedEvent() says where the nara listens beside where others reach it", () => {
  const places = { mesh: { hostname: "::1", port: 7003 } };
  const about = { dataPath: "/data", apiUrl: undefined, isForgetful: false, places };
  const event = JSON.parse(startedEvent({ ...about, runtime: { me, address: "http://10.0.0.7:80" } }));
  assertEquals([event.listen, event.address], ["[::1]:7003", "http://10.0.0.7:80"]);
});
