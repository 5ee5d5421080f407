/**
 * The runtime: what a service is written against, and what runs it.
 *
 * @module
 */
export { Message, type MessageChanges, type MessageParts, type Proof } from "../messages/message.ts";
export { type Draft, replyTo } from "../messages/draft.ts";
export {
  decodeEnvelope,
  decodeMessage,
  encodeEnvelope,
  type Envelope,
  envelopeContent,
  signableContent,
  verifySignature,
} from "../messages/envelope.ts";
export { computeId, type IdSource, idWithEmptySender } from "../messages/message_id.ts";
export { MessageError, type MessageErrorCode } from "../messages/message_error.ts";
export type { PayloadSchema } from "../messages/payload_schema.ts";
export { NaraError } from "../utilities/errors.ts";
export { type Clock, systemClock } from "../utilities/clock.ts";
export { type Random, systemRandom } from "../utilities/random.ts";
export type { Identity } from "../utilities/identity.ts";
export type { MessageId, NaraId, NaraName } from "../utilities/names.ts";
export { type JsonLimits, type JsonProblem, JsonScanError } from "../utilities/json_scan.ts";
export type { Keypair, Sealed } from "../utilities/keypair.ts";
export { type KeyConflict, Keyring, type KeyringOptions, type Pin } from "../utilities/keyring.ts";
export type { Personality } from "../utilities/personality.ts";
export { Encryptor } from "../utilities/encryptor.ts";
export {
  Behavior,
  type BehaviorSpec,
  DEFAULT_FRESHNESS,
  type DraftOptions,
  type EmitStages,
  type Freshness,
  type HandlerOptions,
  type Handlers,
  isLocal,
  type ReceiveStages,
  type StageOverrides,
} from "./behavior.ts";
export { BehaviorError } from "./behavior_error.ts";
export { DEFAULT_STRATEGIES, type ErrorStrategies, type ErrorStrategy } from "./error_strategy.ts";
export {
  broadcastEvent,
  local,
  meshRequest,
  protocol,
  protocolUnverified,
  storedEvent,
} from "./templates.ts";
export {
  continueWith,
  drop,
  type DropReason,
  fail,
  type Me,
  none,
  type PeerStage,
  type Stage,
  type StageContext,
  type StageInfo,
  type StageResult,
  type StreamStage,
} from "./stage.ts";
export { checkContentKey, contentKey, noContentKey } from "./stages/content_key.ts";
export { idDedupe } from "./stages/dedupe.ts";
export { critical, noFilter } from "./stages/filter.ts";
export { freshness } from "./stages/freshness.ts";
export { gossip, noGossip } from "./stages/gossip.ts";
export { checkId, id } from "./stages/id.ts";
export { notify } from "./stages/notify.ts";
export { noRateLimit, rateLimit, type RateLimitOptions } from "./stages/rate_limit.ts";
export { noSign, sign } from "./stages/sign.ts";
export { noStore, store, type StorePriority } from "./stages/store.ts";
export { target } from "./stages/target.ts";
export { meshOnly, noTransport, plaza } from "./stages/transport.ts";
export { noVerify, selfAttesting, verify, verifyIfSigned } from "./stages/verify.ts";
export { CallError } from "./call_error.ts";
export { Calls, CALLS_MAX, type PendingCall } from "./calls.ts";
export { type AnyHandler, type Handled, type Registered, Registry } from "./registry.ts";
export { Lanes, type LanesOptions } from "./lanes.ts";
export { Chain, type ChainOptions, type ChainResult } from "./pipeline.ts";
export { Correlator, type CorrelatorOptions } from "./correlator.ts";
export { createRuntime, Runtime, type RuntimeConfig } from "./runtime.ts";
export type {
  CallOptions,
  Emitted,
  Environment,
  Keys,
  MemoryMode,
  Peers,
  RuntimeApi,
  Service,
} from "./service.ts";
export {
  Books,
  type Direction,
  isBalanced,
  Page,
  type PageTotals,
  type Settlement,
} from "./primitives/books.ts";
export { EventBus, type Listener } from "./primitives/event_bus.ts";
export { GossipQueue } from "./primitives/gossip_queue.ts";
export { OpenRequests, type TakeReply } from "./primitives/open_requests.ts";
export { SeenSet, type SeenSetOptions, type SeenVerdict } from "./primitives/seen_set.ts";
export {
  createLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  type LogRecord,
  type LogSink,
  silentSink,
} from "./primitives/logger.ts";
export {
  ONLINE_MS,
  type OnlinePeer,
  PeerDirectory,
  type PeerDirectoryOptions,
  type ProvenPeer,
} from "./primitives/peer_directory.ts";
export { type Change, type KeyValueFile, type Store, StoreError } from "./primitives/store.ts";
export type { Failure, FailureKeeper } from "./primitives/failures.ts";
export {
  type AddOptions,
  type AddOutcome,
  type Ledger,
  LedgerError,
  type LedgerFilter,
  type LedgerPage,
  type LedgerQuery,
  type LedgerRecord,
  type LedgerStats,
  type Observer,
  OBSERVERS_MAX,
} from "./ledger/ledger.ts";
export { MemoryLedger, type MemoryLedgerOptions } from "./ledger/memory_ledger.ts";
export {
  type Answer,
  type InboundFrame,
  MeshError,
  type MeshFactory,
  type MeshFeatures,
  type MeshHost,
  type MeshTransport,
  type Receipt,
  type SendOptions,
} from "./transport/mesh.ts";
