export { kernelsWasm, type KernelsWasm, type KernelsWasmOptions } from './kernels-wasm.js'
export type { KernelsWasmProgram } from './program.js'
export type { Form } from './pack/stream.js'
