/**
 * For whoever writes a service or an adapter: a runtime for tests, virtual time, and meshes in memory.
 *
 * @module
 */
export { VIRTUAL_START, VirtualClock } from "./virtual_clock.ts";
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
