/**
 * Settings in a file: an object of JSON with a key per setting, for what one does not want to type each time.
 * @module
 */
import { messageOf } from "../../utilities/errors.ts";
import { scanJsonObject } from "../../utilities/json_scan.ts";
import { isPrivate } from "./files.ts";
import { ProcessError, reasonOf } from "./process_error.ts";
import { SETTING_KEYS, type SettingKey, SETTINGS, type SettingsFile } from "./settings.ts";

/** What the file in a data folder is called. */
export const CONFIG_FILE = "nara.json";

/** What a file of settings may hold; a real one has some hundred bytes. */
const LIMITS = { bytesMax: 64 * 1024, depthMax: 4, keysMax: 256 };

/**
 * Reads the file `path`, which the operator named.
 *
 * @throws {ProcessError} `bad_file`, if it cannot be read; `bad_option`, naming the key that cannot be.
 */
export function readConfigFile(path: string): SettingsFile {
  const bytes = attempt(path, () => Deno.readFileSync(path));
  const texts = textsIn(path, bytes, (key) => SETTINGS[key].inFiles !== "none");
  if (texts.soul) assertPrivate(path);
  return { path, texts };
}

/**
 * Reads the file `path` of a data folder, which need not be there. It says nothing of who lives there: that is why the
 * folder was chosen.
 *
 * @throws {ProcessError} As {@linkcode readConfigFile}.
 */
export function readFolderFile(path: string): SettingsFile | undefined {
  const bytes = attempt(path, () => {
    try {
      return Deno.readFileSync(path);
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return undefined;
      throw thrown;
    }
  });
  return bytes && { path, texts: textsIn(path, bytes, (key) => SETTINGS[key].inFiles === undefined) };
}

/** Who reads a soul is that nara. */
function assertPrivate(path: string): void {
  if (attempt(path, () => isPrivate(path))) return;
  throw new ProcessError("bad_file", `Cannot take a soul from ${path} as others may read it: chmod 600 it`);
}

function textsIn(path: string, bytes: Uint8Array, isTaken: (key: SettingKey) => boolean) {
  const texts: Partial<Record<SettingKey, readonly string[]>> = {};
  for (const [name, value] of Object.entries(parse(path, bytes))) {
    const key = SETTING_KEYS.find((key) => key === name);
    if (!key || !isTaken(key)) throw unknownKey(path, name, key, SETTING_KEYS.filter(isTaken));
    texts[key] = textsOf(path, key, value);
  }
  return texts;
}

function parse(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    scanJsonObject(bytes, LIMITS);
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (thrown) {
    throw new ProcessError("bad_file", `Cannot read ${path} as an object of JSON: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** A number or `true` means what it would on the command line. */
function textsOf(path: string, key: SettingKey, value: unknown): readonly string[] {
  const { many, secret } = SETTINGS[key];
  const values = many && Array.isArray(value) ? value : [value];
  return values.map((one: unknown) => {
    if (typeof one === "string" || typeof one === "boolean" || typeof one === "number") return String(one);
    const shown = secret ? "the value" : JSON.stringify(one).slice(0, 80);
    const expected = many ? "text or a list of texts" : "text, a number, true or false";
    const source = `${JSON.stringify(key)} in ${path}`;
    throw new ProcessError("bad_option", `Cannot use ${shown} of ${source}: expected ${expected}`);
  });
}

function unknownKey(path: string, name: string, known: SettingKey | undefined, taken: readonly SettingKey[]) {
  const key = JSON.stringify(name.slice(0, 80));
  const expected = known
    ? `it on the command line, as ${SETTINGS[known].variable}` +
      (SETTINGS[known].inFiles === "given" ? ", or in a file that --config names" : "")
    : `one of ${taken.join(", ")}`;
  return new ProcessError("bad_option", `Cannot use the key ${key} in ${path}: expected ${expected}`);
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    const advice = thrown instanceof Deno.errors.NotCapable
      ? "grant --allow-read for it"
      : "make it readable, or name another with --config";
    throw new ProcessError("bad_file", `Cannot read the file ${path} (${reasonOf(thrown)}): ${advice}`, {
      cause: thrown,
    });
  }
}
