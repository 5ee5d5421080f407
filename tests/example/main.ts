import { builtInServices, createIdentity, createRuntime, httpMesh } from "@nara/nara";
import { TeaService } from "./tea.ts";

const { identity } = await createIdentity();
await using runtime = await createRuntime({
  identity,
  services: [...builtInServices({ isNewborn: true }), new TeaService()],
  mesh: httpMesh({ listen: { hostname: "127.0.0.1", port: 0 } }),
  peers: Deno.args,
  mayDial: (address) => address.startsWith("http://127.0.0.1:"), // Where somebody says that a nara is.
  log: ({ level, message, fields }) => level !== "debug" && console.log(message, fields),
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => runtime.stop(signal));
}
await runtime.start();
console.log(`${identity.name} listens on ${runtime.address}`);
await runtime.stopped;
