/**
 * What Go's stash does with a message that it takes: only so that the vectors' own answer is checked where ours differs.
 *
 * It believes whatever a payload says, keeps one record per owner, and takes the first stash of its own that opens.
 * @module
 */
import type { Keypair, Message, StashAckV1, StashRequestV1, StashResponseV1, StashStoreV1 } from "../nara.ts";
import type { Said } from "./sending.ts";
import { kindNamed } from "./vector_kinds.ts";

const NONCE_BYTES = 24;
const NS_PER_S = 1_000_000_000n;

interface Kept {
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly stored_at: number;
}

/** A stash as Go keeps it. */
export class GoStash {
  readonly #ownersMax: number;
  readonly #keypair: Pick<Keypair, "open">;
  readonly #records = new Map<string, Kept>();
  /** The stash of its own: the text, and when somebody says that it was kept. */
  own: { readonly text: string; readonly time: number } | undefined;

  /**
   * @param ownersMax Owners for whom there is room.
   * @param keypair Its own.
   */
  constructor(ownersMax: number, keypair: Pick<Keypair, "open">) {
    this.#ownersMax = ownersMax;
    this.#keypair = keypair;
  }

  /** Owners whose stash is kept. */
  get size(): number {
    return this.#records.size;
  }

  /** Handles a message at a time, and says what is sent because of it. */
  take(message: Message, atNs: bigint): Said[] {
    const { kind, payload } = message;
    const seconds = Number(atNs / NS_PER_S);
    if (kind === "stash:store") {
      const { owner_id, nonce, ciphertext } = payload as StashStoreV1;
      const reason = this.#complaint(payload as StashStoreV1);
      if (reason === undefined) {
        this.#records.set(owner_id, { nonce: nonce!, ciphertext: ciphertext!, stored_at: seconds });
      }
      const ack: StashAckV1 = { owner_id, stored_at: seconds, success: reason === undefined, reason };
      return [reply(message, "stash:ack", ack)];
    }
    const { owner_id } = payload as { owner_id: string };
    const kept = this.#records.get(owner_id);
    const response: StashResponseV1 = { owner_id, found: kept !== undefined, ...kept };
    if (kind === "stash:request") {
      const { request_id } = payload as StashRequestV1;
      return [reply(message, "stash:response", { ...response, request_id })];
    }
    if (kind === "stash-refresh" && kept) return [said("stash:response", response, { toId: owner_id })];
    if (kind === "stash:response") this.#takeBack(payload as StashResponseV1);
    return [];
  }

  #complaint({ owner_id, nonce, ciphertext }: StashStoreV1): string | undefined {
    if (owner_id === "") return "owner_id required";
    if (nonce?.length !== NONCE_BYTES) return "nonce must be 24 bytes for XChaCha20-Poly1305";
    if (!ciphertext?.length) return "ciphertext required";
    const isFull = !this.#records.has(owner_id) && this.size >= this.#ownersMax;
    return isFull ? "storage limit reached" : undefined;
  }

  #takeBack({ found, nonce, ciphertext, stored_at = 0 }: StashResponseV1): void {
    if (this.own || !found || !nonce || !ciphertext) return;
    try {
      const plaintext = this.#keypair.open({ nonce, ciphertext });
      this.own = { text: new TextDecoder().decode(plaintext), time: stored_at };
    } catch {
      // Not sealed by this nara.
    }
  }
}

function reply(request: Message, kind: string, payload: unknown): Said {
  return said(kind, payload, { toId: request.fromId, to: request.from, inReplyTo: request.id });
}

function said(kind: string, payload: unknown, where: Pick<Said, "toId" | "to" | "inReplyTo">): Said {
  const { schemas, current: version } = kindNamed(kind).spec;
  return { kind, version, payload, payloadJson: () => schemas.get(version)!.encode(payload), ...where };
}
