/**
 * How commands find the API of a running nara: a file in its data folder, there as long as the API listens. It holds the
 * token, so only its owner may read it.
 * @module
 */
import { join } from "node:path";
import { encodeBase64 } from "../../utilities/base64.ts";
import { Secret } from "../../utilities/secret.ts";
import { readIfThere, removeIfThere, replaceFile } from "./files.ts";

/** What the file says. */
export interface ApiContact {
  /** Where the API listens, for this machine. */
  readonly url: string;
  /** Whose it is: after a crash another nara may listen there. */
  readonly id: string;
  /** What a request that changes something has to show. */
  readonly token: Secret<string>;
}

const API_FILE = "api.json";
const TOKEN_BYTES = 32;

/** A new token. */
export function createToken(): Secret<string> {
  return new Secret(encodeBase64(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))));
}

/** Leaves word of the API in the data folder `folder`, until disposed. */
export function announceApi(folder: string, { url, id, token }: ApiContact): Disposable {
  const path = join(folder, API_FILE);
  replaceFile(path, `${JSON.stringify({ url, id, token: token.reveal() })}\n`);
  return { [Symbol.dispose]: () => removeIfThere(path) };
}

/** What the data folder `folder` says of the API of its nara; nothing where none runs, or nothing can be read. */
export function contactIn(folder: string): ApiContact | undefined {
  try {
    const { url, id, token } = JSON.parse(readIfThere(join(folder, API_FILE)) ?? "{}");
    const isWhole = typeof url === "string" && typeof id === "string" && typeof token === "string";
    return isWhole && URL.canParse(url) ? { url, id, token: new Secret(token) } : undefined;
  } catch {
    return undefined; // Not ours to read, or damaged: either way nobody is found there.
  }
}
