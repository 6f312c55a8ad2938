import { TacoError } from '@tacojs/errors'
import { decodeEmbedded, hasRelaxedSimd, hasSimd } from '@tacojs/wasm'
import * as tf from '@tensorflow/tfjs-core'
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import { kernels as builds } from '../generated/kernels.js'

/** The exports of assembly/index.ts. All pointers, and the strides of matmul, are bytes. */
export interface Kernels {
  multiply(job: number, never: 0): void
  valuesGradient(job: number): void
  reorder(values: number, order: number, n: number, to: number): void
  columnSums(from: number, m: number, n: number, to: number): void
  matmul(
    m: number,
    n: number,
    k: number,
    a: number,
    ars: number,
    acs: number,
    b: number,
    brs: number,
    bcs: number,
    c: number,
    bias: number,
    scratch: number,
  ): void
}

/** Our module on the memory of each tfjs backend that asked for it. */
const instances = new WeakMap<object, Kernels>()

/** tfjs's current backend; throws UNSUPPORTED when that is not 'wasm'. */
export function wasmBackend(caller: string): BackendWasm {
  const name = tf.getBackend()
  if (name === 'wasm') return tf.backend() as BackendWasm
  throw new TacoError(
    'UNSUPPORTED',
    `${caller} runs on tfjs's backend 'wasm', but the current one is '${name}'; import @tensorflow/tfjs-backend-wasm and await tf.setBackend('wasm') first`,
  )
}

export function memoryOf(backend: BackendWasm): WebAssembly.Memory {
  const { wasmMemory, asm } = backend.wasm as unknown as {
    wasmMemory?: WebAssembly.Memory
    asm: { memory: WebAssembly.Memory }
  }
  return wasmMemory ?? asm.memory
}

/** Cross-realm, and where SharedArrayBuffer does not exist. */
const isShared = ({ buffer }: WebAssembly.Memory): boolean =>
  Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]'

/** Links our module to the current backend's memory, once. Throws UNSUPPORTED without that backend or without SIMD. */
export async function load(caller: string): Promise<void> {
  const backend = wasmBackend(caller)
  if (instances.has(backend)) return
  if (!hasSimd()) throw new TacoError('UNSUPPORTED', `${caller}: WebAssembly here has no SIMD; use a current browser`)
  const memory = memoryOf(backend)
  const [base, relaxed] = isShared(memory) ? [builds.sharedBase, builds.sharedRelaxed] : [builds.base, builds.relaxed]
  const bytes = decodeEmbedded(hasRelaxedSimd() ? relaxed : base)
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } })
  instances.set(backend, instance.exports as unknown as Kernels)
}

export const kernelsOf = (backend: object): Kernels | undefined => instances.get(backend)
