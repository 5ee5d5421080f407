/**
 * How this very program is started again: for whoever wants to join, and for commands that start naras of their own.
 * @module
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** What {@linkcode Deno.Command} needs. */
export interface SelfCommand {
  /** The executable. */
  readonly path: string;
  /** What comes before the program's own arguments. */
  readonly args: readonly string[];
}

/** What the program knows of how it was started. */
export interface SelfInfo {
  /** Whether it was compiled into a binary. */
  readonly isCompiled: boolean;
  /** The executable: Deno's, or the binary itself. */
  readonly execPath: string;
  /** The main module's URL. */
  readonly mainModule: string;
  /** The working folder. */
  readonly cwd: string;
  /** The operating system, as in `Deno.build.os`. */
  readonly os: string;
  /** Deno's version. */
  readonly denoVersion: string;
}

/** How this process was started. */
export function selfInfo(): SelfInfo {
  const { standalone: isCompiled, os } = Deno.build;
  const [execPath, denoVersion] = [Deno.execPath(), Deno.version.deno];
  return { isCompiled, execPath, mainModule: Deno.mainModule, cwd: Deno.cwd(), os, denoVersion };
}

/**
 * The command that starts this program again.
 *
 * @param permissions Deno's flags for the new process. A compiled binary has those that it was compiled with.
 */
export function selfCommand(info: SelfInfo, permissions: readonly string[] = ["-A"]): SelfCommand {
  if (info.isCompiled) return { path: info.execPath, args: [] };
  return { path: info.execPath, args: ["run", "--quiet", "--no-prompt", ...permissions, info.mainModule] };
}

/** The same for people, to be pasted into a terminal that is in the same folder. */
export function selfCommandText(
  { isCompiled, execPath, mainModule, cwd, os, denoVersion }: SelfInfo,
): string {
  const shown = (path: string) => {
    const short = relative(cwd, path);
    const isBelow = short !== "" && !short.startsWith("..");
    return quoted(isBelow ? short : path, os);
  };
  if (isCompiled) return shown(execPath).replace(/^(?=[^/\\:'"]+$)/, "./");
  const isByNpx = /[\\/]_npx[\\/]/.test(execPath); // Then no `deno` is on the path.
  const deno = isByNpx ? `npx -y deno@${denoVersion}` : "deno";
  return `${deno} run -A ${
    mainModule.startsWith("file:") ? shown(fileURLToPath(mainModule)) : quoted(mainModule, os)
  }`;
}

/** A word as a shell takes it. */
function quoted(word: string, os: string): string {
  if (/^[\w@%+=:,./\\~-]+$/.test(word)) return word;
  return os === "windows" ? `"${word}"` : `'${word.replaceAll("'", `'\\''`)}'`;
}
