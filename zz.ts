import { open as ow } from "./tests/bench/ours/mesh_oneway.ts";
import { open as oc } from "./tests/bench/ours/mesh_call.ts";
import { open as fo } from "./tests/bench/floors/mesh_oneway.ts";
import { open as fc } from "./tests/bench/floors/mesh_call.ts";
import process from "node:process";
const kids = () => new TextDecoder().decode(new Deno.Command("pgrep", { args: ["-P", String(Deno.pid), "deno"] }).outputSync().stdout).trim().split("\n").filter(Boolean).map(Number);
const cpuOf = (pid: number) => { const f = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" "); return (Number(f[11]) + Number(f[12])) * 1e4; };
const kp = Deno.args[0] ?? "node";
for (const [name, op] of [["ours oneway", ow], ["floor oneway", fo], ["ours call", oc], ["floor call", fc]] as const) {
  await using rig = await op(kp as "node");
  const pid = kids()[0];
  for (const sec of [2, 4]) { const c0 = process.cpuUsage(), s0 = cpuOf(pid); const t0 = performance.now(); let c = 0; await Promise.all(Array.from({ length: 64 }, async () => { while (performance.now() - t0 < sec * 1000) { await rig.once(0); c++; } })); const u = process.cpuUsage(c0); if (sec == 4) console.log(kp, name, (c / sec).toFixed(0) + "/s", "client cpu us", ((u.user + u.system) / c).toFixed(0), "server cpu us", ((cpuOf(pid) - s0) / c).toFixed(0)); }
}
