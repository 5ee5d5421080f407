/** The least a start costs: a bare `Deno.serve` process, from its start to its first answer. @module */
/** Starts `args`, reads the address from the first line on which one stands, and asks it for `/ping`. */
export async function startAndAsk(args: string[]): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "null" })
    .spawn();
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const [, url] = /(http:\/\/127\.0\.0\.1:\d+)/.exec(text += chunk) ?? [];
    if (!url) continue;
    await (await fetch(url + "/ping")).text();
    break;
  }
  return child;
}
/** MiB that a process holds. */
export async function memoryOf(args: string[]): Promise<number> {
  const child = await startAndAsk(args);
  const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
  child.kill("SIGKILL");
  await child.status;
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024;
}
/** Each message is a start. */
export async function open(_keypair: string) {
  const args = ["run", "-A", "--no-check", import.meta.filename!];
  const once = async (_sender: number) => {
    const child = await startAndAsk(args);
    child.kill("SIGKILL");
    await child.status;
  };
  return {
    once,
    figures: { "idle-mib": await memoryOf(args) },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
if (import.meta.main) {
  const onListen = ({ port }: Deno.NetAddr) => console.log(`http://127.0.0.1:${port}`);
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, () => new Response("pong"));
}
