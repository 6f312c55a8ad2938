import { availableParallelism } from 'node:os'
import { tfjs } from '@tacojs/kernels-tfjs'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import { backendNames, getBackend, registerBackend, type Backend } from '@tacojs/runtime'

/** The backends that come with the product; the first is what computes when nothing else is asked for. */
export const bundledBackends = ['wasm', 'tfjs-wasm', 'tfjs-cpu'] as const

export const defaultBackend: string = bundledBackends[0]

/** Threads for work where only the total time counts; results do not depend on it. */
export const defaultThreads = (): number => Math.min(8, availableParallelism())

/** Registers the bundled backends, once, and gives the one that was asked for. Throws NOT_FOUND. */
export function openBackend(name: string = defaultBackend): Backend {
  const known = backendNames()
  if (!known.includes('wasm')) registerBackend(kernelsWasm())
  for (const engine of ['wasm', 'cpu']) {
    if (!known.includes(`tfjs-${engine}`)) registerBackend(tfjs({ engine }))
  }
  return getBackend(name)
}
