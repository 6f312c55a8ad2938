import { createPlainLinalg } from './plain.js'
import type { Linalg } from './types.js'

/** Makes the numerics ready; dispose of them when done. */
export async function createLinalg(): Promise<Linalg> {
  return createPlainLinalg()
}
