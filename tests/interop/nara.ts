/**
 * What the vectors are checked against, in one place.
 * @module
 */
export { createIdentity } from "../../utilities/identity.ts";
export { createNodeKeypair } from "../../utilities/node_keypair.ts";
export { createWebCryptoKeypair } from "../../utilities/web_crypto_keypair.ts";
export { decodeBase58, encodeBase58 } from "../../utilities/base58.ts";
export { decodeBase64, encodeBase64 } from "../../utilities/base64.ts";
export { canonicalJson, canonicalString, RawJson } from "../../utilities/canonical_json.ts";
export { JsonScanError, scanJsonObject } from "../../utilities/json_scan.ts";
export {
  formatTimestamp,
  isCanonicalTimestamp,
  parseZonedTimestamp,
  type ZonedTime,
} from "../../utilities/timestamp.ts";
export { formatOneDecimal } from "../../utilities/one_decimal.ts";
export { openBytes, sealBytes, stashKeyOf } from "../../utilities/encryption.ts";
export { generatedName, generatedNameOf } from "../../utilities/generated_name.ts";
export { GoRandom, seedFromText } from "../../utilities/go_random.ts";
export { personalityOf } from "../../utilities/personality.ts";
export {
  formatPublicKey,
  isStrongPublicKey,
  parsePublicKey,
  publicKeyOf,
} from "../../utilities/public_key.ts";
export {
  createSoul,
  deriveSoul,
  formatSoul,
  gemstoneOf,
  hasBond,
  isGenericName,
  naraIdOf,
  parseSoul,
  type Soul,
} from "../../utilities/soul.ts";
export {
  checkRequest,
  checkResponse,
  type MeshVerdict,
  requestText,
  responseText,
  signedPath,
  signRequest,
  signResponse,
  toHeaderText,
} from "../../utilities/mesh_signature.ts";
export { NaraError } from "../../utilities/errors.ts";
export { isNaraName } from "../../utilities/names.ts";
export type { Keypair } from "../../utilities/keypair.ts";
export {
  StashAckV1,
  StashRefreshV1,
  StashRequestV1,
  StashResponseV1,
  StashStoreV1,
} from "../../messages/stash.ts";
