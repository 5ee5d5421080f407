/**
 * One who sends parcels over connections of its own, each as soon as the one before was answered: what it is told to do when it is
 * refused, to come back later, it does or does not.
 * @module
 */
import { connect, type Socket } from "node:net";
import { signedFrame } from "../../runtime/testing/frames.ts";
import { systemClock } from "../../utilities/clock.ts";
import type { Identity } from "../../utilities/identity.ts";
import type { NaraId } from "../../utilities/names.ts";
import { postHead } from "../helpers/raw_http.ts";
import { parcel } from "./load_nara.ts";

/** Makes an envelope of about 600 bytes. */
const TEXT = "x".repeat(190);

/** Who sends what from where. */
export interface SenderOptions {
  /** Who signs. */
  readonly from: Identity;
  /** Whom it is for. */
  readonly to: NaraId;
  /** Where that one listens. */
  readonly address: string;
  /** Where it comes from: an address of this machine. */
  readonly localAddress: string;
  /** Requests at once. */
  readonly connections: number;
}

/** What came of it. */
export interface Sent {
  /** Parcels that were acknowledged. */
  accepted: number;
  /** Requests that were refused with 503. */
  refused: number;
  /** Refusals that did not say why, or when to come back. */
  unexplained: number;
  /** Other ends: connections that broke, and answers that should not be. */
  failed: number;
  /** Milliseconds from asking to being acknowledged. */
  readonly latenciesMs: number[];
}

let number = 0;

/** A request with a parcel that nobody has sent before. */
async function requestOf({ from, to }: SenderOptions): Promise<Uint8Array> {
  const draft = parcel.draft({ text: TEXT, number: number++ }, { to });
  const frame = await signedFrame(draft, { from, spec: parcel.spec, atNs: systemClock.nowNs() });
  const head = new TextEncoder().encode(postHead(frame.length));
  const request = new Uint8Array(head.length + frame.length);
  request.set(head);
  request.set(frame, head.length);
  return request;
}

/** Sends until `signal` aborts. It never rejects. */
export async function send(options: SenderOptions, signal: AbortSignal): Promise<Sent> {
  const sent: Sent = { accepted: 0, refused: 0, unexplained: 0, failed: 0, latenciesMs: [] };
  await Promise.all(Array.from({ length: options.connections }, () => sendOne(options, sent, signal)));
  return sent;
}

async function sendOne(options: SenderOptions, sent: Sent, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(options.address);
  while (!signal.aborted) {
    const socket = connect({ host: hostname, port: Number(port), localAddress: options.localAddress });
    socket.setNoDelay(true);
    try {
      await exchangeAll(socket, options, sent, signal);
    } catch (thrown) {
      if (!signal.aborted) {
        sent.failed++;
        console.error(String(thrown));
      }
    } finally {
      socket.destroy();
    }
  }
}

async function exchangeAll(
  socket: Socket,
  options: SenderOptions,
  sent: Sent,
  signal: AbortSignal,
): Promise<void> {
  let request = await requestOf(options);
  while (!signal.aborted) {
    const startMs = performance.now();
    const answer = await exchange(socket, request, signal);
    const status = answer.slice(9, 12);
    if (status === "503") {
      sent.refused++;
      if (!/\r\nretry-after: \d+\r\n[^]*\r\n\r\nToo busy: \w+\n$/i.test(answer)) sent.unexplained++;
      continue; // The same parcel again, at once.
    }
    if (status === "200" && answer.includes('"handled"')) {
      sent.accepted++;
      sent.latenciesMs.push(performance.now() - startMs);
    } else {
      sent.failed++;
      console.error(answer.slice(0, 400));
    }
    request = await requestOf(options);
  }
}

/** Writes a request, and reads its answer, which is short and says how long it is. */
function exchange(socket: Socket, request: Uint8Array, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const fail = () => end(() => reject(new Error("The connection ended before the answer")));
    const take = (chunk: Uint8Array) => {
      text += new TextDecoder().decode(chunk);
      const head = text.indexOf("\r\n\r\n");
      const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1] ?? 0);
      if (head >= 0 && text.length >= head + 4 + length) end(() => resolve(text));
    };
    const end = (settle: () => void) => {
      socket.off("data", take).off("error", fail).off("close", fail);
      signal.removeEventListener("abort", fail);
      settle();
    };
    socket.on("data", take).on("error", fail).on("close", fail);
    signal.addEventListener("abort", fail);
    socket.write(request);
  });
}
