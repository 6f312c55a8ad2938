import { float32, sizeOf, type Initializer } from '@tacojs/graph'
import type { Random } from './random.js'

/** Which weights of a [rows, cols] matrix stay: true at row · cols + col. */
type Mask = (random: Random, rows: number, cols: number, sparsity: number) => boolean[]

const masks = {
  unstructured: (random, rows, cols, sparsity) => Array.from({ length: rows * cols }, () => random() >= sparsity),
  /** Four rows share their zeros; the last rows are fewer where four does not divide them. */
  '4x1': (random, rows, cols, sparsity) => {
    const groups = Array.from({ length: Math.ceil(rows / 4) * cols }, () => random() >= sparsity)
    return Array.from({ length: rows * cols }, (_, i) => groups[Math.floor(i / cols / 4) * cols + (i % cols)]!)
  },
  /** Two of four consecutive weights of a row; `sparsity` has no say. */
  '2:4': (random, rows, cols) =>
    Array.from({ length: (rows * cols) / 4 }, () => {
      const first = Math.floor(4 * random())
      const second = (first + 1 + Math.floor(3 * random())) % 4
      return [0, 1, 2, 3].map((i) => i === first || i === second)
    }).flat(),
} as const satisfies Record<string, Mask>

export type Pattern = keyof typeof masks

/**
 * A weight [rows, ...] in ±1/√cols with zeros of the pattern and the note that says so. `sparsity` is the share of
 * zeros; `zeroRows` lose all of their weights besides.
 */
export const sparse =
  (shape: readonly number[], pattern: Pattern, sparsity: number, zeroRows: readonly number[] = []) =>
  (random: Random): Initializer => {
    const [rows, cols] = [shape[0]!, sizeOf(shape.slice(1))]
    const bound = 1 / Math.sqrt(cols)
    const stays = masks[pattern](random, rows, cols, sparsity)
    const data = stays.map((stay, i) =>
      // never 0 itself, so that the count below is the mask's
      stay && !zeroRows.includes(Math.floor(i / cols)) ? bound * (random() + 0.01) * (random() < 0.5 ? -1 : 1) : 0,
    )
    return { tensor: float32(shape, data), sparsity: { pattern, nonzeros: data.filter((v) => v !== 0).length } }
  }
