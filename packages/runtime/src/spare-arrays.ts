/** Arrays that nothing uses any more, to be written again: fresh memory costs several times as much as the writing. */
export interface SpareArrays {
  /** Those that are longest here go where there are more than `most` bytes. */
  give(array: Float32Array): void
  /** One of this length, whatever it holds. */
  take(length: number): Float32Array | undefined
}

export function createSpareArrays(most: number): SpareArrays {
  const arrays = new Set<Float32Array>()
  let bytes = 0
  return {
    give(array) {
      // a part of a larger memory may be somebody's, and does not free what it takes
      if (array.byteLength !== array.buffer.byteLength) return
      arrays.add(array)
      bytes += array.byteLength
      for (const oldest of arrays) {
        if (bytes <= most) break
        arrays.delete(oldest)
        bytes -= oldest.byteLength
      }
    },
    take(length) {
      for (const array of arrays) {
        if (array.length !== length) continue
        arrays.delete(array)
        bytes -= array.byteLength
        return array
      }
      return undefined
    },
  }
}
