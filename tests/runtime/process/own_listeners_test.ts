import { assertEquals } from "@std/assert";
import { OwnListeners } from "../../../runtime/process/own_listeners.ts";
import { parseMeshAddress } from "../../../runtime/transport/mesh_address.ts";

function listeners(hostname: string, port: number) {
  const own = new OwnListeners(() => ["10.0.0.7", "127.0.0.1", "::1", "2001:0db8:0:0::7"]);
  own.add({ hostname, port });
  return (address: string) => own.isOwn(parseMeshAddress(address)!);
}

Deno.test("OwnListeners knows the one number and port on which it listens", () => {
  const isOwn = listeners("10.0.0.7", 7433);
  assertEquals(isOwn("http://10.0.0.7:7433"), true);
  assertEquals(["http://10.0.0.7:7434", "http://10.0.0.8:7433", "http://127.0.0.1:7433"].map(isOwn), [
    false,
    false,
    false,
  ]);
});

Deno.test("OwnListeners that listens everywhere is reached by every number of its machine", () => {
  for (const everywhere of ["0.0.0.0", "::"]) {
    const isOwn = listeners(everywhere, 80);
    for (const host of ["10.0.0.7", "127.0.0.1", "127.9.9.9", "[::1]", "[2001:db8::7]"]) {
      assertEquals(isOwn(`http://${host}:80`), true, host);
      assertEquals(isOwn(`http://${host}:81`), false, host);
    }
    assertEquals(isOwn("http://10.0.0.8:80"), false);
  }
});

Deno.test("OwnListeners takes localhost for both families", () => {
  const isOwn = listeners("localhost", 8080);
  assertEquals(["http://127.0.0.1:8080", "http://[::1]:8080", "http://10.0.0.7:8080"].map(isOwn), [
    true,
    true,
    false,
  ]);
});

Deno.test("OwnListeners that listens nowhere is nowhere", () => {
  assertEquals(new OwnListeners().isOwn(parseMeshAddress("http://127.0.0.1:1")!), false);
});
