import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { lacking } from "../../helpers/permissions.ts";
import { type Outcome, RunningProgram, runProgram, sentenceIn } from "../../helpers/program.ts";
import { fakeSources, localApi, rawRequest, TOKEN } from "../../helpers/local_api.ts";
import { withFolder } from "../../helpers/temp_folder.ts";
import { PeerError } from "../../../runtime/primitives/peer_error.ts";

const ANY_PORTS = ["--mesh-listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--json"];
const ID = "5puGXP8Ljasf8FPfv2TRSDKXxK5At1SGRsk1tJzzpDk8";
const OTHER = "69sba5yrEh4BXffrqmdRoymNASkC5yDiDL2NfP4P5QVf";

/** What a command printed that went well, as JSON. */
function jsonOf({ code, stdout, stderr }: Outcome): unknown {
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

Deno.test({
  name: "nara block, unblock and peers work on a nara that runs, on one that does not, and over restarts",
  ignore: lacking("read", "write", "run", "env", "net"),
  fn: () =>
    withFolder(async (folder) => {
      const env = { XDG_DATA_HOME: `${folder}/share` };
      const ask = (...args: string[]) => runProgram({ args: [...args, "--json"], env });
      const peers = async () => {
        const { peers } = jsonOf(await ask("peers")) as { peers: { id: string; state: string }[] };
        return peers.map(({ id, state }) => [id, state]);
      };
      const start = (...args: string[]) => new RunningProgram({ args: [...ANY_PORTS, ...args], env });
      const stop = async (nara: RunningProgram) => {
        nara.kill("SIGINT");
        assertEquals((await nara.outcome()).code, 0);
      };

      assertStringIncludes(
        sentenceIn(await runProgram({ args: ["block", ID], env }), 2),
        "Cannot find a nara in",
      );
      let own = "";
      {
        await using nara = start("--block", ID);
        const { id } = JSON.parse((await nara.says(/^{"event":"started".*\n/m))[0]);
        assertEquals(await peers(), [[ID, "blocked"]]);
        assertEquals(jsonOf(await ask("block", OTHER)), { id: OTHER, isBlocked: true, isNews: true });
        assertEquals(jsonOf(await ask("block", OTHER)), { id: OTHER, isBlocked: true, isNews: false });
        assertEquals(jsonOf(await ask("unblock", ID)), { id: ID, isBlocked: false, isNews: true });
        assertEquals(await peers(), [[OTHER, "blocked"]]);
        own = id;
        const strange = await runProgram({ args: ["block", ID.slice(1)], env });
        assertStringIncludes(strange.stdout, "It has not been met yet: make sure that no character");
        assertEquals(jsonOf(await ask("unblock", ID.slice(1))), {
          id: ID.slice(1),
          isBlocked: false,
          isNews: true,
        });
        const wrong: [args: string[], code: number, words: string][] = [
          [["block", id], 1, "Cannot block this nara itself"],
          [["block"], 2, "Cannot block a nara without its id: expected nara block ID"],
          [["block", "grace"], 2, 'Cannot block "grace": expected an id of 43 or 44 characters'],
          [["block", ID.slice(2)], 2, "expected an id of 43 or 44 characters (nara peers shows them)"],
          [["unblock", "grace"], 2, 'Cannot unblock "grace": expected an id of 43 or 44 characters'],
          [["unblock", "../x"], 2, 'Cannot unblock "../x": expected an id of 43 or 44 characters'],
        ];
        for (const [args, code, words] of wrong) {
          assertStringIncludes(sentenceIn(await runProgram({ args, env }), code), words);
        }
        await stop(nara);
      }
      for (const action of ["block", "unblock"]) {
        const self = await runProgram({ args: [action, own], env });
        assertStringIncludes(sentenceIn(self, 2), `Cannot ${action} this nara itself`);
        const slip = await runProgram({ args: [action, "grace"], env });
        assertStringIncludes(sentenceIn(slip, 2), `Cannot ${action} "grace": expected an id of`);
      }
      const forgetful = await runProgram({ args: ["block", ID], env: { ...env, NARA_LEDGER: "memory" } });
      assertStringIncludes(sentenceIn(forgetful, 2), "start it with --block ID");
      assertEquals(jsonOf(await ask("unblock", OTHER)), { id: OTHER, isBlocked: false, isNews: true });
      assertEquals(jsonOf(await ask("block", ID)), { id: ID, isBlocked: true, isNews: true });
      await using again = start();
      await again.says(/"event":"started"/);
      assertEquals(await peers(), [[ID, "blocked"]]);
      const table = await runProgram({ args: ["peers"], env });
      assertMatch(table.stdout, new RegExp(`^id +name .*\n${ID} .* blocked `));
      await stop(again);
    }),
});

Deno.test({
  name: "ApiServer lists peers for everybody on this machine, and blocks only for who shows the token",
  ignore: lacking("net"),
  fn: async () => {
    const acts: string[] = [];
    await using api = localApi(fakeSources({
      peers: {
        rows: () => [],
        block: (id) => {
          if (id === OTHER) throw new PeerError("own_id", "Cannot block this nara itself");
          return acts.push(`block ${id}`) > 0;
        },
        unblock: (id) => id !== "slip" && acts.push(`unblock ${id}`) > 0,
      },
    }));
    const token = { authorization: `Bearer ${TOKEN}` };
    const post = (path: string, headers: Record<string, string> = token) =>
      rawRequest(api.url, { method: "POST", path, headers });
    assertEquals(JSON.parse((await rawRequest(api.url, { path: "/api/peers" })).body), { peers: [] });
    assertEquals((await post("/api/peers/abc/block", {})).status, 401);
    assertEquals((await rawRequest(api.url, { path: "/api/peers/abc/block" })).status, 405);
    assertEquals(acts, []);
    assertEquals(JSON.parse((await post(`/api/peers/${ID}/block`)).body), {
      id: ID,
      isBlocked: true,
      isNews: true,
    });
    assertEquals((await post(`/api/peers/${ID}/unblock`)).status, 200);
    const refused = await post(`/api/peers/${OTHER}/block`);
    assertEquals([refused.status, JSON.parse(refused.body).error], [422, "own_id"]);
    for (const path of ["/api/peers/abc/block", "/api/peers/slip/unblock"]) {
      const { status, body } = await post(path);
      assertEquals([status, JSON.parse(body).error], [422, "bad_id"], path);
    }
    assertEquals(acts, [`block ${ID}`, `unblock ${ID}`]);
    const old = await post("/api/peers/abc/unblock");
    assertEquals([old.status, acts.at(-1)], [200, "unblock abc"], "what an earlier version let through");
  },
});

Deno.test({
  name: "ApiServer says so where no peers are known",
  ignore: lacking("net"),
  fn: async () => {
    await using api = localApi();
    assertEquals((await rawRequest(api.url, { path: "/api/peers" })).status, 404);
  },
});
