import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { EXIT_USAGE } from "../../../runtime/process/process_error.ts";
import { systemClock } from "../../../utilities/clock.ts";
import { lacking } from "../../helpers/permissions.ts";
import { entryWith, RunningProgram, runProgram, sentenceIn } from "../../helpers/program.ts";
import { withFolder } from "../../helpers/temp_folder.ts";

const ignore = lacking("net", "read", "write", "run", "env", "sys");

Deno.test({
  name: "nara --memory-max takes in no messages while it holds more, and shows what it holds",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const place = ["--mesh-listen", "127.0.0.1:0", "--api", "127.0.0.1:0", "--data", join(folder, "nara")];
      // A service that holds more than the bound, which is above what a nara needs by itself.
      const entry = entryWith(
        `[{ name: "hoarder", net: [], registerBehaviors() { globalThis.hoard = new Uint8Array(2 ** 28).fill(1); } }]`,
      );
      const args = [...place, "--memory-max", "160M", "--json"];
      await using nara = new RunningProgram({ args, entry });
      const [, mesh] = await nara.says(/"address":"(http:[^"]+)"/);
      const [, api] = await nara.says(/"api":"(http:[^"]+)"/);
      let refused: Response;
      for (;;) {
        refused = await fetch(`${mesh}/mesh/message`, { method: "POST", body: "{}" });
        if (refused.status === 503) break;
        await refused.body?.cancel();
        await systemClock.sleep(100); // It looks once a second.
      }
      assertEquals([refused.headers.get("retry-after"), await refused.text()], [
        "5",
        "Too busy: memory_short\n",
      ]);
      await nara.says(/memory is short/);
      const { limits } = await (await fetch(`${api}/api/limits`)).json();
      const { max, unit } = limits.find(({ name }: { name: string }) => name === "process.memory");
      assertEquals([max, unit], [160 * 1024 * 1024, "bytes"]);
      const metrics = await (await fetch(`${api}/metrics`)).text();
      assertMatch(metrics, /nara_limit_in_use{limit="process.memory"} \d{8,}/);
      assertMatch(metrics, /nara_mesh_refused_total{reason="memory_short"} [1-9]/);
    }),
});

Deno.test({
  name: "nara --memory-max says in one sentence what would be right",
  ignore,
  fn: async () => {
    const outcome = await runProgram({ args: ["--memory-max", "lots"] });
    assertMatch(
      sentenceIn(outcome, EXIT_USAGE),
      /"lots" of --memory-max: expected a size from 160M to 1024G/,
    );
  },
});
