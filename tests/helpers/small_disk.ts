/**
 * Disks that are small, or that may only be read. Whoever runs as root gets a file system in memory, for root may write
 * to everything else.
 * @module
 */
import { assert } from "@std/assert";
import { permitted } from "./permissions.ts";

const isRoot = permitted.sys && Deno.build.os === "linux" && Deno.uid() === 0;

/** Whether a disk of a few megabytes can be had: some containers let not even root mount one. */
export const hasSmallDisks: boolean = isRoot && permitted.run && permitted.write && canMount();

function canMount(): boolean {
  const folder = Deno.makeTempDirSync({ prefix: "nara-disk-" });
  const done = command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
  if (done) command("umount", folder);
  Deno.removeSync(folder);
  return done;
}

function command(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** Runs `check` while `folder` is a disk of so many bytes of its own. */
export async function onSmallDisk(folder: string, bytes: number, check: () => unknown): Promise<void> {
  assert(command("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder));
  try {
    await check();
  } finally {
    command("umount", folder);
  }
}

/** Runs `check` while nothing in `folder` may be written; `prepare` is run before that. */
export async function readOnly(folder: string, prepare: () => unknown, check: () => unknown): Promise<void> {
  if (hasSmallDisks) {
    return await onSmallDisk(folder, 8 * 1024 * 1024, async () => {
      await prepare();
      assert(command("mount", "-o", "remount,ro", folder));
      await check();
    });
  }
  await prepare();
  if (isRoot) return; // Nothing is read-only for root here.
  for (const { name } of Deno.readDirSync(folder)) Deno.chmodSync(`${folder}/${name}`, 0o444);
  Deno.chmodSync(folder, 0o555);
  try {
    await check();
  } finally {
    Deno.chmodSync(folder, 0o755);
  }
}

/** Runs `check` while the file `path` may not be written, though its folder may. */
export async function readOnlyFile(path: string, check: () => unknown): Promise<void> {
  if (isRoot && !hasSmallDisks) return; // Nothing is read-only for root here.
  if (hasSmallDisks) assert(command("mount", "--bind", path, path));
  try {
    if (hasSmallDisks) assert(command("mount", "-o", "remount,bind,ro", path));
    else Deno.chmodSync(path, 0o444);
    await check();
  } finally {
    if (hasSmallDisks) command("umount", path);
    else Deno.chmodSync(path, 0o644);
  }
}
