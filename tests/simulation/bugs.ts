/**
 * Planted bugs: each is put in place of something that works, from outside, so that the code under test has no switch for it.
 * The simulation has to find every one of them.
 * @module
 */
import { Message } from "../../messages/message.ts";
import { decodeEnvelope } from "../../messages/envelope.ts";
import { Behavior, type BehaviorSpec, type StageOverrides } from "../../runtime/behavior.ts";
import type { Ledger } from "../../runtime/ledger/ledger.ts";
import { OUTBOX_SPACE } from "../../runtime/primitives/outbox.ts";
import type { Change, KeyValueFile } from "../../runtime/primitives/store.ts";
import type { CallOptions, RuntimeApi } from "../../runtime/service.ts";
import { continueWith, type PeerStage, type Stage, type StageContext } from "../../runtime/stage.ts";
import { verify } from "../../runtime/stages/verify.ts";
import type { CheckName } from "../../runtime/testing/simulation_report.ts";
import type { NaraOverrides } from "../../runtime/testing/simulation_nara.ts";
import type { Draft } from "../../messages/draft.ts";
import type { InboundFrame, MeshTransport } from "../../runtime/transport/mesh.ts";
import type { StashStoreV1 } from "../../messages/stash.ts";
import type { TownOptions } from "./town.ts";

/** A bug that the simulation has to find. */
export interface PlantedBug {
  /** What is wrong, in a few words. */
  readonly name: string;
  /** Within so many seeds it has to be found. */
  readonly seedsMax: number;
  /** Checks that find it, and not something that follows from it. */
  readonly foundBy: readonly CheckName[];
  /** How it is put in. */
  readonly town: Partial<Pick<TownOptions, "overrides" | "isPersistent" | "faults">>;
}

/** Changes every behavior for which `stages` has something. */
function behaviors(stages: (spec: BehaviorSpec) => StageOverrides | undefined): () => NaraOverrides {
  const behavior = <P, V>(declared: Behavior<P, V>): Behavior<P, V> => {
    const overrides = stages(declared.spec);
    return overrides ? declared.with(overrides) : declared;
  };
  return () => ({ behavior });
}

/** A stage that verifies, it says. */
function claimingToVerify(name: string, process: PeerStage["process"]): PeerStage {
  return { order: "peer", name, verifies: true, describe: () => "planted", process };
}

function isVerify({ name, isNone }: Stage): boolean {
  return name === "verify" && !isNone;
}

const proven = (message: Message) =>
  continueWith(message.with({ proof: "envelope", signedEnvelope: undefined }));

/** Takes the message as verified, whoever signed it. */
const skippedVerify = behaviors(({ receive }) =>
  isVerify(receive.verify) ? { receive: { verify: claimingToVerify("verify", proven) } } : undefined
);

/** At first contact takes any key for any id, whatever is pinned. */
const ignoredPin = behaviors(({ receive: { verify: shown } }) => {
  if (shown.name !== "self_attesting" || shown.order !== "peer") return undefined;
  const process = async (message: Message, context: StageContext) => {
    const result = await shown.process(message, context);
    const isConflict = result.outcome === "drop" && result.reason === "key_conflict";
    return isConflict ? proven(message) : result;
  };
  return { receive: { verify: claimingToVerify("self_attesting", process) } };
});

/** Remembers no message. */
const forgetfulDedupe = behaviors(({ receive: { dedupe } }) => ({
  receive: {
    dedupe: { ...dedupe, order: "stream", process: (message: Message) => continueWith(message) },
  },
}));

/** One millisecond too many. */
const lateByOne = behaviors(({ freshness: { pastMs } }) => ({ freshness: { pastMs: pastMs + 1 } }));

/** Takes the content key as it stands on the wire. */
const believedContentKey = (): NaraOverrides => ({
  behavior: <P, V>(declared: Behavior<P, V>): Behavior<P, V> => {
    const { contentKey, emit } = declared.spec;
    if (!contentKey || emit.sign.order !== "peer") return declared;
    const { sign } = emit as { sign: PeerStage };
    const signWithKey: PeerStage = {
      ...sign,
      process: (message, context) =>
        sign.process(message.with({ contentKey: contentKey(message.payload as never) }), context),
    };
    return new Behavior({ ...declared.spec, contentKey: undefined, emit: { ...emit, sign: signWithKey } });
  },
});

/** Believes the owner that a stash names. */
const believedOwner = (): NaraOverrides => ({
  handler: (kind, handler) => {
    if (kind !== "stash:store") return handler;
    return (message, options) =>
      handler(asIfFrom(message, (message.payload as StashStoreV1).owner_id), options);
  },
});

function asIfFrom(message: Message, fromId: string): Message {
  const { kind, version, from, toId, payload, payloadJson, timestamp, id, proof } = message;
  return new Message({ kind, version, fromId, from, toId, payload, payloadJson, timestamp, id, proof });
}

/** Says that a message is stored before it is. */
const hastyLedger = (): NaraOverrides => ({
  config: (config) => {
    const ledger = config.ledger!;
    const add: Ledger["add"] = (record, options) => {
      Promise.resolve(ledger.add(record, options)).catch(() => {});
      return "added";
    };
    return { ...config, ledger: replacing(ledger, { add }) };
  },
});

/** Says that a value is written before it is. */
const hastyFile = (): NaraOverrides => ({
  config: (config) => {
    const { store } = config;
    if (!store) return config;
    const write = (changes: readonly Change[]): Promise<void> => {
      store.write(changes).catch(() => {});
      return Promise.resolve();
    };
    const hasty = replacing(store, {
      write,
      setAll: (space, entries) => void write(entries.map(([key, value]) => ({ space, key, value }))),
      delete: (space, key) => void write([{ space, key }]),
    });
    return { ...config, store: hasty };
  },
});

/** Takes any verified message that bears the right link for the reply. */
const anyReply = (): NaraOverrides => ({
  api: (rt: RuntimeApi): RuntimeApi => {
    const call = async <P, R, V>(
      draft: Draft<P>,
      reply: Behavior<R, V>,
      { deadlineMs }: CallOptions,
    ): Promise<Message<R>> => {
      const { promise, resolve, reject } = Promise.withResolvers<Message<R>>();
      const early: Message<R>[] = [];
      let id: string | undefined;
      using _heard = rt.subscribe(reply, (message) => {
        if (message.inReplyTo === id) resolve(message);
        else if (id === undefined) early.push(message);
      });
      rt.emit(draft).then((emitted) => {
        id = emitted.id;
        const first = early.find(({ inReplyTo }) => inReplyTo === id);
        if (first) resolve(first);
      }, reject);
      rt.clock.sleep(deadlineMs, { signal: rt.signal }).then(() => rt.call(draft, reply, { deadlineMs: 1 }))
        .catch(reject);
      return await promise;
    };
    return Object.create(rt, { call: { value: call } }) as RuntimeApi;
  },
});

/** Takes what is for others as if it were for itself; of the bytes as they came, the signature holds. */
const anyTarget = (): NaraOverrides => {
  const came = new Map<string, Message>();
  const checked = verify();
  const { behavior } = behaviors(({ receive }) =>
    isVerify(receive.verify)
      ? {
        receive: {
          verify: claimingToVerify("verify", async (message, context) => {
            const result = await checked.process(came.get(message.id) ?? message, context);
            return result.outcome === "continue" ? proven(message) : result;
          }),
        },
      }
      : undefined
  )();
  return {
    behavior,
    config: (config) => ({
      ...config,
      mesh: async (host) => readdressed(await config.mesh!(host), host.me.id, came),
    }),
  };
};

function readdressed(mesh: MeshTransport, me: string, came: Map<string, Message>): MeshTransport {
  const inbound = mesh.inbound.pipeThrough(
    new TransformStream<InboundFrame, InboundFrame>({
      transform(frame, controller) {
        controller.enqueue({
          frame: toMe(frame.frame, me, came),
          peer: frame.peer,
          settle: (receipt, reply) => frame.settle(receipt, reply),
        });
      },
    }),
  );
  return Object.assign(Object.create(mesh) as MeshTransport, { inbound });
}

function toMe(frame: Uint8Array, me: string, came: Map<string, Message>): Uint8Array {
  try {
    const { payload, ...fields } = decodeEnvelope(frame);
    if (!fields.toId || fields.toId === me) return frame;
    came.set(fields.id, new Message({ ...fields, payload }));
    const text = new TextDecoder().decode(frame);
    return new TextEncoder().encode(text.replace(`"to_id":"${fields.toId}"`, `"to_id":"${me}"`));
  } catch {
    return frame;
  }
}

/** A store that keeps nothing of one space beyond the life that wrote it. */
function forgettingFile(lost: string): () => NaraOverrides {
  return () => ({
    config: (config) => {
      const { store } = config;
      if (!store) return config;
      const list: KeyValueFile["list"] = (space, prefix) => space === lost ? [] : store.list(space, prefix);
      return { ...config, store: replacing(store, { list }) };
    },
  });
}

/** `port` with some of its methods replaced. */
function replacing<T extends object>(port: T, methods: Partial<T>): T {
  return new Proxy(port, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const member = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** Writes that take their time, and naras that die often: what an early word needs to be found out. */
const SLOW_DISKS: TownOptions["faults"] = {
  disk: { slowRate: 0.5, slowMs: 5_000, commitMs: 200 },
  crashPauseMs: 15_000,
  hazyRate: 0,
};

/** Many stops, and short absences. */
const RESTARTS: TownOptions["faults"] = { stopPauseMs: 30_000, awayMs: [100, 2_000], hazyRate: 0 };

/** All of them. */
export const plantedBugs: readonly PlantedBug[] = [
  { name: "skipped verify", seedsMax: 5, foundBy: ["I3"], town: { overrides: skippedVerify } },
  { name: "pinned key ignored", seedsMax: 20, foundBy: ["I3"], town: { overrides: ignoredPin } },
  { name: "dedupe forgets", seedsMax: 5, foundBy: ["I2"], town: { overrides: forgetfulDedupe } },
  {
    name: "freshness window one millisecond too long",
    seedsMax: 20,
    foundBy: ["freshness", "hostile"],
    town: { overrides: lateByOne },
  },
  {
    name: "content key not recomputed",
    seedsMax: 5,
    foundBy: ["content_key"],
    town: { overrides: believedContentKey },
  },
  { name: "target not checked", seedsMax: 10, foundBy: ["target", "I3"], town: { overrides: anyTarget } },
  {
    name: "reply matched by its link only",
    seedsMax: 10,
    foundBy: ["call"],
    town: { overrides: anyReply },
  },
  {
    name: "owner of a stash not checked",
    seedsMax: 10,
    foundBy: ["stash"],
    town: { overrides: believedOwner },
  },
  {
    name: "acknowledged before stored",
    seedsMax: 20,
    foundBy: ["I1"],
    town: { overrides: hastyLedger, faults: SLOW_DISKS },
  },
  {
    name: "store does not wait for the disk",
    seedsMax: 60,
    foundBy: ["stash", "D1", "I2"],
    town: { overrides: hastyFile, faults: SLOW_DISKS },
  },
  {
    name: "seen-set lost at restart",
    seedsMax: 10,
    foundBy: ["I2"],
    town: { overrides: forgettingFile("runtime:seen"), faults: RESTARTS },
  },
  {
    name: "lost retry: the outbox is lost at restart",
    seedsMax: 20,
    foundBy: ["D1"],
    town: { overrides: forgettingFile(OUTBOX_SPACE), faults: RESTARTS },
  },
  { name: "greeted only once", seedsMax: 10, foundBy: ["presence"], town: { isPersistent: false } },
];
