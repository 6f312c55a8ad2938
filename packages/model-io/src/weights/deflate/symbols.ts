/** The alphabets of deflate (RFC 1951, 3.2.5): a symbol stands for the lengths or distances from its base on. */

/** Symbols of the first alphabet: bytes, the end of a block, and lengths from 3 to 258. */
export const END = 256
export const LITERALS = 286
export const DISTANCES = 30

const range = (count: number, of: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => of(i))

/** Extra bits and least length of the symbols from 257 on. */
export const lengthExtra: readonly number[] = range(29, (i) => (i < 8 || i === 28 ? 0 : (i >> 2) - 1))
export const lengthBase: readonly number[] = range(29, (i) =>
  i < 8 ? 3 + i : i === 28 ? 258 : 3 + ((4 + (i & 3)) << ((i >> 2) - 1)),
)

/** Extra bits and least distance. */
export const distanceExtra: readonly number[] = range(DISTANCES, (i) => (i < 4 ? 0 : (i >> 1) - 1))
export const distanceBase: readonly number[] = range(DISTANCES, (i) =>
  i < 4 ? 1 + i : 1 + ((2 + (i & 1)) << ((i >> 1) - 1)),
)

/** The order in which lengths of the code for code lengths are written. */
export const codeOrder: readonly number[] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** The last symbol whose base is not above a value. */
export function symbolOf(bases: readonly number[], value: number): number {
  let symbol = bases.length - 1
  while (bases[symbol]! > value) symbol--
  return symbol
}
