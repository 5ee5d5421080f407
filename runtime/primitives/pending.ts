/**
 * Pending: stored messages whose handler has not come to its end, so that a restart runs it and nothing that was accepted is
 * lost.
 * @module
 */
import type { Message } from "../../messages/message.ts";
import type { MessageId } from "../../utilities/names.ts";
import type { Change, KeyValueFile } from "./store.ts";

const SPACE = "runtime:pending";
const NOTHING = new Uint8Array();

/** Ids of stored messages that wait for their handler. The lanes bound their number. */
export class Pending {
  readonly #file: KeyValueFile;

  /** @param file Where they are kept. */
  constructor(file: KeyValueFile) {
    this.#file = file;
  }

  /** Notes a message that is being stored. Called in the same turn as the ledger's `add`, it shares its commit. */
  note(message: Message): Promise<void> {
    return this.#file.write([{ space: SPACE, key: message.id, value: NOTHING }]);
  }

  /** What to write when the message's handler has ended. */
  removal({ id }: Message): Change {
    return { space: SPACE, key: id };
  }

  /** Those that earlier runs left behind. */
  left(): MessageId[] {
    return this.#file.list(SPACE, "").map(([id]) => id);
  }

  /** Forgets what cannot be handled any more. */
  forget(ids: readonly MessageId[]): Promise<void> {
    return this.#file.write(ids.map((key) => ({ space: SPACE, key })));
  }
}
