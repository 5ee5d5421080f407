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
export { Simulation } from "./simulation.ts";
export type { HostilePlan, SimulatedTown, SimulationCheck, SimulationOptions } from "./simulation_options.ts";
export { drawFaults, NO_FAULTS, type SimulationFaults, type Span } from "./simulation_faults.ts";
export type { CheckName, SimulationReport, Violation } from "./simulation_report.ts";
export type { Life, LifeState, NaraOverrides, SimulatedNara } from "./simulation_nara.ts";
export type { ServiceOverrides, SimulatedHandler } from "./simulation_service.ts";
export type { Hostile, Overheard, Trick } from "./simulation_hostile.ts";
export type { SimulatedClock, Skew } from "./simulation_clock.ts";
export { DiskError, type DiskFaults, FaultyDisk, type FaultyDiskOptions } from "./faulty_disk.ts";
export { FaultyFile } from "./faulty_file.ts";
export { FaultyLedger } from "./faulty_ledger.ts";
