/**
 * Frames: a message as the bytes that leave, or stay, within what its kind allows.
 * @module
 */
import { frameOf } from "../../messages/envelope.ts";
import type { Message } from "../../messages/message.ts";
import type { BehaviorSpec } from "../behavior.ts";
import { MeshError } from "../transport/mesh.ts";

/**
 * The bytes of a message, unless they are more than its kind allows.
 *
 * @throws {MeshError} `frame_too_large`, when nobody would take it.
 */
export function checkedFrame(message: Message, { bytesMax }: Pick<BehaviorSpec, "bytesMax">): Uint8Array {
  const frame = frameOf(message);
  if (frame.length <= bytesMax) return frame;
  throw new MeshError(
    "frame_too_large",
    `Cannot send ${frame.length} bytes of ${message.kind} as it holds at most ${bytesMax}: split the payload, ` +
      "or declare more with withBytesMax()",
  );
}
