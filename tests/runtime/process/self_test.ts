import { assertEquals } from "@std/assert";
import { selfCommand, selfCommandText, type SelfInfo } from "../../../runtime/process/self.ts";

const checkout: SelfInfo = {
  isCompiled: false,
  execPath: "/usr/bin/deno",
  mainModule: "file:///home/ada/nara/mod.ts",
  cwd: "/home/ada/nara",
  os: "linux",
  denoVersion: "2.9.6",
};
const binary: SelfInfo = { ...checkout, isCompiled: true, execPath: "/home/ada/nara/bin/nara" };

const cases: [says: string, info: SelfInfo, text: string][] = [
  ["in its folder", checkout, "deno run -A mod.ts"],
  ["above its folder", { ...checkout, cwd: "/home/ada" }, "deno run -A nara/mod.ts"],
  ["elsewhere", { ...checkout, cwd: "/tmp" }, "deno run -A /home/ada/nara/mod.ts"],
  [
    "with a blank",
    { ...checkout, mainModule: "file:///home/ada/na%20ra/mod.ts" },
    "deno run -A '/home/ada/na ra/mod.ts'",
  ],
  [
    "from afar",
    { ...checkout, mainModule: "https://example.com/mod.ts" },
    "deno run -A https://example.com/mod.ts",
  ],
  [
    "by npx",
    { ...checkout, execPath: "/home/ada/.npm/_npx/7a40/node_modules/deno/deno" },
    "npx -y deno@2.9.6 run -A mod.ts",
  ],
  ["compiled", binary, "bin/nara"],
  ["compiled, beside it", { ...binary, cwd: "/home/ada/nara/bin" }, "./nara"],
  ["compiled, elsewhere", { ...binary, cwd: "/tmp" }, "/home/ada/nara/bin/nara"],
];

for (const [says, info, text] of cases) {
  Deno.test(`selfCommandText() can be pasted: ${says}`, () => assertEquals(selfCommandText(info), text));
}

Deno.test("selfCommand() grants what it is told, where it can", () => {
  assertEquals(selfCommand(checkout, ["--allow-net"]), {
    path: "/usr/bin/deno",
    args: ["run", "--quiet", "--no-prompt", "--allow-net", "file:///home/ada/nara/mod.ts"],
  });
  assertEquals(selfCommand(binary, ["--allow-net"]), { path: "/home/ada/nara/bin/nara", args: [] });
});
