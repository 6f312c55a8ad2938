import { TacoError } from '@tacojs/errors'
import { createLinalg, type Linalg, type LinalgOptions } from '@tacojs/linalg'
import { loadObs, type Elimination, type ObsKernels, type Removals } from './obs/kernels.js'

/** Dense numerics, and the solver's own kernels beside them, each on memory of its own. */
export interface Numerics extends Linalg {
  /**
   * ExactOBS of many rows. The same bits for any number of threads. Throws OUT_OF_MEMORY, DISPOSED, ABORTED, and
   * THREAD_LOST where a thread was lost.
   */
  eliminate(elimination: Elimination): Removals
}

/**
 * Compiles the embedded kernels and makes them ready; dispose of them when done. `threads` share the rows of a layer and
 * large products, 1 unless given; `memoryLimit` bounds each of the two wasm memories in bytes. Throws as `createLinalg`.
 */
export async function createNumerics(options: LinalgOptions = {}): Promise<Numerics> {
  const linalg = await createLinalg(options)
  let obs: ObsKernels | undefined = await loadObs(options)
  const dispose = () => {
    linalg.dispose()
    obs?.dispose()
    obs = undefined
  }
  return {
    ...linalg,
    get threads() {
      return linalg.threads
    },
    eliminate(elimination) {
      if (!obs) throw new TacoError('DISPOSED', 'eliminate: these numerics were disposed of; create others')
      return obs.eliminate(elimination)
    },
    dispose,
    [Symbol.dispose]: dispose,
  }
}

/** Throws INVALID_ARGUMENT, beginning with `of`, for a linalg without the kernels of ExactOBS. */
export function numericsOf(of: string, linalg: Linalg): Numerics {
  if ('eliminate' in linalg) return linalg as Numerics
  throw new TacoError('INVALID_ARGUMENT', `${of}: needs the numerics of createNumerics()`)
}
