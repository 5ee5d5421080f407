/**
 * What this test run is allowed to do. Plain `deno test` grants nothing, and still has to pass: a test that needs
 * a right says so with `ignore: !permitted.net`, and the reason is printed once per file.
 * @module
 */

/** A right that some tests need. */
export type Right = "net" | "read" | "write" | "run" | "env" | "sys";

const granted = (name: Right): boolean => Deno.permissions.querySync({ name }).state === "granted";

/** Which rights this run has. */
export const permitted: Readonly<Record<Right, boolean>> = {
  net: granted("net"),
  read: granted("read"),
  write: granted("write"),
  run: granted("run"),
  env: granted("env"),
  sys: granted("sys"),
};

const announced = new Set<string>();

/** Whether all of `rights` are missing or some: prints why the tests that need them are skipped, once. */
export function lacking(...rights: Right[]): boolean {
  const missing = rights.filter((right) => !permitted[right]);
  const flags = missing.map((right) => `--allow-${right}`).join(" ");
  if (missing.length > 0 && !announced.has(flags)) {
    announced.add(flags);
    console.warn(`skipping the tests that need ${flags}: run \`deno task test\` for all of them`);
  }
  return missing.length > 0;
}
