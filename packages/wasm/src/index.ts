export { createArena, type Arena } from './arena.js'
export { decodeEmbedded } from './embedded.js'
export { createHeap, type Heap } from './heap.js'
export { hasRelaxedSimd, hasSimd } from './features.js'
export {
  instantiate,
  type InstantiateOptions,
  type WasmBuild,
  type WasmBuilds,
  type WasmInstance,
  type WasmSource,
} from './instantiate.js'
export { controlBytes, createTeam, type Team, type TeamOptions } from './team.js'
export { whyNoThreads } from './why-no-threads.js'
export type { Views } from './views.js'
