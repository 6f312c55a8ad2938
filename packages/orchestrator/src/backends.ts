import { tfjs } from '@tacojs/kernels-tfjs'
import { backendNames, getBackend, registerBackend, type Backend } from '@tacojs/runtime'

/** Registers the backends that come with the product, once, and gives the one that was asked for. Throws NOT_FOUND. */
export function openBackend(name: string): Backend {
  const known = backendNames()
  for (const engine of ['wasm', 'cpu']) {
    if (!known.includes(`tfjs-${engine}`)) registerBackend(tfjs({ engine }))
  }
  return getBackend(name)
}

export const bundledBackends = ['tfjs-wasm', 'tfjs-cpu'] as const
