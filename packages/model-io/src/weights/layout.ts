import { parsedWeights } from './decode.js'
import type { WeightEntry } from './header.js'

/** How a tensor lies in a `weights.taco`. */
export interface StoredWeight extends Pick<WeightEntry, 'name' | 'dtype' | 'shape' | 'coding' | 'stored' | 'as'> {
  /** Bytes in the file: of the values (with their scales) and of the positions. */
  readonly valueBytes: number
  readonly positionBytes: number
}

/** What a `weights.taco` holds, without its values. Throws as `decodeWeights` does. */
export const weightsLayout = (bytes: Uint8Array): StoredWeight[] =>
  parsedWeights(bytes).entries.map(({ name, dtype, shape, coding, stored, as, scales, values, positions }) => ({
    ...{ name, dtype, shape, coding, stored, ...(as ? { as } : {}) },
    valueBytes: values.length + (scales?.length ?? 0),
    positionBytes: positions?.length ?? 0,
  }))
