/** Arrays that nothing uses any more, to be written again: fresh memory costs several times as much as the writing. */
export interface SpareArrays {
  /** Those that are longest here go where there are more than `most` bytes. */
  give(array: Float32Array): void
  /** One of this length, whatever it holds; undefined where a new one is as good. */
  take(length: number): Float32Array | undefined
}

/**
 * What is at least as large goes back to the system when it is free. Of smaller pieces glibc keeps the memory, hundreds
 * of megabytes of it: it gets them apart only up to a size that rises to 32 MiB with what is freed (M_MMAP_THRESHOLD in
 * mallopt(3)).
 */
const SLAB = 33 * 2 ** 20

const line = 64

/**
 * @param most bytes that are kept
 * @param expected how many arrays of one length are there at a time; where together they are as large as a slab, they
 * are cut from slabs
 */
export function createSpareArrays(most: number, expected: number): SpareArrays {
  const arrays = new Set<Float32Array>()
  const slabs = new Map<number, { readonly memory: WeakRef<ArrayBuffer>; used: number }>()
  /** Parts of slabs, which nobody else writes to. */
  const parts = new WeakSet<Float32Array>()
  let bytes = 0

  function cut(length: number): Float32Array | undefined {
    const stride = Math.ceil((length * 4) / line) * line
    const count = Math.ceil(SLAB / stride)
    if (count < 2 || count > expected) return undefined
    let slab = slabs.get(length)
    let memory = slab?.memory.deref()
    if (!slab || !memory || slab.used === count) {
      memory = new ArrayBuffer(count * stride)
      // only the parts keep it
      slab = { memory: new WeakRef(memory), used: 0 }
      slabs.set(length, slab)
    }
    const part = new Float32Array(memory, slab.used++ * stride, length)
    parts.add(part)
    return part
  }

  return {
    give(array) {
      // a part of a larger memory may be somebody's, and does not free what it takes
      if (array.byteLength !== array.buffer.byteLength && !parts.has(array)) return
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
      return cut(length)
    },
  }
}
