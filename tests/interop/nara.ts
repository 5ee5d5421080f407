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
  stashAck,
  StashAckV1,
  stashRefresh,
  StashRefreshV1,
  stashRequest,
  StashRequestV1,
  stashResponse,
  StashResponseV1,
  StashService,
  stashStore,
  StashStoreV1,
} from "../../services/stash/mod.ts";
export { timestampMs } from "../../utilities/timestamp.ts";
export type { Identity } from "../../utilities/identity.ts";
export {
  type Answer,
  type Behavior,
  CallError,
  computeId,
  createRuntime,
  decodeEnvelope,
  decodeMessage,
  type Draft,
  encodeEnvelope,
  envelopeContent,
  idWithEmptySender,
  type MemoryMode,
  meshRequest,
  type MeshTransport,
  Message,
  MessageError,
  type MessageParts,
  type PayloadSchema,
  type Runtime,
  type RuntimeApi,
  type Service,
  signableContent,
  verifySignature,
} from "../../runtime/mod.ts";
export { VirtualClock } from "../../runtime/testing/mod.ts";
