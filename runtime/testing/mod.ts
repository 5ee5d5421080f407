/**
 * For whoever writes a service or an adapter: a runtime for tests, virtual time, and meshes in memory.
 *
 * @module
 */
export { VIRTUAL_START, VirtualClock, type VirtualTimer } from "./virtual_clock.ts";
export { createHashKeypair } from "./hash_keypair.ts";
export { SeededRandom } from "./seeded_random.ts";
export { type DeliverOptions, MockRuntime, type MockRuntimeOptions } from "./mock_runtime.ts";
export { type FrameForm, type FrameOptions, signedFrame, signedMessage } from "./frames.ts";
export { type Faults, FaultyMesh, type FaultyMeshOptions } from "./faulty_mesh.ts";
export { memoryAddress, MemoryMesh } from "../transport/memory_mesh.ts";
export { type MeshSuiteOptions, type OpenMeshPlace, testMeshTransport } from "./mesh_suite.ts";
export {
  frameSaying,
  type JoinOptions,
  meshHost,
  type MeshHostOptions,
  type MeshPlace,
  MeshTown,
  type Townsman,
} from "./mesh_town.ts";
export { MemoryPlaza } from "../transport/memory_plaza.ts";
export { type OpenPlazaPlace, type PlazaSuiteOptions, testPlaza } from "./plaza_suite.ts";
export { eventually, Guest, type GuestOptions, type PlazaPlace, PlazaTown } from "./plaza_town.ts";
export {
  type LedgerPlace,
  type LedgerSuiteOptions,
  type OpenLedgerPlace,
  testLedger,
} from "./ledger_suite.ts";
export { ledgerObserver, ledgerRecord, type RecordParts } from "./ledger_records.ts";
