export { kernelsWasm, type KernelsWasmOptions } from './kernels-wasm.js'
export type { KernelNote } from './plan/planner.js'
export type { Form } from './pack/stream.js'
