/**
 * A town of naras on a mesh, without their runtimes: hosts, an address book and frames, for tests of a {@linkcode MeshTransport}.
 * @module
 */
import { encodeEnvelope, envelopeContent } from "../../messages/envelope.ts";
import { Message } from "../../messages/message.ts";
import { type Clock, systemClock } from "../../utilities/clock.ts";
import { createIdentity, type Identity } from "../../utilities/identity.ts";
import { Keyring } from "../../utilities/keyring.ts";
import type { NaraId } from "../../utilities/names.ts";
import type { InboundFrame, MeshFactory, MeshHost, MeshTransport } from "../transport/mesh.ts";

/** A mesh that naras can join. */
export interface MeshPlace extends Partial<AsyncDisposable> {
  /** Joins for a host. */
  readonly join: MeshFactory;
}

/** Options of {@linkcode meshHost}. */
export interface MeshHostOptions {
  /** Who it is. */
  readonly identity: Identity;
  /** Its time. @default {the machine's} */
  readonly clock?: Clock;
  /** The keys it knows. @default {none but its own} */
  readonly keyring?: Keyring;
  /** Where others are reached. @default {nowhere} */
  readonly addressOf?: (id: NaraId) => string | undefined;
  /** What it may dial before anything came from there. @default {nothing} */
  readonly mayDial?: (address: string) => boolean;
}

/** What a mesh sees of a runtime. */
export function meshHost(options: MeshHostOptions): MeshHost {
  const { identity: { id, name, keypair }, clock = systemClock, keyring = new Keyring() } = options;
  const { addressOf = () => undefined, mayDial = () => false } = options;
  keyring.pin(id, keypair.publicKey, name);
  keyring.markOurs(id);
  return { me: { id, name, publicKey: keypair.publicKey }, keypair, keyring, clock, addressOf, mayDial };
}

/** A nara in a {@linkcode MeshTown}. */
export interface Townsman {
  /** Its id. */
  readonly id: NaraId;
  /** Its keys and name. */
  readonly identity: Identity;
  /** What the mesh sees of it. */
  readonly host: MeshHost;
  /** Its transport. */
  readonly mesh: MeshTransport;
  /** Addresses that it may dial before anything came from there. */
  readonly dialable: Set<string>;
}

/** Options of {@linkcode MeshTown.join}. */
export interface JoinOptions {
  /** Its time. @default {the machine's} */
  readonly clock?: Clock;
  /** Whether it and the others know each other's keys, as naras of ours. @default {true} */
  readonly known?: boolean;
}

/** Some naras that share one mesh and one address book. Dispose of it to make everybody leave. */
export class MeshTown implements AsyncDisposable {
  readonly #place: MeshPlace;
  readonly #people: Townsman[] = [];
  readonly #addresses = new Map<NaraId, string>();
  readonly #reading: Promise<void>[] = [];

  /** An empty town on the mesh `place`. */
  constructor(place: MeshPlace) {
    this.#place = place;
  }

  /** Makes a nara of that name join. The others find it in the address book. */
  async join(name: string, { clock, known = true }: JoinOptions = {}): Promise<Townsman> {
    const { identity } = await createIdentity({ name, keypair: "node" });
    const dialable = new Set<string>();
    const host = meshHost({
      identity,
      clock,
      addressOf: (id) => this.#addresses.get(id),
      mayDial: (address) => dialable.has(address),
    });
    const mesh = await this.#place.join(host);
    const townsman = { id: identity.id, identity, host, mesh, dialable };
    if (known) this.#introduce(townsman);
    if (mesh.address !== undefined) this.#addresses.set(identity.id, mesh.address);
    this.#people.push(townsman);
    return townsman;
  }

  /** Answers every frame that reaches `townsman` from now on. Returns the frames so far; it grows. */
  answer({ mesh }: Townsman, answer: (inbound: InboundFrame) => void): InboundFrame[] {
    const seen: InboundFrame[] = [];
    const read = async () => {
      for await (const inbound of mesh.inbound) {
        seen.push(inbound);
        answer(inbound);
      }
    };
    this.#reading.push(read());
    return seen;
  }

  #introduce(newcomer: Townsman): void {
    for (const { id, identity, host: { keyring } } of this.#people) {
      pin(newcomer.host.keyring, id, identity);
      pin(keyring, newcomer.id, newcomer.identity);
    }
  }

  /** Makes everybody leave, and waits until all that arrived was read. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { mesh } of this.#people) await mesh[Symbol.asyncDispose]();
    await Promise.all(this.#reading);
    await this.#place[Symbol.asyncDispose]?.();
  }
}

function pin(keyring: Keyring, id: NaraId, { name, keypair }: Identity): void {
  keyring.pin(id, keypair.publicKey, name);
  keyring.markOurs(id);
}

/** A signed message of an invented kind that says `text`, as bytes for the wire. */
export async function frameSaying(
  text: string,
  { id, name, keypair }: Identity,
  to?: NaraId,
): Promise<Uint8Array> {
  const payload = { text };
  const timestamp = "2026-01-15T10:20:30Z";
  const message = new Message({
    ...{ kind: "suite:frame", version: 1, fromId: id, from: name, toId: to, timestamp, payload },
    payloadJson: () => payload,
  });
  const envelopeSignature = await keypair.sign(envelopeContent(message));
  return encodeEnvelope(message.with({ envelopeSignature }));
}
