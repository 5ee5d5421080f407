/**
 * The stash: sealed memories that confidants keep for one another.
 * @module
 */
export {
  stashAck,
  stashRecovered,
  stashRefresh,
  stashRequest,
  stashResponse,
  stashStore,
} from "./behaviors.ts";
export { CONFIDANT_GONE_MS, TARGET_CONFIDANTS } from "./confidants.ts";
export type { Distribution, Safety } from "./distributor.ts";
export type { RecoveryReport } from "./owner.ts";
export { RECOVERY_MS } from "./recovery.ts";
export { CIPHERTEXT_BYTES_MAX, DATA_BYTES_MAX, type Stash } from "./sealed_stash.ts";
export {
  type ConfidantStatus,
  OWNERS_MAX,
  type StashOptions,
  StashService,
  type StashStatus,
} from "./service.ts";
export { StashError, type StashErrorCode, type StashErrorOptions } from "./stash_error.ts";
export {
  StashAckV1,
  StashRecoveredV1,
  StashRefreshV1,
  StashRequestV1,
  StashResponseV1,
  StashStoreV1,
} from "../../messages/stash.ts";
