export { createArena, type Arena } from './arena.js'
export { decodeBase64 } from './base64.js'
export { hasRelaxedSimd, hasSimd } from './features.js'
export {
  instantiate,
  type InstantiateOptions,
  type WasmBuild,
  type WasmBuilds,
  type WasmInstance,
  type WasmSource,
} from './instantiate.js'
