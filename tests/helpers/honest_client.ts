/**
 * An honest client beside an attack: over HTTP and in real time, with a nara of its own, as any peer would.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createRuntime, type Runtime } from "../../runtime/runtime.ts";
import type { Service } from "../../runtime/service.ts";
import { httpMesh } from "../../runtime/transport/http_mesh.ts";
import { LOCAL } from "./http_mesh.ts";
import { answer, question, TestService } from "./kinds.ts";
import { me, naraNamed } from "./stage_context.ts";

/** How much longer than in quiet an honest client may wait. */
const FACTOR_MAX = 3;
/** Questions in a row, of which the slowest hundredth counts. */
const QUESTIONS = 200;
/** The machine is shared, and disturbances only ever make a figure higher: of some rounds the lowest one counts. */
const ROUNDS_MIN = 2, ROUNDS_MAX = 12;

/** What a nara under attack runs beside its own services, to be asked by the {@linkcode HonestClient}. */
export class Answering extends TestService {
  /** Answers every question with its own text. */
  constructor() {
    super((rt) => {
      rt.register(answer);
      rt.register(question, {
        1: async (message) => void await rt.emit(answer.reply(message, { text: message.payload.text })),
      });
    }, "answering");
  }
}

/** A nara to attack, with {@linkcode Answering} beside `services`: on a port of this machine, in real time. */
export async function attackedNara(...services: readonly Service[]): Promise<Runtime> {
  const runtime = await createRuntime({
    identity: me,
    services: [...services, new Answering()],
    mesh: httpMesh({ listen: LOCAL }),
  });
  await runtime.start();
  return runtime;
}

/** Somebody honest, whom the nara under attack has met. */
export class HonestClient implements AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #service: TestService;
  readonly #target: Runtime;
  #asked = 0;

  private constructor(runtime: Runtime, service: TestService, target: Runtime) {
    this.#runtime = runtime;
    this.#service = service;
    this.#target = target;
  }

  /** Opens one that knows where `target` lives; `target` runs {@linkcode Answering}. */
  static async of(target: Runtime): Promise<HonestClient> {
    const service = new TestService((rt) => {
      rt.register(answer);
      rt.register(question);
    });
    const identity = await naraNamed("honest");
    const runtime = await createRuntime({ identity, services: [service], mesh: httpMesh({ listen: LOCAL }) });
    await runtime.start();
    const [here, there] = [runtime.me, target.me];
    runtime.keyring.pin(there.id, there.publicKey, there.name);
    target.keyring.pin(here.id, here.publicKey, here.name);
    runtime.peers.prove(there.id, target.address!, there.name);
    return new HonestClient(runtime, service, target);
  }

  /** Asks one question. */
  async ask(): Promise<void> {
    const text = `${++this.#asked}`;
    const draft = question.draft({ text }, { to: this.#target.me.id });
    const { payload } = await this.#service.rt.call(draft, answer, { deadlineMs: 10_000 });
    assertEquals(payload.text, text);
  }

  /**
   * Asserts that it is served while `attack` goes on: every question is answered, and the 99th percentile of the time that takes is
   * at most three times that of a quiet run just before.
   *
   * @param attack One step of it; begun before each question. What it returns is awaited before the next.
   */
  async assertServedBeside(attack: () => unknown): Promise<void> {
    await this.#p99(); // Warm by now.
    await this.#p99(attack);
    const rounds: string[] = [];
    let [quiet, besides] = [Infinity, Infinity];
    while (rounds.length < ROUNDS_MAX) {
      quiet = Math.min(quiet, await this.#p99());
      besides = Math.min(besides, await this.#p99(attack));
      rounds.push(`${quiet.toFixed(2)} and ${besides.toFixed(2)}`);
      if (rounds.length >= ROUNDS_MIN && besides <= FACTOR_MAX * quiet) return;
    }
    assert(false, `lowest p99 in ms in quiet and under attack, round by round: ${rounds.join("; ")}`);
  }

  async #p99(attack: () => unknown = () => {}): Promise<number> {
    const times: number[] = [];
    for (let count = 0; count < QUESTIONS; count++) {
      const [, ms] = await Promise.all([attack(), this.#timed()]);
      times.push(ms);
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
  }

  async #timed(): Promise<number> {
    const start = performance.now();
    await this.ask();
    return performance.now() - start;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runtime.stop();
  }
}
