export { kernelsWasm, type KernelsWasmOptions } from './kernels-wasm.js'
export type { Form } from './pack/stream.js'
