/**
 * The fields of an envelope, as the cases of `messages.json` and `ours_envelope.json` describe them.
 * @module
 */
import type { CaseReader } from "../case_reader.ts";
import { formatTimestamp, Message, parseZonedTimestamp } from "../nara.ts";

/** The message that the fields describe, unsigned; its payload is the given text. */
export function readFields(fields: CaseReader, payloadJson: string): Message {
  const timestamp = fields.text("timestamp");
  const { unixNs, offsetSeconds } = parseZonedTimestamp(timestamp);
  fields.expect("timestamp_unix_ns", String(unixNs));
  fields.expect("timestamp", formatTimestamp(unixNs, offsetSeconds));
  return new Message({
    id: fields.text("id"),
    contentKey: fields.text("content_key") || undefined,
    kind: fields.text("kind"),
    version: fields.number("version"),
    from: fields.text("from") || undefined,
    fromId: fields.text("from_id"),
    to: fields.text("to") || undefined,
    toId: fields.text("to_id") || undefined,
    timestamp,
    payload: undefined,
    payloadJson,
    inReplyTo: fields.text("in_reply_to") || undefined,
  });
}
