/**
 * Every bound of a whole nara is filled, and shown to its operator.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { openSqliteFile } from "../../runtime/ledger/sqlite_file.ts";
import { limitLines, type LimitRow } from "../../runtime/primitives/limits_table.ts";
import { sourcesOf } from "../../runtime/process/runtime_sources.ts";
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { MemoryPlaza } from "../../runtime/transport/memory_plaza.ts";
import { PresenceService } from "../../services/presence/service.ts";
import { StashService } from "../../services/stash/service.ts";
import { FILLERS, type MakeFillable } from "../helpers/limit_fillers.ts";
import { fills } from "../helpers/limits.ts";
import { localApi, rawRequest, TOKEN } from "../helpers/local_api.ts";
import { NETWORK_FILLERS } from "../helpers/network_fillers.ts";
import { lacking } from "../helpers/permissions.ts";
import { me } from "../helpers/stage_context.ts";
import { withFolder } from "../helpers/temp_folder.ts";

const ALL: Readonly<Record<string, MakeFillable>> = { ...FILLERS, ...NETWORK_FILLERS };
const ignore = lacking("net", "read", "write");

/** Runs `check` with a nara that has all there is: both services, a mesh, a plaza and a file. */
function withWholeNara(check: (runtime: Runtime) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    await using runtime = await createRuntime({
      identity: me,
      services: [new PresenceService(), new StashService()],
      mesh: httpMesh({ listen: { hostname: "127.0.0.1", port: 0 } }),
      plaza: new MemoryPlaza().join,
      ...openSqliteFile(`${folder}/nara.db`),
    });
    await runtime.start();
    await check(runtime);
  });
}

/** The entry of the table for a bound: each service's store has a bound of its own, all of one kind. */
function entryFor(name: string): string {
  return name.startsWith("store.service:") ? "store.service:*" : name;
}

Deno.test({
  name: "Limits of a whole nara are all in the table of what fills them, and nothing else is",
  ignore,
  fn: () =>
    withWholeNara((runtime) => {
      const entries = new Set(runtime.limits.all().map(({ name }) => entryFor(name)));
      assertEquals([...entries].toSorted(), Object.keys(ALL).toSorted());
      return Promise.resolve();
    }),
});

for (const [entry, make] of Object.entries(ALL)) {
  Deno.test({
    name: `Limits: ${entry} can be filled, is never passed, and counts what came too much [B1]`,
    ignore,
    fn: () =>
      withFolder(async (folder) => {
        await using filled = await make(entry.replace("*", "tea"), folder);
        await fills(filled.limit, (index) => filled.fill(index), filled.more);
      }),
  });
}

Deno.test({
  name: "Limits of a whole nara say what is counted, what happens past them, and nothing but plain numbers",
  ignore,
  fn: () =>
    withWholeNara((runtime) => {
      for (const limit of runtime.limits.all()) {
        const { name, unit, max, rule } = limit;
        assert(/^[a-z_]+(\.[a-z_:]+)+$/.test(name), name);
        assert(unit !== "" && rule !== "", `${name} says what is counted and what happens past it`);
        assert(Number.isSafeInteger(max) && max > 0, `${name}: at most ${max}`);
        assert(limit.inUse() >= 0 && limit.inUse() <= max && limit.overflows() === 0, name);
      }
      return Promise.resolve();
    }),
});

Deno.test({
  name:
    "Limits of a whole nara are told by its local API and printed, each by name, use, bound and overflows",
  ignore,
  fn: () =>
    withWholeNara(async (runtime) => {
      await using api = localApi(sourcesOf(runtime, { notReady: undefined }));
      const headers = { authorization: `Bearer ${TOKEN}` };
      const { status, body } = await rawRequest(api.url, { path: "/api/limits", headers });
      assertEquals(status, 200);
      const rows = (JSON.parse(body) as { limits: LimitRow[] }).limits;
      const expected = runtime.limits.all().map((limit) => {
        const { name, unit, max, rule } = limit;
        return { name, unit, max, inUse: limit.inUse(), overflows: limit.overflows(), rule };
      });
      assertEquals(rows, expected);
      const [headline, ...lines] = limitLines(rows);
      assertEquals(headline.split(/ {2,}/), ["limit", "in use", "at most", "of", "overflows", "past it"]);
      for (const [at, { name, inUse, max, unit, overflows, rule }] of rows.entries()) {
        const cells = lines[at].split(/ {2,}/).map((cell) =>
          /^[\d ]+$/.test(cell) ? cell.replaceAll(" ", "") : cell
        );
        assertEquals(cells, [name, `${inUse}`, `${max}`, unit, `${overflows}`, rule]);
      }
    }),
});
