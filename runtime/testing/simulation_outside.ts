/**
 * The border of a simulation: notices whoever asks the machine for time, chance or the network, and rejections that nobody
 * handles.
 * @module
 */

/** Told what crossed the border. */
export type OnCrossing = (what: string) => void;

/** Where something is kept, and under which name. */
type Place = readonly [holder: Record<string, unknown>, name: string, shown: string];

function places(): Place[] {
  const at = (
    holder: object,
    name: string,
    shown: string,
  ): Place => [holder as Record<string, unknown>, name, shown];
  return [
    at(globalThis, "setTimeout", "setTimeout"),
    at(globalThis, "setInterval", "setInterval"),
    at(globalThis, "fetch", "fetch"),
    at(Date, "now", "Date.now"),
    at(Math, "random", "Math.random"),
    at(performance, "now", "performance.now"),
    at(crypto, "getRandomValues", "crypto.getRandomValues"),
    at(crypto, "randomUUID", "crypto.randomUUID"),
    ...["sign", "verify", "digest", "encrypt", "decrypt", "deriveBits", "importKey"].map((name) =>
      at(crypto.subtle, name, `crypto.subtle.${name}`)
    ),
  ];
}

let isWatched = false;

/** Watches the border from now on, until disposed. */
export class Outside implements Disposable {
  readonly #onRejection: (event: PromiseRejectionEvent) => void;
  readonly #restore: (() => void)[] = [];

  /**
   * @param onCrossing Told once of each thing that was asked of the machine.
   * @param onRejection Told of each rejection that nobody handled.
   * @throws {Error} When another simulation runs in this process.
   */
  constructor(onCrossing: OnCrossing, onRejection: (reason: unknown) => void) {
    if (isWatched) throw new Error("Cannot run two simulations at once in one process: await the first");
    isWatched = true;
    this.#onRejection = (event) => {
      event.preventDefault();
      onRejection(event.reason);
    };
    globalThis.addEventListener("unhandledrejection", this.#onRejection);
    for (const place of places()) this.#watch(place, onCrossing);
    this.#watchDate(onCrossing);
  }

  /** Puts everything back. */
  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
    globalThis.removeEventListener("unhandledrejection", this.#onRejection);
    isWatched = false;
  }

  #watch([holder, name, shown]: Place, onCrossing: OnCrossing): void {
    const original = holder[name] as (...args: unknown[]) => unknown;
    const own = Object.getOwnPropertyDescriptor(holder, name);
    let isTold = false;
    const value = function (this: unknown, ...args: unknown[]): unknown {
      if (!isTold) onCrossing(`${shown} was called${caller()}`);
      isTold = true;
      return Reflect.apply(original, this, args);
    };
    Object.defineProperty(holder, name, { value, configurable: true, writable: true });
    this.#restore.push(() => {
      if (own) Object.defineProperty(holder, name, own);
      else delete holder[name];
    });
  }

  /** Only `new Date()` without arguments asks for the time. */
  #watchDate(onCrossing: OnCrossing): void {
    const original = Date;
    let isTold = false;
    globalThis.Date = new Proxy(original, {
      construct(target, args, newTarget) {
        if (args.length === 0 && !isTold) {
          isTold = true;
          onCrossing(`new Date() was called${caller()}`);
        }
        return Reflect.construct(target, args, newTarget);
      },
    });
    this.#restore.push(() => void (globalThis.Date = original));
  }
}

/** Who called what was watched. */
function caller(): string {
  const line = new Error().stack?.split("\n")[3]?.trim();
  return line === undefined ? "" : ` (${line})`;
}
