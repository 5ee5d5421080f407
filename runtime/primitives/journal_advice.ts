/**
 * What to do about a message that went no further: a line for every reason of ours and every code of an error.
 *
 * A new reason or code gets its line here; a test walks the unions and names the one that has none.
 * @module
 */

/** What to do, by the reason of a drop. */
export const DROP_ADVICE: Readonly<Record<string, string>> = {
  below_horizon:
    "It is as old as what was already forgotten, so it could be a replay. Send it again as a new message.",
  blocked: "The operator blocked this peer. If that was a mistake: `nara unblock ID`.",
  content_exists: "Nothing: the same fact is kept already, and its sender now counts as one more observer.",
  downgraded:
    "A peer that signs whole envelopes sent one without. Ask its operator what changed; if nothing did, somebody is pretending.",
  duplicate_content: "Nothing: this fact was heard before, and counts once.",
  duplicate_id: "Nothing: the message was taken before, and this was a second copy.",
  filtered_by_chill:
    "This nara is too chill for it. Send kinds that matter as critical, or change its personality.",
  filtered_by_personality:
    "This nara does not care for it, by its personality. Send kinds that matter as critical.",
  from_future: "The sender's clock is ahead of ours by more than a minute. Set both by the same time server.",
  handler_timeout:
    "The handler did not end within 30 s. Look at what it waits for in the service that owns the kind.",
  in_progress: "Nothing: another copy of this message is being handled right now.",
  invalid_signature:
    "The signature does not fit the key that is pinned for the sender. It was changed on the way, or is forged.",
  key_conflict:
    "Somebody showed another key for a pinned id. If the sender really has a new one, its pin has to be removed here.",
  keyring_full: "No more keys can be pinned. Remove naras that are gone, or allow more with pinsMax.",
  no_public_key_in_payload:
    "An introduction has to bring the sender's public key, and this one did not. The sender is at fault.",
  not_for_me:
    "It is addressed to another nara. Whoever sent it here has an outdated address: it should greet again.",
  peer_busy:
    "One peer sends faster than its messages are handled. It should await each emit before the next.",
  quarantine_full:
    "Too many messages of newer versions wait. Upgrade this nara, so that it understands them.",
  quota_exceeded:
    "The peer brought more messages or bytes in a minute than one peer may, over all kinds. It should send less.",
  rate_limited:
    "The sender is louder than its kind allows. It should send less often, or the kind allow more.",
  retired_key:
    "The sender has handed its place on to a new key, and this is the old one: late, or somebody who stole it.",
  stale: "It is older than its kind's freshness window. Check both clocks, and how long it was under way.",
  stopping: "This nara was being stopped. Send it again once it runs.",
  unexpected_reply:
    "It answers no call that waits here: it came late or twice, or was never asked for. Look at the deadline.",
  unknown_sender:
    "The sender's key is not known here. It has to say hey-there first; peers do so when they hear of this.",
  weak_public_key:
    "The key that came proves nothing, as anyone can sign with it. The sender needs another soul.",
  wrong_content_key:
    "Its content key does not follow from its content. The sender computes it otherwise, or lies.",
  wrong_id:
    "Its id does not follow from its content. It was changed on the way, or the sender computes ids otherwise.",
};

/** The same where it was the other side that dropped a message of ours, and something else is to be done. */
export const REFUSAL_ADVICE: Readonly<Record<string, string>> = {
  blocked: "The other nara's operator has blocked this one. Only there can that be undone.",
  handler_timeout: "The other nara's handler did not end in time. Its operator can see why.",
  invalid_signature:
    "The other nara has another key pinned for this one. Ask its operator what `nara peers` shows there.",
  key_conflict:
    "The other nara has another key pinned for this one. Ask its operator what `nara peers` shows there.",
  peer_busy: "The other nara has too much to do. Await each emit before the next.",
  quota_exceeded: "This nara has sent more in a minute than one peer may. It should send less.",
  rate_limited: "This nara is louder than the kind allows. It should send less often.",
  retired_key: "This nara's place was handed on to another key. Start it with the soul that came after.",
  stale: "The message was older than its kind allows when it came. Check both clocks.",
  stopping: "The other nara was being stopped. Send it again once it runs.",
  unknown_sender: "The other nara does not know this one's key, or no longer. It is greeted again by itself.",
};

/** What to do about a message that the other side dropped, or failed at, by the reason that it gave. */
export function adviceForRefusal(reason: string): string {
  return Object.hasOwn(REFUSAL_ADVICE, reason) ? REFUSAL_ADVICE[reason] : adviceForDrop(reason);
}

/** What to do about a drop by a stage that is not ours. */
export const FOREIGN_ADVICE =
  "A stage that the kind's service brought along decided so: `nara catalog` shows its pipeline, and the service's docs say more.";

/** What to do, by class and code of an error. */
export const ERROR_ADVICE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AnswerError: {
    no_receipt:
      "Something that is no nara answers at that address. Take it out of --peer, or block the peer.",
    too_long: "Something that is no nara answers at that address. Take it out of --peer, or block the peer.",
  },
  BehaviorError: {
    bad_freshness: "Correct the freshness window in the kind's declaration.",
    bad_kind: "Correct the kind's name or declaration in its service.",
    bad_size: "Let a kind hold 1 to 1 048 576 bytes.",
    bad_version: "Correct the versions in the kind's declaration.",
    duplicate_kind: "Two services claim one kind. Let one own it, and the other subscribe.",
    no_schema: "Declare the version, or the reply, with the kind.",
    too_late: "Do it in registerBehaviors(), before the nara starts.",
    unregistered_kind: "Register the kind in the service that emits it.",
    unsafe_order: "Put what remembers or spreads behind the stage that verifies.",
  },
  CallError: {
    refused:
      "The other side took the request no further. Ask for its reason there: `nara why` with the same id.",
    stopped: "This nara was being stopped. Call again once it runs.",
    timeout:
      "No reply came in time. See whether the other side runs and handled the request; if so, raise the deadline.",
    too_many: "Too many calls wait for replies. Make fewer at once, or give them shorter deadlines.",
  },
  IdentityError: {
    bad_name: "Choose a name of 1 to 64 printable characters.",
    bad_public_key: "The key that came is none. The sender is at fault.",
    bad_soul: "Copy the soul whole: 40 bytes in base58.",
    cannot_sign:
      "The machine refused to sign. Try the other implementation: --keypair node, or --keypair web.",
    key_conflict: "Another key is pinned for this id, and stays.",
    keyring_full: "Remove naras that are gone, or allow more with pinsMax.",
    unsealable: "It was sealed for somebody else, or was changed. Nothing here can open it.",
    weak_public_key: "Anyone can sign with such a key. The sender needs another soul.",
    wrong_name: "Pass the name that the soul was made for with --name.",
  },
  LedgerError: {
    bad_query: "Correct the limit or the cursor of the query.",
    bad_record: "The record cannot be kept as it is. Look at what made it; an import says which line it was.",
    closed: "The ledger was closed meanwhile. Send it again once this nara runs.",
    disk_failed: "The disk did not take a write. Look at the disk, then start this nara again.",
    disk_full: "Make room on the disk of the data folder; nothing that was there is lost.",
    ledger_full: "What is never pruned has used up its share. Raise the memory mode, or prune by kind.",
    locked: "Another process holds the ledger's file. End it.",
    read_only: "Make the data folder writable for this user.",
    slow_reader: "A watcher read too slowly and was let go. Watch less, or read faster.",
    too_many_readers: "Too many watch the ledger. End some of them.",
    unreadable: "The ledger's file is damaged, or newer than this program. Restore it, or upgrade nara.",
  },
  MeshError: {
    address_in_use: "Choose another port with --mesh-listen, or 0 for any that is free.",
    cannot_listen: "Choose another address with --mesh-listen, and look at the permissions.",
    cannot_send: "This machine stands in the way. Look at the permissions that Deno was started with.",
    closed: "This nara had left the mesh. Send it again once it runs.",
    frame_too_large: "Split the payload, or put less into it.",
    no_plaza: "There is nobody to tell: name a peer with --peer.",
    no_target: "Say whom it is for: draft(payload, { to }).",
    peer_busy:
      "The other side, or the way to it, has too much to do. Await each emit before the next; it is worth another try.",
    refused:
      "The address may not be dialled, or the message was dropped on its way out. Its reason says which.",
    unreachable:
      "See whether the other side runs and its address is right. It is tried again with growing pauses.",
  },
  MessageError: {
    bad_payload: "Correct what is emitted: the field that is named does not fit the kind's schema.",
    too_large: "Put less into it, or split it.",
    undecodable: "What came is no message as nara writes them. Look at the program that sent it.",
    unknown_kind: "No service here speaks this kind. Run the service that does, or an upgrade of nara.",
    unsupported_version: "Versions differ. Upgrade whichever side is older.",
  },
  OutboxError: {
    attempts:
      "It was tried often enough. See why its target took none of them; the dead letter can be retried.",
    behind: "Nothing: it goes out as soon as what waits before it for the same target has.",
    deadline: "Its target was away for too long. The dead letter can be retried, as a new message.",
  },
  PlazaError: {
    bad_topic: "Correct the topic in the kind's declaration, or the name of the nara that stands in it.",
    closed: "This nara had left the plaza. Send it again once it runs.",
    frame_too_large: "Split the payload, or put less into it.",
    unreachable: "See whether the broker runs. It is tried again with growing pauses.",
  },
  PeerError: {
    bad_id: "Give the peer's id as `nara peers` shows it.",
    blocks_full: "Unblock peers that are gone, or narrow --mesh-allow.",
    own_id: "Give the id of another nara.",
  },
  StoreError: {
    closed: "The store was closed meanwhile. Do it again once this nara runs.",
    bad_key: "Use keys of 1 to 256 characters of well-formed text.",
    disk_failed: "The disk did not take a write. Look at the disk, then start this nara again.",
    disk_full: "Make room on the disk of the data folder; nothing that was there is lost.",
    locked: "Another process holds the store's file. End it.",
    read_only: "Make the data folder writable for this user.",
    store_full: "Delete something in the service's store, or let the service declare a larger storeBytesMax.",
    unreadable: "The store's file is damaged, or newer than this program. Restore it, or upgrade nara.",
  },
};

/** What to do about an error that is none of ours. */
export const UNKNOWN_ERROR_ADVICE =
  "It is a defect of the stage or the handler that is named: look there, and in the log at this time.";

/** What to do about a drop. */
export function adviceForDrop(reason: string): string {
  if (Object.hasOwn(DROP_ADVICE, reason)) return DROP_ADVICE[reason];
  const asError = ERROR_ADVICE.MessageError;
  return Object.hasOwn(asError, reason) ? asError[reason] : FOREIGN_ADVICE;
}

/** What to do about an error, by its class and its code. */
export function adviceForError(name: string | undefined, code: string | undefined): string {
  const family = name !== undefined && Object.hasOwn(ERROR_ADVICE, name) ? ERROR_ADVICE[name] : {};
  return code !== undefined && Object.hasOwn(family, code) ? family[code] : UNKNOWN_ERROR_ADVICE;
}
