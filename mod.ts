/**
 * nara: a runtime for small agents that find one another, and remember with each other's help.
 *
 * As a program, `deno run -A mod.ts` starts one. As a library, this module is the whole of what there is to import;
 * importing it loads no database, no HTTP client and no command line.
 * @module
 */
import type { Birth, OperatorCommand } from "./runtime/process/operator.ts";
import type { Service } from "./runtime/service.ts";
import { PresenceService } from "./services/presence/mod.ts";
import { StashService } from "./services/stash/mod.ts";

export {
  type IdCell,
  Message,
  type MessageChanges,
  type MessageParts,
  type Proof,
} from "./messages/message.ts";
export { type Draft, replyTo } from "./messages/draft.ts";
export {
  decodeEnvelope,
  decodeMessage,
  encodeEnvelope,
  type Envelope,
  envelopeContent,
  signableContent,
  verifySignature,
} from "./messages/envelope.ts";
export { computeId, type IdSource, idWithEmptySender } from "./messages/message_id.ts";
export { MessageError, type MessageErrorCode } from "./messages/message_error.ts";
export type { PayloadSchema } from "./messages/payload_schema.ts";
export { NaraError } from "./utilities/errors.ts";
export { type Clock, systemClock } from "./utilities/clock.ts";
export { type Random, systemRandom } from "./utilities/random.ts";
export type { MessageId, NaraId, NaraName } from "./utilities/names.ts";
export { type JsonLimits, type JsonProblem, JsonScanError } from "./utilities/json_scan.ts";
export type { Keypair, Sealed } from "./utilities/keypair.ts";
export { type KeyConflict, Keyring, type KeyringOptions, type Pin } from "./utilities/keyring.ts";
export type { Personality } from "./utilities/personality.ts";
export { Encryptor } from "./utilities/encryptor.ts";
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
} from "./runtime/behavior.ts";
export { BehaviorError } from "./runtime/behavior_error.ts";
export {
  DEFAULT_STRATEGIES,
  type ErrorStrategies,
  type ErrorStrategy,
  type MessageType,
  strategiesFor,
  STRATEGY_TABLE,
  type StrategyRow,
} from "./runtime/error_strategy.ts";
export {
  broadcastEvent,
  ephemeral,
  local,
  meshRequest,
  protocol,
  protocolUnverified,
  storedEvent,
} from "./runtime/templates.ts";
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
} from "./runtime/stage.ts";
export { checkContentKey, contentKey, noContentKey } from "./runtime/stages/content_key.ts";
export { contentKeyDedupe, idDedupe } from "./runtime/stages/dedupe.ts";
export { casual, type CasualFilter, critical, noFilter, normal } from "./runtime/stages/filter.ts";
export { freshness } from "./runtime/stages/freshness.ts";
export { gossip, noGossip } from "./runtime/stages/gossip.ts";
export { checkId, id } from "./runtime/stages/id.ts";
export { notify } from "./runtime/stages/notify.ts";
export { noRateLimit, rateLimit, type RateLimitOptions } from "./runtime/stages/rate_limit.ts";
export { noSign, sign } from "./runtime/stages/sign.ts";
export {
  contentKeyStore,
  maxPerKeyStore,
  noStore,
  store,
  type StorePriority,
} from "./runtime/stages/store.ts";
export { target } from "./runtime/stages/target.ts";
export {
  meshOnly,
  noTransport,
  plaza,
  plazaPerNara,
  type PlazaStage,
  plazaTopicOf,
} from "./runtime/stages/transport.ts";
export {
  type CustomCheck,
  customVerify,
  noVerify,
  selfAttesting,
  verify,
  verifyIfSigned,
  type VerifyTools,
} from "./runtime/stages/verify.ts";
export { CallError } from "./runtime/call_error.ts";
export { type CallObserver, Calls, CALLS_MAX, type PendingCall } from "./runtime/calls.ts";
export { type AnyHandler, type Handled, type Registered, Registry } from "./runtime/registry.ts";
export { Lanes, type LanesOptions } from "./runtime/lanes.ts";
export { Chain, type ChainOptions, type ChainResult } from "./runtime/pipeline.ts";
export { type Route, Times } from "./runtime/times.ts";
export { Correlator, type CorrelatorOptions } from "./runtime/correlator.ts";
export { createRuntime, Runtime, type RuntimeConfig } from "./runtime/runtime.ts";
export type {
  CallOptions,
  Emitted,
  Environment,
  Keys,
  MemoryMode,
  Peers,
  RuntimeApi,
  Service,
} from "./runtime/service.ts";
export {
  Books,
  type Direction,
  isBalanced,
  Page,
  type PageTotals,
  type Settlement,
  type WaitingColumn,
} from "./runtime/primitives/books.ts";
export { EventBus, type Listener, SUBSCRIPTIONS_MAX } from "./runtime/primitives/event_bus.ts";
export { GossipQueue } from "./runtime/primitives/gossip_queue.ts";
export { OpenRequests, type TakeReply } from "./runtime/primitives/open_requests.ts";
export { SeenSet, type SeenSetOptions, type SeenVerdict } from "./runtime/primitives/seen_set.ts";
export {
  createLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  type LogRecord,
  type LogSink,
  silentSink,
} from "./runtime/primitives/logger.ts";
export {
  ONLINE_MS,
  type OnlinePeer,
  PeerDirectory,
  type PeerDirectoryOptions,
  type ProvenPeer,
} from "./runtime/primitives/peer_directory.ts";
export {
  type Change,
  type KeyValueFile,
  ServiceStore,
  type Store,
  StoreError,
} from "./runtime/primitives/store.ts";
export type { Failure, FailureKeeper } from "./runtime/primitives/failures.ts";
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
} from "./runtime/ledger/ledger.ts";
export { MemoryLedger, type MemoryLedgerOptions } from "./runtime/ledger/memory_ledger.ts";
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
} from "./runtime/transport/mesh.ts";
export { httpMesh, type HttpMeshOptions } from "./runtime/transport/http_mesh.ts";
export {
  heyThere,
  HeyThereV1,
  howdy,
  HowdyV1,
  type NeighbourV1,
  type PresenceOptions,
} from "./services/presence/mod.ts";
export {
  CIPHERTEXT_BYTES_MAX,
  type ConfidantStatus,
  DATA_BYTES_MAX,
  type Distribution,
  OWNERS_MAX,
  type RecoveryReport,
  type Safety,
  type Stash,
  stashAck,
  StashAckV1,
  StashError,
  type StashErrorCode,
  type StashErrorOptions,
  type StashOptions,
  stashRecovered,
  StashRecoveredV1,
  stashRefresh,
  StashRefreshV1,
  stashRequest,
  StashRequestV1,
  stashResponse,
  StashResponseV1,
  type StashStatus,
  stashStore,
  StashStoreV1,
} from "./services/stash/mod.ts";
export { PresenceService, StashService };
export type { Birth };

// Identity, and what stands on bytes: for whoever speaks with naras from outside.
export {
  type CreatedIdentity,
  createIdentity,
  type Identity,
  type IdentityOptions,
  type KeypairKind,
} from "./utilities/identity.ts";
export { IdentityError } from "./utilities/identity_error.ts";
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
} from "./utilities/soul.ts";
export { generatedName, generatedNameOf } from "./utilities/generated_name.ts";
export { personalityOf } from "./utilities/personality.ts";
export { GoRandom, seedFromBytes, seedFromText } from "./utilities/go_random.ts";
export { createNodeKeypair } from "./utilities/node_keypair.ts";
export { createWebCryptoKeypair } from "./utilities/web_crypto_keypair.ts";
export { formatPublicKey, isStrongPublicKey, parsePublicKey, publicKeyOf } from "./utilities/public_key.ts";
export { openBytes, sealBytes, stashKeyOf } from "./utilities/encryption.ts";
export { decodeBase58, encodeBase58 } from "./utilities/base58.ts";
export { decodeBase64, encodeBase64 } from "./utilities/base64.ts";
export { canonicalJson, canonicalString, RawJson } from "./utilities/canonical_json.ts";
export {
  DEFAULT_JSON_LIMITS,
  scanJsonObject,
  type ScannedMember,
  type ScannedObject,
} from "./utilities/json_scan.ts";
export {
  formatTimestamp,
  isCanonicalTimestamp,
  parseTimestamp,
  parseZonedTimestamp,
  timestampMs,
  type ZonedTime,
} from "./utilities/timestamp.ts";
export { formatOneDecimal } from "./utilities/one_decimal.ts";
export { isId, isKind, isNaraName } from "./utilities/names.ts";
export {
  checkRequest,
  checkResponse,
  type HeaderSource,
  type MeshAuthProblem,
  type MeshSigner,
  type MeshVerdict,
  type MeshVerifier,
  requestText,
  responseText,
  signedPath,
  type SignedRequest,
  signRequest,
  signResponse,
  toHeaderText,
} from "./utilities/mesh_signature.ts";
export { type DeliveryPromise, PROMISE_TESTS, promiseOf } from "./runtime/promise.ts";
export {
  type CatalogEntry,
  catalogLines,
  catalogOf,
  type CatalogStage,
  strategyRows,
} from "./runtime/catalog.ts";
export { observerOf } from "./runtime/stages/observers.ts";
export { RateLimiter, type RateLimiterOptions } from "./runtime/primitives/rate_limiter.ts";
export { type Limit, Limits } from "./runtime/primitives/limits.ts";
export { limitLines, type LimitRow, limitRows } from "./runtime/primitives/limits_table.ts";
export { keyringLimits, type LanesInUse, lanesLimits } from "./runtime/primitives/limits_of.ts";
export type { OutboxOutcome, RetryOptions } from "./runtime/primitives/outbox_options.ts";
export { OutboxError } from "./runtime/primitives/outbox_entry.ts";
export { DeadLetterError, type Letter, type OpenedLetter } from "./runtime/primitives/letter.ts";
export type { LetterPage, LetterQuery } from "./runtime/primitives/dead_letters.ts";
export { LetterDesk } from "./runtime/letter_desk.ts";
export {
  Journal,
  type JournalOptions,
  type Passage,
  type PassageOutcome,
  type PassageRecord,
  type Why,
} from "./runtime/primitives/journal.ts";
export {
  adviceFor,
  explain,
  explainAsJson,
  type ExplainedPassage,
  type ExplainedWhy,
} from "./runtime/primitives/journal_explain.ts";
export { Metrics, type MetricsSources } from "./runtime/primitives/metrics.ts";
export { CallLatency, type LatencyRow } from "./runtime/primitives/metrics_latency.ts";
export {
  createTracer,
  rootSpanIdOf,
  traceIdOf,
  type Tracer,
  type TracerOptions,
} from "./runtime/primitives/tracing.ts";
export { type Effects, PendingEffects } from "./runtime/primitives/effects.ts";
export { MemoryStore } from "./runtime/primitives/memory_store.ts";
export { LEDGER_CAPACITY, type LedgerCapacity } from "./runtime/ledger/ledger_capacity.ts";
export { exportLines } from "./runtime/ledger/ledger_lines.ts";
export {
  type BadLine,
  importLines,
  type ImportOptions,
  type ImportTotals,
} from "./runtime/ledger/ledger_import.ts";
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
} from "./runtime/transport/plaza.ts";
export { PlazaInbox } from "./runtime/transport/plaza_inbox.ts";
export {
  checkFullTopic,
  checkRoot,
  checkSubscription,
  matchesTopic,
} from "./runtime/transport/plaza_topic.ts";
export type { KeptError } from "./runtime/primitives/kept_message.ts";
export { type TypedStore, typedStore } from "./runtime/primitives/typed_store.ts";
export type { GuardOptions, GuardVia } from "./runtime/transport/guard_options.ts";
export { Secret, SECRET_TEXT } from "./utilities/secret.ts";

/** The services that every nara runs, in the order in which they start. */
export function builtInServices({ isNewborn, rotations }: Birth): Service[] {
  return [new PresenceService({ rotations }), new StashService({ isFirstLife: isNewborn })];
}

async function commands(): Promise<readonly OperatorCommand[]> {
  const { stashCommands } = await import("./services/stash/operator.ts");
  return stashCommands;
}

if (import.meta.main) {
  const { main } = await import("./runtime/process/main.ts");
  Deno.exit(await main(Deno.args, { services: builtInServices, commands }));
}
