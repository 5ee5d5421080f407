/**
 * The keypair on Web Crypto: it works on threads of its own, so several signatures are made and checked at a time.
 *
 * The faster one with many messages in flight and a core to spare.
 * @module
 */

import { createKeypairBase, PEER_KEYS_MAX } from "./_keypair_base.ts";
import { pkcs8Of } from "./_pkcs8.ts";
import { KeyCache } from "./_key_cache.ts";
import { createNobleKeypair } from "./_noble_keypair.ts";
import type { Keypair } from "./keypair.ts";
import { isStrongPublicKey } from "./public_key.ts";
import { type Random, systemRandom } from "./random.ts";

const ED25519 = "Ed25519";

/**
 * The keypair of a soul's seed. Where Web Crypto lacks Ed25519, plain TypeScript stands in, some twenty times slower.
 *
 * @param seed 32 bytes; nothing keeps a reference to it.
 * @param random Where nonces come from. @default {systemRandom}
 * @throws {RangeError} If `seed` is not 32 bytes long.
 */
export async function createWebCryptoKeypair(
  seed: Uint8Array,
  random: Random = systemRandom,
): Promise<Keypair> {
  const base = createKeypairBase(seed, random);
  const privateKey = await importPrivateKey(seed);
  if (privateKey === undefined) return createNobleKeypair(seed, random);

  const peerKeys = new KeyCache(importPeerKey, PEER_KEYS_MAX);
  return {
    ...base,
    // Web Crypto copies what it is given before it returns, so that callers may reuse their arrays while they wait.
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign(ED25519, privateKey, bytes as Bytes)),
    verify: async (key, signature, bytes) => {
      try {
        const peer = peerKeys.get(key);
        if (peer === "weak") return false;
        if (peer.key) {
          return await crypto.subtle.verify(ED25519, peer.key, signature as Bytes, bytes as Bytes);
        }
        const [ownSignature, ownBytes] = [signature.slice(), bytes.slice()]; // Nobody has copied them yet.
        return await crypto.subtle.verify(ED25519, await peer.imported, ownSignature, ownBytes);
      } catch {
        return false; // Arguments that are no bytes.
      }
    },
  };
}

/** What Web Crypto takes: bytes that no other thread can change. All of ours are. */
type Bytes = Uint8Array<ArrayBuffer>;

/** A peer's key, at once when it was used before. */
interface PeerKey {
  readonly imported: Promise<CryptoKey>;
  key?: CryptoKey;
}

/** `undefined` where Web Crypto does not know Ed25519. */
async function importPrivateKey(seed: Uint8Array): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey("pkcs8", pkcs8Of(seed), ED25519, false, ["sign"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") return undefined;
    throw error;
  }
}

/** Web Crypto itself accepts keys of small order, under which every signature can be made to hold. */
function importPeerKey(bytes: Uint8Array): PeerKey | "weak" {
  if (!isStrongPublicKey(bytes)) return "weak";
  const peer: PeerKey = {
    imported: crypto.subtle.importKey("raw", bytes.slice(), ED25519, false, ["verify"]),
  };
  peer.imported.then((key) => peer.key = key, () => {}); // Whoever waits for it hears of a failure.
  return peer;
}
