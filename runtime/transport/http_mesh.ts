/**
 * The mesh over HTTP: each nara listens, and posts frames to the others.
 *
 * - A frame is the body of `POST /mesh/message`; what became of it is the response (`http_receipt.ts`).
 * - Between two of ours the frame's `envelope_signature` is all there is. Requests to others bear Go's signed headers,
 *   and so do their responses (`http_auth.ts`).
 * - What a response says is a hint: nobody signs it, or nobody checks it.
 * @module
 */
import type { NaraId } from "../../utilities/names.ts";
import type { AdmissionBounds } from "./admission_options.ts";
import { MESSAGE_REQUEST, requestHeaders } from "./http_auth.ts";
import { type GuardOptions, type GuardSettings, guardSettings } from "./guard_options.ts";
import { HttpBatches } from "./http_batches.ts";
import { HttpClient } from "./http_client.ts";
import { unreachable } from "./http_exchange.ts";
import { readReceipt } from "./http_receipt.ts";
import { HttpServer } from "./http_server.ts";
import {
  type Answer,
  type InboundFrame,
  MeshError,
  type MeshFactory,
  type MeshFeatures,
  type MeshHost,
  type MeshTransport,
  type SendOptions,
} from "./mesh.ts";
import { isMeshAddress } from "./mesh_address.ts";
import type { Limit } from "../primitives/limits.ts";

/** Room for a receipt around a reply, in bytes. */
const RECEIPT_BYTES_MAX = 4_096;

/** Options for {@linkcode httpMesh}. */
export interface HttpMeshOptions {
  /** Where to listen. Port 0 takes any that is free. */
  listen: { hostname: string; port: number };
  /**
   * Where others reach this nara, e.g. `http://10.0.0.7:7433`. Needed where that differs from where it listens, as
   * behind a port forward; without it a nara that listens on every address (`0.0.0.0`) has none to tell.
   * @default {where it listens}
   */
  publicUrl?: string;
  /** Bytes that a frame may hold. @default {1_048_576} */
  frameBytesMax?: number;
  /** Milliseconds that a request to another nara may take. @default {5_000} */
  requestMs?: number;
  /** Milliseconds that the body of another's request may take to arrive. @default {10_000} */
  bodyMs?: number;
  /**
   * Milliseconds after which the sender of a frame that nobody settled is told `unknown`. Keep it below the others'
   * `requestMs`, or they take this nara for unreachable.
   * @default {4_000}
   */
  answerMs?: number;
  /**
   * Connections to one address; more requests than that wait their turn.
   * @default {64}
   */
  connectionsMax?: number;
  /**
   * Addresses whose connections are kept open; past it those used longest ago are closed.
   * @default {256}
   */
  poolsMax?: number;
  /**
   * Whether a guard stands at the port, against slow, greedy and ambiguous clients, and what it allows.
   * @default {true unless it listens on the loopback only}
   */
  guard?: boolean | GuardOptions;
  /** Whether frames to one nara that would wait leave together. @default {true} */
  batching?: boolean;
  /** How many requests are admitted, and how many worked on at once. @default {the bounds of an admission} */
  admission?: Partial<AdmissionBounds>;
  /** Whether memory is too short for any more: then the answer is 503. @default {never} */
  isMemoryShort?: () => boolean;
  /** Told the port at which it listens, which only this says where another address was given. @default {nobody} */
  onListen?: (port: number) => void;
}

/**
 * The mesh over HTTP, for `createRuntime({ mesh })`.
 *
 * The factory rejects with a {@linkcode MeshError}: `address_in_use`, or `cannot_listen`.
 *
 * @throws {TypeError} If `publicUrl` is no `http://HOST:PORT`.
 * @throws {RangeError} If a number is no positive integer, or the port none.
 */
export function httpMesh(options: HttpMeshOptions): MeshFactory {
  const { listen, publicUrl, frameBytesMax = 1024 * 1024, requestMs = 5_000 } = options;
  const { bodyMs = 10_000, answerMs = 4_000, connectionsMax = 64, poolsMax = 256 } = options;
  const bounds = { frameBytesMax, requestMs, bodyMs, answerMs, connectionsMax, poolsMax };
  assertSound(options, bounds);
  const guard = guardSettings(options.guard, { hostname: listen.hostname, bodyMs });
  const { admission, isMemoryShort, batching, onListen } = options;
  const others = { listen, publicUrl, guard, admission, isMemoryShort, batching, onListen };
  return (host) => new HttpMesh(host, { ...others, ...bounds });
}

type Others = "listen" | "publicUrl" | "admission" | "isMemoryShort" | "batching" | "onListen";
type Bounds = Required<Omit<HttpMeshOptions, Others | "guard">>;
type Settings = Bounds & Pick<HttpMeshOptions, Others> & { readonly guard?: GuardSettings };

function assertSound({ listen: { port }, publicUrl }: HttpMeshOptions, bounds: Bounds): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`listen.port must be from 0 to 65535: got ${port}`);
  }
  if (publicUrl !== undefined && !isMeshAddress(publicUrl)) {
    throw new TypeError(
      `publicUrl must be http://HOST:PORT with a numeric host: got ${JSON.stringify(publicUrl)}`,
    );
  }
  for (const [name, value] of Object.entries(bounds)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name} must be a positive integer: got ${value}`);
    }
  }
}

class HttpMesh implements MeshTransport {
  readonly name = "http";
  readonly features: MeshFeatures;
  readonly address: string | undefined;
  readonly #host: MeshHost;
  readonly #server: HttpServer;
  readonly #client: HttpClient;
  readonly #batches: HttpBatches | undefined;
  #closed: Promise<void> | undefined;

  constructor(host: MeshHost, settings: Settings) {
    const { frameBytesMax, requestMs, connectionsMax, poolsMax } = settings;
    this.#host = host;
    this.features = { frameBytesMax };
    this.#server = new HttpServer(host, settings);
    this.address = this.#server.address;
    settings.onListen?.(this.#server.port);
    const answerBytesMax = frameBytesMax + RECEIPT_BYTES_MAX;
    const { clock } = host;
    const client = this.#client = new HttpClient({
      clock,
      requestMs,
      answerBytesMax,
      connectionsMax,
      poolsMax,
    });
    this.#batches = settings.batching === false
      ? undefined
      : new HttpBatches({ clock, client, frameBytesMax, answerBytesMax });
  }

  get inbound(): ReadableStream<InboundFrame> {
    return this.#server.inbound;
  }

  async send(frame: Uint8Array, to: NaraId, { signal }: SendOptions = {}): Promise<Answer> {
    this.#check(frame);
    const address = this.#host.addressOf(to);
    if (!address) throw unreachable(to, "no address of it is known, as it has not answered a hey-there yet");
    const isOurs = this.#host.keyring.isOurs(to);
    if (isOurs && !signal && this.#batches?.takes(frame, address)) {
      return await this.#batches.send(frame, address);
    }
    return await this.#post(frame, address, isOurs, signal);
  }

  async sendToAddress(frame: Uint8Array, address: string, { signal }: SendOptions = {}): Promise<Answer> {
    this.#check(frame);
    if (!isMeshAddress(address)) throw refused(address, "expected http://HOST:PORT with a numeric host");
    if (!this.#host.mayDial(address)) {
      throw refused(address, "it is blocked, or neither a peer that was given nor in an allowed range");
    }
    return await this.#post(frame, address, false, signal);
  }

  limits(): Limit[] {
    return [...this.#server.limits(), ...this.#client.limits()];
  }

  refusals(): ReadonlyMap<number, number> {
    return this.#server.refusals();
  }

  refusalReasons(): ReadonlyMap<string, number> {
    return this.#server.refusalReasons();
  }

  proven(peer: string, id: NaraId): void {
    this.#server.proven(peer, id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    this.#batches?.[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  async #post(frame: Uint8Array, address: string, isOurs: boolean, signal?: AbortSignal): Promise<Answer> {
    const headers = isOurs ? undefined : await requestHeaders(this.#host);
    const answer = await this.#client.post(
      address,
      { path: MESSAGE_REQUEST.path, body: frame, headers },
      signal,
    );
    return readReceipt(answer, address);
  }

  #check(frame: Uint8Array): void {
    if (this.#closed) throw new MeshError("closed", "Cannot send: this nara has left the mesh");
    const { frameBytesMax } = this.features;
    if (frame.length <= frameBytesMax) return;
    throw new MeshError(
      "frame_too_large",
      `Cannot send ${frame.length} bytes as a frame must hold at most ${frameBytesMax}: split the payload`,
    );
  }
}

function refused(address: string, why: string): MeshError {
  return new MeshError("refused", `Cannot send to ${JSON.stringify(address)}: ${why}`);
}
