import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type Choice,
  chooseFolder,
  userDataFolder,
  type Wanted,
} from "../../../runtime/process/choose_folder.ts";
import type { Resident } from "../../../runtime/process/data_folder.ts";
import { ProcessError } from "../../../runtime/process/process_error.ts";
import { writeHistory } from "../../../runtime/process/soul_history.ts";
import { generatedName } from "../../../utilities/generated_name.ts";
import { Secret } from "../../../utilities/secret.ts";
import { createSoul, formatSoul } from "../../../utilities/soul.ts";
import { lacking } from "../../helpers/permissions.ts";
import { contentOf, withFolder } from "../../helpers/temp_folder.ts";

const nobody: Wanted = { data: undefined, name: undefined, soul: undefined };

/** A soul as text and a name: no two secrets differ in what can be seen of them. */
function revealed(resident: Resident | undefined): unknown {
  return { soul: resident?.soul.reveal(), name: resident?.name };
}

/** The soul and name of a nara, made of one number. */
function nara(number: number, name?: string): { soul: Secret<string>; name: string } {
  const seed = new Uint8Array(32).fill(number);
  const given = name ?? generatedName(seed);
  return { soul: new Secret(formatSoul(createSoul(seed, given))), name: given };
}

/** Chooses, as naras that run at the same time do; what is chosen is let go at the end of the test. */
class Town implements Disposable {
  readonly #choices = new DisposableStack();
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  choose(wanted: Partial<Wanted>): Choice {
    const choice = chooseFolder({ ...nobody, ...wanted }, () => this.#base);
    this.#choices.use(choice.folder);
    return choice;
  }

  /** Chooses, moves in, and says which number the folder has. */
  live(wanted: Partial<Wanted>, newcomer: { soul: Secret<string>; name: string }): string {
    const { folder } = this.choose(wanted);
    folder.keep(
      folder.resident?.name ? { soul: folder.resident.soul, name: folder.resident.name } : newcomer,
    );
    return folder.path.slice(this.#base.length + 1);
  }

  [Symbol.dispose](): void {
    this.#choices.dispose();
  }
}

/** Registers a test that gets a base folder. */
function test(says: string, check: (base: string) => void): void {
  const fn = () => withFolder((folder) => check(`${folder}/nara`));
  Deno.test({ name: `chooseFolder() ${says}`, ignore: lacking("read", "write"), fn });
}

test("gives each nara that runs a folder of its own, and the same ones the next day", (base) => {
  for (let day = 0; day < 2; day++) {
    using town = new Town(base);
    assertEquals([1, 2, 3].map((number) => town.live({}, nara(number))), ["1", "2", "3"]);
  }
  assertEquals(contentOf(base).filter((name) => name.endsWith("/soul")), ["1/soul", "2/soul", "3/soul"]);
});

test("says which folder was held, and by whom", (base) => {
  using town = new Town(base);
  assertEquals(town.choose({}).passedOver, undefined);
  assertEquals(town.choose({}).passedOver, { path: `${base}/1`, holder: {} });
  using other = new Town(`${base}/other`);
  other.live({}, nara(1));
  assertEquals(other.choose({}).passedOver?.holder, { pid: Deno.pid, name: nara(1).name });
});

test("finds the folder of a name, and makes another where that is held", (base) => {
  const alice = nara(7, "alice");
  {
    using town = new Town(base);
    assertEquals(town.live({}, nara(1)), "1");
    assertEquals(town.live({ name: "alice" }, alice), "2");
    assertEquals(town.live({ name: "alice" }, nara(8, "alice")), "3");
  }
  using town = new Town(base);
  assertEquals(revealed(town.choose({ name: "alice" }).folder.resident), revealed(alice));
});

test("gives who has no name nobody's folder but an unnamed one's", (base) => {
  {
    using town = new Town(base);
    assertEquals(town.live({ name: "alice" }, nara(7, "alice")), "1");
    assertEquals(town.live({}, nara(1)), "2");
  }
  using town = new Town(base);
  assertEquals(revealed(town.choose({}).folder.resident), revealed(nara(1)));
});

test("finds the folder of a soul, and refuses to run it twice", (base) => {
  {
    using town = new Town(base);
    town.live({}, nara(1));
    town.live({}, nara(2));
  }
  using town = new Town(base);
  const { soul } = nara(2);
  assertEquals(town.live({ soul }, nara(2)), "2");
  const error = assertThrows(() => town.choose({ soul }), ProcessError, "one soul is one nara");
  assertEquals(error.code, "folder_in_use");
  assertEquals(town.live({ soul: nara(3).soul }, nara(3)), "3");
});

test("closes gaps, and leaves alone what is no number", (base) => {
  for (const name of ["2", "notes", "01"]) Deno.mkdirSync(`${base}/${name}`, { recursive: true });
  using town = new Town(base);
  assertEquals([1, 2, 3].map((number) => town.live({}, nara(number))), ["1", "2", "3"]);
});

test("moves in where an interrupted start left a folder without a soul", (base) => {
  Deno.mkdirSync(`${base}/1`, { recursive: true });
  Deno.writeTextFileSync(`${base}/1/name`, "alice");
  using town = new Town(base);
  assertEquals(town.live({}, nara(1)), "1");
});

test("takes the folder that was given", (base) => {
  using town = new Town("/nowhere");
  assertEquals(town.choose({ data: base }).folder.path, base);
});

test("refuses a given folder that is held, and names the holder", (base) => {
  using town = new Town("/nowhere");
  const alice = nara(7, "alice");
  town.choose({ data: base }).folder.keep(alice);
  const { code, message } = assertThrows(() => town.choose({ data: base }), ProcessError);
  assertEquals(code, "folder_in_use");
  assertStringIncludes(message, `"alice" (process ${Deno.pid})`);
});

test("refuses another soul or name than the given folder's, without repeating a soul", (base) => {
  const [alice, bob] = [nara(7, "alice"), nara(8, "bob")];
  {
    using town = new Town("/nowhere");
    town.choose({ data: base }).folder.keep(alice);
  }
  for (let times = 0; times < 2; times++) { // The first time leaves nothing locked.
    const soulError = assertThrows(
      () => chooseFolder({ ...nobody, data: base, soul: bob.soul }, () => ""),
      ProcessError,
    );
    const nameError = assertThrows(
      () => chooseFolder({ ...nobody, data: base, name: "bob" }, () => ""),
      ProcessError,
    );
    assertEquals([soulError.code, nameError.code], ["wrong_soul", "wrong_name"]);
    for (const { soul } of [alice, bob]) {
      assertEquals(soulError.message.includes(soul.reveal().slice(0, 12)), false);
    }
    assertStringIncludes(nameError.message, '"alice"');
  }
  using town = new Town("/nowhere");
  assertEquals(revealed(town.choose({ data: base, ...alice }).folder.resident), revealed(alice));
});

const homes: [os: string, variables: Record<string, string>, folder: string | undefined][] = [
  ["linux", { HOME: "/home/ada" }, "/home/ada/.local/share/nara"],
  ["linux", { HOME: "/home/ada", XDG_DATA_HOME: "/data" }, "/data/nara"],
  ["linux", { HOME: "/home/ada", XDG_DATA_HOME: "relative" }, "/home/ada/.local/share/nara"],
  ["freebsd", { HOME: "/home/ada" }, "/home/ada/.local/share/nara"],
  ["darwin", { HOME: "/Users/ada" }, "/Users/ada/Library/Application Support/nara"],
  ["windows", { LOCALAPPDATA: "/Users/ada/AppData/Local" }, "/Users/ada/AppData/Local/nara"],
  ["windows", { USERPROFILE: "/Users/ada" }, "/Users/ada/AppData/Local/nara"],
  ["linux", {}, undefined],
  ["windows", { HOME: "/home/ada" }, undefined],
];

for (const [os, variables, folder] of homes) {
  Deno.test(`userDataFolder() on ${os} with ${JSON.stringify(variables)} is ${folder ?? "unknown"}`, () => {
    const find = () => userDataFolder(os, (name) => variables[name]);
    if (folder) assertEquals(find(), folder);
    else assertThrows(find, ProcessError, "--data");
  });
}

test("gives a nara without a name its folder again when its soul was rotated", (base) => {
  const [before, after] = [nara(1), nara(2)];
  const rotated = { soul: after.soul, name: before.name };
  {
    using town = new Town(base);
    assertEquals(town.live({}, rotated), "1");
  }
  writeHistory(`${base}/1`, { former: [before.soul], rotations: [] });
  using town = new Town(base);
  assertEquals(revealed(town.choose({}).folder.resident), revealed(rotated));
});
