import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataFolder, residentOf } from "../../../runtime/process/data_folder.ts";
import { holderOf } from "../../../runtime/process/folder_lock.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { Secret } from "../../../utilities/secret.ts";
import vectors from "../../interop/vectors/identity.json" with { type: "json" };
import { lacking } from "../../helpers/permissions.ts";
import { contentOf, withFolder } from "../../helpers/temp_folder.ts";

const { soul: text, nara_name: name } = vectors.identities[0];
const soul = new Secret(text);
const [OTHER_SOUL] = vectors.identities.map((identity) => identity.soul).filter((other) => other !== text);

/** Registers a test that gets an empty folder; `path` in it is not there yet. */
function test(says: string, check: (path: string, above: string) => void): void {
  const fn = () => withFolder((above) => check(`${above}/some/where`, above));
  Deno.test({ name: says, ignore: lacking("read", "write"), fn });
}

const modeOf = (path: string) => Deno.statSync(path).mode! & 0o777;

test("DataFolder keeps soul and name for the next run, for their owner's eyes only", (path) => {
  {
    using folder = DataFolder.take(path)!;
    assertEquals(folder.resident, undefined);
    folder.keep({ soul, name });
    assertEquals(holderOf(`${path}/lock`), { pid: Deno.pid, name });
  }
  using folder = DataFolder.take(path)!;
  assertEquals([folder.resident?.soul.reveal(), folder.resident?.name], [text, name]);
  assertEquals(contentOf(path), ["lock", "name", "soul"]);
  if (Deno.build.os !== "windows") {
    assertEquals([modeOf(path), modeOf(`${path}/soul`)].map((mode) => mode.toString(8)), ["700", "600"]);
  }
});

test("DataFolder.take() gives a folder to one at a time", (path) => {
  using folder = DataFolder.take(path)!;
  assertEquals(folder.path, path);
  assertEquals(DataFolder.take(path), undefined);
});

test("DataFolder leaves nothing behind where nothing was kept", (path, above) => {
  {
    using folder = DataFolder.take(path)!;
    for (const suffix of ["", "-wal", "-shm"]) Deno.writeTextFileSync(folder.storePath + suffix, "");
  }
  assertEquals(contentOf(above), []);
});

test("DataFolder leaves what was there before, kept or not", (path) => {
  Deno.mkdirSync(path, { recursive: true });
  for (const file of ["store.sqlite", "name", "letter"]) Deno.writeTextFileSync(`${path}/${file}`, file);
  {
    using folder = DataFolder.take(path)!;
    Deno.writeTextFileSync(`${folder.storePath}-wal`, "");
  }
  assertEquals(contentOf(path), ["letter", "name", "store.sqlite"]);
});

test("DataFolder leaves a resident's folder as it is", (path) => {
  {
    using folder = DataFolder.take(path)!;
    folder.keep({ soul, name });
  }
  const before = contentOf(path);
  DataFolder.take(path)![Symbol.dispose]();
  assertEquals(contentOf(path), before);
  assertEquals([residentOf(path)?.soul.reveal(), residentOf(path)?.name], [text, name]);
});

test("DataFolder.keep() replaces what an interrupted run left half written", (path) => {
  Deno.mkdirSync(path, { recursive: true });
  Deno.writeTextFileSync(`${path}/soul.new`, OTHER_SOUL.slice(0, 20));
  using folder = DataFolder.take(path)!;
  folder.keep({ soul, name });
  assertEquals([residentOf(path)?.soul.reveal(), residentOf(path)?.name], [text, name]);
  assertEquals(contentOf(path), ["lock", "name", "soul"]);
});

test("residentOf() names the soul file that cannot be read", (path) => {
  Deno.mkdirSync(`${path}/soul`, { recursive: true });
  const { message } = assertThrows(() => residentOf(path), ProcessError, `the file ${path}/soul (`);
  assertEquals(message.includes("os error"), false);
});

test("residentOf() finds nobody where there is no soul", (path, above) => {
  assertEquals(residentOf(path), undefined);
  Deno.writeTextFileSync(`${above}/name`, name);
  assertEquals(residentOf(above), undefined);
});

test("DataFolder.take() refuses a damaged soul without repeating it, and holds nothing", (path) => {
  Deno.mkdirSync(path, { recursive: true });
  const broken = text.slice(0, 30);
  Deno.writeTextFileSync(`${path}/soul`, broken);
  for (let times = 0; times < 2; times++) {
    const { message, code } = assertThrows(() => DataFolder.take(path), ProcessError, `${path}/soul`);
    assertEquals([code, message.includes(broken.slice(0, 12))], ["bad_folder", false]);
  }
});

test("DataFolder.take() refuses what is no folder, in one sentence", (_, above) => {
  Deno.writeTextFileSync(`${above}/file`, "");
  for (const path of [`${above}/file`, `${above}/file/below`]) {
    const { message, code } = assertThrows(() => DataFolder.take(path), ProcessError, path);
    assertEquals(code, "bad_folder");
    assertStringIncludes(message, "Cannot use the data folder");
    assertEquals(message.includes("os error"), false);
  }
  assertEquals(contentOf(above), ["file"]);
});
