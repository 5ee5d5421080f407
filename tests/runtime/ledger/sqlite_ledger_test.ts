import { openSqliteFile } from "../../../runtime/ledger/sqlite_file.ts";
import { testLedger } from "../../../runtime/testing/ledger_suite.ts";
import { lacking } from "../../helpers/permissions.ts";

const ignore = lacking("read", "write");

testLedger("SQLite", (capacity) => {
  const folder = Deno.makeTempDirSync({ prefix: "nara-ledger-" });
  const file = openSqliteFile(`${folder}/store.sqlite`, capacity);
  return {
    ledger: file.ledger,
    async [Symbol.asyncDispose]() {
      file[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}, { ignore });
