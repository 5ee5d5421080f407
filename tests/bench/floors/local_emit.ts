/**
 * The least a local message costs: a way through eight `TransformStream`s whose `transform` only enqueues, each with
 * the default high-water mark. An identity stream without `transform` would be a short cut of Deno's.
 * @module
 */

type Carrier = { settle: () => void };

/** Builds the chain. Nothing is signed, so that the keypair makes no difference. */
export function open(_keypair: string) {
  const passing = {
    transform: (carrier: Carrier, out: TransformStreamDefaultController) => out.enqueue(carrier),
  };
  const streams = Array.from({ length: 8 }, () => new TransformStream<Carrier, Carrier>(passing));
  const writer = streams[0].writable.getWriter();
  const end = streams.slice(1).reduce(
    (readable, stream) => readable.pipeThrough(stream),
    streams[0].readable,
  );
  const drained = end.pipeTo(new WritableStream({ write: (carrier) => carrier.settle() }));
  return {
    count: { signed: 0, verified: 0 },
    once(_sender: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      writer.write({ settle: resolve });
      return promise;
    },
    [Symbol.asyncDispose]: () => writer.close().then(() => drained),
  };
}

if (import.meta.main) {
  await using floor = open("node");
  await floor.once(0);
  console.log("one message:", floor.count);
}
