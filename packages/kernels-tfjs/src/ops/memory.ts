import { TacoError } from '@tacojs/errors'
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import type { TensorInfo } from '@tensorflow/tfjs-core'

/** Where a tensor lies in the backend's memory. It stays there when the memory grows; views of the memory do not. */
export const pointerTo = (backend: BackendWasm, { dataId }: Pick<TensorInfo, 'dataId'>): number =>
  backend.getMemoryOffset(dataId) >>> 0

/** A new float32 tensor of the backend, uninitialised. Throws OUT_OF_MEMORY: tfjs itself would write to address 0. */
function allocate(backend: BackendWasm, shape: readonly number[]): TensorInfo {
  const info = backend.makeOutput([...shape], 'float32')
  if (pointerTo(backend, info) !== 0) return info
  backend.disposeData(info.dataId)
  throw new TacoError('OUT_OF_MEMORY', `tfjs's wasm memory has no room for [${shape.join(', ')}]; dispose of tensors`)
}

/** A new float32 tensor, which `fill` writes; freed where that throws. */
export function produce(backend: BackendWasm, shape: readonly number[], fill: (to: TensorInfo) => void): TensorInfo {
  const info = allocate(backend, shape)
  try {
    fill(info)
    return info
  } catch (error) {
    backend.disposeData(info.dataId)
    throw error
  }
}

/** Runs `work` with that many bytes at a multiple of 64, freed afterwards. */
export function withScratch<T>(backend: BackendWasm, bytes: number, work: (pointer: number) => T): T {
  const info = allocate(backend, [Math.ceil(bytes / 4) + 16])
  try {
    return work(Math.ceil(pointerTo(backend, info) / 64) * 64)
  } finally {
    backend.disposeData(info.dataId)
  }
}
