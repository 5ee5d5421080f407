/**
 * One connection at the mesh port: request after request is read, judged and handed on, and its answer handed back.
 *
 * - Bytes stream through: nothing is held but a head, and some kilobytes of a body.
 * - It has a connection of its own to the server behind, so that no two clients ever share one, and what one leaves half done
 *   ends with it.
 * - Every wait has a deadline, but for the one for the server behind, which keeps its own.
 * @module
 */
import type { Deadline } from "../primitives/deadlines.ts";
import { CONTINUE, readAnswer, refusalBytes } from "./guard_answer.ts";
import { GuardBuffer } from "./guard_buffer.ts";
import type { GuardCut, GuardDesk } from "./guard_desk.ts";
import { type BodyFrame, ChunkedFrame, LengthFrame } from "./http_framing.ts";
import { readHead, type Refusal, type RequestHead } from "./guard_head.ts";
import { GUARD_FIELD } from "./guard_behind.ts";
import type { GuardPhase, Seated } from "./guard_seats.ts";
import { HeadScan } from "./http_head_scan.ts";
import { STATUS_CODE } from "./http_responses.ts";

/** Room for an answer, at first and for those that are longer. */
const ANSWER_BYTES = 4_096;
const LONG_ANSWER_BYTES = 16_384;
/** What is read and thrown away of a request that was refused, so that its sender comes to read why. */
const LINGER_BYTES = 262_144;
const LINGER_MS = 1_000;

const encoder = new TextEncoder();

/** A client's connection. */
export class GuardConnection implements Seated {
  readonly address: string | undefined;
  phase: GuardPhase = "head";
  readonly #desk: GuardDesk;
  readonly #client: Deno.TcpConn;
  readonly #field: Uint8Array;
  readonly #inbound: GuardBuffer;
  #outbound: Uint8Array | undefined;
  #behind: Deno.Conn | undefined;
  #deadline: Deadline | undefined;
  /** Set once the client is being told why it is refused. */
  #refusing: Promise<void> | undefined;
  #isAnswering = false;
  #isEnded = false;

  /**
   * @param client The connection.
   * @param peer Host and port of the client.
   * @param address What is bounded together; `undefined` for one that is bounded only as all are.
   * @param desk What it shares with others.
   */
  constructor(client: Deno.TcpConn, peer: string, address: string | undefined, desk: GuardDesk) {
    this.address = address;
    this.#client = client;
    this.#desk = desk;
    this.#field = encoder.encode(desk.parts.behind.fieldOf(peer));
    this.#inbound = new GuardBuffer(this.#field.length, desk.parts.settings.headBytesMax);
  }

  /** Serves it to its end. It never rejects. */
  async serve(): Promise<void> {
    try {
      let head = await this.#readHead("head");
      while (head && await this.#exchange(head)) head = await this.#readHead("idle");
    } catch {
      // The client is gone, or was cut off; or the server behind is closing.
    } finally {
      await this.#refusing;
      this.end();
    }
  }

  /** Closes it now. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#disarm();
    this.#client.close();
    this.#closeBehind();
    this.#desk.seats.leave(this);
  }

  /** The next head; `undefined` when there is none, or none that could be handed on. */
  async #readHead(kind: "head" | "idle"): Promise<RequestHead | undefined> {
    const { settings, paths } = this.#desk.parts;
    const scan = new HeadScan();
    let isIdle = kind === "idle" && this.#inbound.length === 0;
    this.#timeHead(isIdle ? "idle" : "head");
    for (;;) {
      const progress = scan.scan(this.#inbound.waiting);
      if (progress === "broken") return await this.#refuse(STATUS_CODE.BadRequest, "no head of HTTP/1.1");
      if (progress === "whole") break;
      if (this.#inbound.length >= settings.headBytesMax) return await this.#refuseHead();
      if (!await this.#fill()) return undefined;
      if (isIdle) this.#timeHead("head");
      isIdle = false;
    }
    const { length } = scan;
    if (length > settings.headBytesMax) return await this.#refuseHead();
    const head = readHead(this.#inbound.waiting.subarray(0, length), GUARD_FIELD);
    if ("status" in head) return await this.#refuse(head.status, head.why);
    if (!paths.has(head.path)) return await this.#refuse(STATUS_CODE.NotFound, "Not found");
    return head;
  }

  /** Hands one request on and its answer back. Returns whether another may follow. */
  async #exchange(head: RequestHead): Promise<boolean> {
    const { settings, bodyBytesMax, behind } = this.#desk.parts;
    const body = head.body === "chunked"
      ? new ChunkedFrame(bodyBytesMax)
      : new LengthFrame(head.body, bodyBytesMax);
    const here = body.problem ? 0 : body.take(this.#inbound.waiting.subarray(head.bytes));
    if (body.problem) return await this.#refuseBody(body) ?? false;
    this.#move(body.isDone ? "work" : "body");
    if (body.isDone) this.#disarm();
    else this.#time("body", settings.bodyMs);
    if (head.expects && !body.isDone) await write(this.#client, CONTINUE);
    this.#behind ??= await this.#reach(behind.connect());
    if (!this.#behind) return await this.#refuse(STATUS_CODE.ServiceUnavailable, "Too busy") ?? false;
    const before = this.#inbound.length;
    this.#inbound.cut(head.cuts);
    this.#inbound.insert(this.#field, head.lineBytes);
    const added = this.#inbound.length - before;
    await write(this.#behind, this.#inbound.take(head.bytes + added + here));
    return body.isDone
      ? await this.#relay(this.#behind, head, body)
      : await this.#stream(this.#behind, head, body);
  }

  /** Hands on a body that is not all here yet; the answer may come before its end, which then ends the connection. */
  async #stream(behind: Deno.Conn, head: RequestHead, body: BodyFrame): Promise<boolean> {
    const pumping = this.#pump(behind, body);
    const stays = await this.#relay(behind, head, body);
    if (body.isDone) {
      await pumping;
      return stays;
    }
    this.#closeBehind();
    this.#arm(LINGER_MS, () => this.end());
    await this.#client.closeWrite();
    await pumping;
    await this.#discard();
    return false;
  }

  /** Hands on the rest of a body. It never rejects. */
  async #pump(behind: Deno.Conn, body: BodyFrame): Promise<void> {
    try {
      while (!body.isDone) {
        if (!await this.#fill()) return this.end();
        const taken = body.take(this.#inbound.waiting);
        if (body.problem) return void await this.#refuseBody(body);
        if (body.isDone && !this.#isAnswering) {
          this.#disarm();
          this.#move("work");
        }
        await write(behind, this.#inbound.take(taken));
      }
    } catch {
      // Either side is gone, or an early answer has made the rest superfluous.
    }
  }

  /** Hands an answer back. Returns whether another request may follow. */
  async #relay(behind: Deno.Conn, request: RequestHead, body: BodyFrame): Promise<boolean> {
    let buffer = this.#outbound ??= new Uint8Array(ANSWER_BYTES);
    let length = await readMore(behind, buffer, 0);
    let answer = readAnswer(buffer.subarray(0, length), request.method);
    while (!answer) {
      length = await readMore(behind, buffer, length);
      answer = readAnswer(buffer.subarray(0, length), request.method);
    }
    if (this.#refusing) return false;
    const isEarly = !body.isDone;
    this.#isAnswering = true;
    this.#move("answer");
    this.#time("drain", this.#desk.parts.settings.drainMs);
    const { frame } = answer;
    frame.take(buffer.subarray(answer.bytes, length));
    await write(this.#client, buffer.subarray(0, length));
    if (!frame.isDone) buffer = this.#outbound = new Uint8Array(LONG_ANSWER_BYTES);
    while (!frame.isDone) {
      length = await readMore(behind, buffer, 0);
      frame.take(buffer.subarray(0, length));
      await write(this.#client, buffer.subarray(0, length));
    }
    this.#isAnswering = false;
    return !(isEarly || answer.closes || request.closes);
  }

  async #fill(): Promise<boolean> {
    const read = await this.#client.read(this.#inbound.room);
    if (this.#refusing) throw new Error("refused");
    this.#inbound.add(read ?? 0);
    return read !== null;
  }

  /** The connection to the server behind; none where the machine has no more to give. */
  async #reach(connecting: Promise<Deno.Conn>): Promise<Deno.Conn | undefined> {
    const connection = await connecting.catch(() => undefined);
    if (!connection) return undefined;
    if (!this.#isEnded && !this.#refusing) return connection;
    connection.close();
    throw new Error("ended");
  }

  #timeHead(kind: "head" | "idle"): void {
    this.#move("head");
    const { headMs, idleMs } = this.#desk.parts.settings;
    this.#time(kind, kind === "idle" ? idleMs : headMs);
  }

  /** Cuts the client off unless it is done in time. Where it could still read an answer it gets one. */
  #time(what: GuardCut, ms: number): void {
    this.#arm(ms, () => {
      this.#desk.cut(what);
      const isSilent = what === "head" && this.#inbound.length === 0;
      if (what === "idle" || what === "drain" || isSilent) return this.end();
      const { RequestTimeout } = STATUS_CODE;
      this.#refusing = this.#tell({
        status: RequestTimeout,
        why: `The ${what} did not arrive within ${ms} ms`,
      });
    });
  }

  #refuseHead(): Promise<undefined> {
    this.#desk.cut("head_bytes");
    const { headBytesMax } = this.#desk.parts.settings;
    return this.#refuse(
      STATUS_CODE.RequestHeaderFieldsTooLarge,
      `A head holds at most ${headBytesMax} bytes`,
    );
  }

  #refuseBody({ problem }: BodyFrame): Promise<undefined> {
    if (problem === "broken") return this.#refuse(STATUS_CODE.BadRequest, "a chunk starts with its size");
    this.#desk.cut("body_bytes");
    const { bodyBytesMax } = this.#desk.parts;
    return this.#refuse(STATUS_CODE.ContentTooLarge, `A frame holds at most ${bodyBytesMax} bytes`);
  }

  /** Says why, and gives the client time to read it: what it still sends would otherwise break the connection off. */
  async #refuse(status: number, why: string): Promise<undefined> {
    if (this.#isAnswering) this.end();
    if (this.#isEnded) return;
    this.#move("head");
    this.#refusing = this.#tell({ status, why }, () => this.#discard());
    await this.#refusing;
  }

  /** It never rejects. */
  async #tell(refusal: Refusal, linger?: () => Promise<void>): Promise<void> {
    this.#desk.parts.refusals.add(refusal.status);
    this.#closeBehind();
    this.#arm(LINGER_MS, () => this.end());
    try {
      await write(this.#client, refusalBytes(refusal));
      await this.#client.closeWrite();
      await linger?.();
    } catch {
      // It did not want to know.
    }
    this.end();
  }

  async #discard(): Promise<void> {
    const buffer = new Uint8Array(LONG_ANSWER_BYTES);
    for (let bytes = 0; bytes < LINGER_BYTES;) {
      const read = await this.#client.read(buffer);
      if (read === null) return;
      bytes += read;
    }
  }

  #move(phase: GuardPhase): void {
    this.#desk.seats.move(this, phase);
  }

  #arm(ms: number, expire: () => void): void {
    this.#disarm();
    if (!this.#isEnded) this.#deadline = this.#desk.deadlines.add(ms, expire);
  }

  #disarm(): void {
    if (this.#deadline) this.#desk.deadlines.remove(this.#deadline);
    this.#deadline = undefined;
  }

  #closeBehind(): void {
    const behind = this.#behind;
    this.#behind = undefined;
    behind?.close();
  }
}

async function readMore(from: Deno.Conn, buffer: Uint8Array, start: number): Promise<number> {
  const read = start < buffer.length ? await from.read(buffer.subarray(start)) : null;
  if (read === null) throw new Error("no answer");
  return start + read;
}

async function write(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.length;) start += await to.write(start ? bytes.subarray(start) : bytes);
}
