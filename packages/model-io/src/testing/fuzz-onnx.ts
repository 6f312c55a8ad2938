import { isTacoError } from '@tacojs/errors'
import { optimize } from '@tacojs/graph'
import { parseOnnx } from '../onnx/parse.js'
import { seededRandom } from './fuzz.js'
import { mutate } from './mutate.js'
import { seedModels } from './seed-models.js'

export interface FuzzReport {
  readonly inputs: number
  /** Inputs that ended in a model; the others ended in a TacoError of one line, or are among `crashes`. */
  readonly read: number
  readonly crashes: readonly { readonly seed: number; readonly bytes: Uint8Array; readonly error: unknown }[]
  readonly slowest: { readonly seed: number; readonly ms: number }
  /** Bytes of buffers and heap beyond what there was before, beyond four times the input. */
  readonly largest: { readonly seed: number; readonly bytes: number }
}

/** Imports and optimizes `count` damaged models, one for each seed from `first` on. */
export function fuzzOnnx(count: number, first = 1, seeds: readonly Uint8Array[] = seedModels): FuzzReport {
  const crashes: FuzzReport['crashes'][number][] = []
  let read = 0
  let slowest = { seed: 0, ms: 0 }
  let largest = { seed: 0, bytes: 0 }
  for (let seed = first; seed < first + count; seed++) {
    const random = seededRandom(Math.imul(seed, 2654435761))
    const bytes = mutate(seeds[random(seeds.length)]!, seeds[random(seeds.length)]!, random)
    const before = memory()
    const start = performance.now()
    try {
      optimize(parseOnnx(bytes))
      read++
    } catch (error) {
      if (!isTacoError(error) || error.message.includes('\n')) crashes.push({ seed, bytes, error })
    }
    const ms = performance.now() - start
    const beyond = memory() - before - 4 * bytes.length
    if (ms > slowest.ms) slowest = { seed, ms }
    if (beyond > largest.bytes) largest = { seed, bytes: beyond }
  }
  return { inputs: count, read, crashes, slowest, largest }
}

function memory(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}
