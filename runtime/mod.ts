/**
 * The runtime: what a service is written against, and what runs it.
 *
 * @module
 */
export {
  type IdCell,
  Message,
  type MessageChanges,
  type MessageParts,
  type Proof,
} from "../messages/message.ts";
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
export {
  type KeyConflict,
  Keyring,
  type KeyringOptions,
  type Pin,
  type Successor,
} from "../utilities/keyring.ts";
export type { Personality } from "../utilities/personality.ts";
export { Encryptor } from "../utilities/encryptor.ts";
export {
  Behavior,
  type BehaviorSpec,
  BYTES_MAX,
  DEFAULT_BYTES_MAX,
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
export {
  DEFAULT_STRATEGIES,
  type ErrorStrategies,
  type ErrorStrategy,
  type MessageType,
  strategiesFor,
  STRATEGY_TABLE,
  type StrategyRow,
} from "./error_strategy.ts";
export {
  broadcastEvent,
  ephemeral,
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
export { contentKeyDedupe, idDedupe } from "./stages/dedupe.ts";
export { casual, type CasualFilter, critical, noFilter, normal } from "./stages/filter.ts";
export { freshness } from "./stages/freshness.ts";
export { gossip, noGossip } from "./stages/gossip.ts";
export { checkId, id } from "./stages/id.ts";
export { notify } from "./stages/notify.ts";
export { noRateLimit, rateLimit, type RateLimitOptions } from "./stages/rate_limit.ts";
export { noSign, sign } from "./stages/sign.ts";
export { contentKeyStore, maxPerKeyStore, noStore, store, type StorePriority } from "./stages/store.ts";
export { target } from "./stages/target.ts";
export {
  meshOnly,
  noTransport,
  plaza,
  plazaPerNara,
  type PlazaStage,
  plazaTopicOf,
} from "./stages/transport.ts";
export {
  type CustomCheck,
  customVerify,
  noVerify,
  selfAttesting,
  verify,
  verifyIfSigned,
  type VerifyTools,
} from "./stages/verify.ts";
export { CallError } from "./call_error.ts";
export { type CallObserver, Calls, CALLS_MAX, type PendingCall } from "./calls.ts";
export { type AnyHandler, type Handled, type Registered, Registry } from "./registry.ts";
export { Lanes, type LanesOptions } from "./lanes.ts";
export { Chain, type ChainOptions, type ChainResult } from "./pipeline.ts";
export { type Route, Times } from "./times.ts";
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
  type WaitingColumn,
} from "./primitives/books.ts";
export { EventBus, type Listener, SUBSCRIPTIONS_MAX } from "./primitives/event_bus.ts";
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
export type { BlockedPeer, BlockMemory, Succession } from "./primitives/peer_blocks.ts";
export { PeerError } from "./primitives/peer_error.ts";
export { type Evidence, type EvidenceMemory, PeerEvidence } from "./primitives/peer_evidence.ts";
export type { PeerQuotaOptions } from "./primitives/peer_quotas.ts";
export type { PeerState, PeerView } from "./primitives/peer_view.ts";
export type { Rotation, RotationClaim } from "../utilities/key_rotation.ts";
export { type Change, type KeyValueFile, ServiceStore, type Store, StoreError } from "./primitives/store.ts";
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
  WATCH_BEHIND_MAX,
  WATCHERS_MAX,
} from "./ledger/ledger.ts";
export { MemoryLedger, type MemoryLedgerOptions } from "./ledger/memory_ledger.ts";
export {
  type Answer,
  AnswerError,
  type InboundFrame,
  MeshError,
  type MeshFactory,
  type MeshFeatures,
  type MeshHost,
  type MeshTransport,
  type Receipt,
  type SendOptions,
} from "./transport/mesh.ts";
export { type DeliveryPromise, PROMISE_TESTS, promiseOf } from "./promise.ts";
export { type CatalogEntry, catalogLines, catalogOf, type CatalogStage, strategyRows } from "./catalog.ts";
export { observerOf } from "./stages/observers.ts";
export { RateLimiter, type RateLimiterOptions } from "./primitives/rate_limiter.ts";
export { type Limit, Limits } from "./primitives/limits.ts";
export { limitLines, type LimitRow, limitRows } from "./primitives/limits_table.ts";
export { keyringLimits, type LanesInUse, lanesLimits } from "./primitives/limits_of.ts";
export type { OutboxOutcome, RetryOptions } from "./primitives/outbox_options.ts";
export { OutboxError } from "./primitives/outbox_entry.ts";
export { DeadLetterError, type Letter, type OpenedLetter } from "./primitives/letter.ts";
export type { LetterPage, LetterQuery } from "./primitives/dead_letters.ts";
export { LetterDesk } from "./letter_desk.ts";
export {
  Journal,
  type JournalOptions,
  type Passage,
  type PassageOutcome,
  type PassageRecord,
  type Why,
} from "./primitives/journal.ts";
export {
  adviceFor,
  explain,
  explainAsJson,
  type ExplainedPassage,
  type ExplainedWhy,
} from "./primitives/journal_explain.ts";
export { Metrics, type MetricsSources } from "./primitives/metrics.ts";
export { CallLatency, type LatencyRow } from "./primitives/metrics_latency.ts";
export {
  createTracer,
  rootSpanIdOf,
  traceIdOf,
  type Tracer,
  type TracerOptions,
} from "./primitives/tracing.ts";
export { type Effects, PendingEffects } from "./primitives/effects.ts";
export { MemoryStore } from "./primitives/memory_store.ts";
export { LEDGER_CAPACITY, type LedgerCapacity } from "./ledger/ledger_capacity.ts";
export { exportLines } from "./ledger/ledger_lines.ts";
export { type BadLine, importLines, type ImportOptions, type ImportTotals } from "./ledger/ledger_import.ts";
export {
  type Plaza,
  PLAZA_INBOUND_MAX,
  PLAZA_ROOT,
  PlazaError,
  type PlazaFactory,
  type PlazaFeatures,
  type PlazaFrame,
  type PlazaHost,
  type PublishOptions,
} from "./transport/plaza.ts";
export { PlazaInbox } from "./transport/plaza_inbox.ts";
export { checkFullTopic, checkRoot, checkSubscription, matchesTopic } from "./transport/plaza_topic.ts";
export type { KeptError } from "./primitives/kept_message.ts";
export { type TypedStore, typedStore } from "./primitives/typed_store.ts";
export type { AdmissionBounds } from "./transport/admission_options.ts";
export type { GuardOptions, GuardVia } from "./transport/guard_options.ts";
export { Secret, SECRET_TEXT } from "../utilities/secret.ts";
