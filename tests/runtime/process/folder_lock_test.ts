import { assert, assertEquals, assertExists } from "@std/assert";
import { FolderLock, holderOf } from "../../../runtime/process/folder_lock.ts";
import { lacking } from "../../helpers/permissions.ts";
import { withFolder } from "../../helpers/temp_folder.ts";

const ignore = lacking("read", "write");

Deno.test({
  name: "FolderLock.take() gives a lock to one at a time",
  ignore,
  fn: () =>
    withFolder((folder) => {
      const path = `${folder}/lock`;
      const lock = FolderLock.take(path);
      assertExists(lock);
      assertEquals(FolderLock.take(path), undefined);
      lock[Symbol.dispose]();
      FolderLock.take(path)![Symbol.dispose]();
    }),
});

Deno.test({
  name: "FolderLock.sign() says who holds it, until it is let go",
  ignore,
  fn: () =>
    withFolder((folder) => {
      const path = `${folder}/lock`;
      const lock = FolderLock.take(path)!;
      assertEquals(holderOf(path), {});
      lock.sign({ pid: 123_456, name: "a long name, and then a shorter one" });
      lock.sign({ pid: 7, name: "alice" });
      assertEquals(holderOf(path), { pid: 7, name: "alice" });
      lock[Symbol.dispose]();
      assertEquals(holderOf(path), {});
    }),
});

Deno.test({
  name: "holderOf() makes nothing of what is no signature",
  ignore,
  fn: () =>
    withFolder((folder) => {
      for (const text of ["", "null", "[]", "12", '{"pid":"7","name":8}', "{"]) {
        Deno.writeTextFileSync(`${folder}/lock`, text);
        assertEquals(holderOf(`${folder}/lock`), {}, text);
      }
    }),
});

Deno.test({
  name: "FolderLock.take() takes what a killed process held",
  ignore: lacking("read", "write", "run"),
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/lock`;
      const module = import.meta.resolve("../../../runtime/process/folder_lock.ts");
      const script = `
        import { FolderLock } from ${JSON.stringify(module)};
        FolderLock.take(${JSON.stringify(path)}).sign({ pid: Deno.pid, name: "alice" });
        console.log("held");
        setInterval(() => {}, 1e6);`;
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", `data:application/typescript,${encodeURIComponent(script)}`],
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      assertEquals(FolderLock.take(path), undefined);
      assertEquals(holderOf(path), { pid: child.pid, name: "alice" });
      child.kill("SIGKILL");
      await child.status;
      assert((await reader.read()).done);
      FolderLock.take(path)![Symbol.dispose]();
    }),
});
