import { MemoryStore } from "../../../runtime/primitives/memory_store.ts";
import { testKeyValueFile } from "../../helpers/store_suite.ts";

testKeyValueFile("MemoryStore", false, (check) => check(new MemoryStore()));
