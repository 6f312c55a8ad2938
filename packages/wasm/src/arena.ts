import { TacoError } from '@tacojs/errors'

const pageBytes = 65536
/** A cache line. */
const alignment = 64

/** A stack of buffers in one wasm memory. Pointers are byte offsets and stay valid; views do not survive growth. */
export interface Arena {
  readonly memory: WebAssembly.Memory
  /**
   * Reserves bytes at the top of the stack, growing the memory when needed; the contents are whatever was there. `align`
   * is a power of two, 64 unless given. Throws OUT_OF_MEMORY and leaves the stack as it was.
   */
  alloc(bytes: number, align?: number): number
  /** The top of the stack, for `release`. */
  mark(): number
  /** Frees everything allocated since `mark` gave this value. */
  release(mark: number): void
  /** A fresh view of `length` elements at a pointer; use it before the next `alloc`. */
  float32(pointer: number, length: number): Float32Array<ArrayBuffer>
  float64(pointer: number, length: number): Float64Array<ArrayBuffer>
}

/**
 * An arena on a memory: from byte `start` on (above 0, so that pointer 0 can mean "nothing"), up to `limit` bytes
 * (4 GiB, what 32-bit pointers reach, unless given).
 */
export function createArena(memory: WebAssembly.Memory, start: number = alignment, limit: number = 2 ** 32): Arena {
  let top = start
  // Node's type of `buffer` also allows shared memory, which typed arrays of plain memory do not.
  const buffer = () => memory.buffer as ArrayBuffer
  const outOfMemory = (bytes: number, cause?: unknown) =>
    new TacoError(
      'OUT_OF_MEMORY',
      `wasm memory: ${bytes} bytes cannot be had with ${top} in use; free memory or work on smaller pieces`,
      { cause },
    )

  return {
    memory,

    alloc(bytes, align = alignment) {
      const pointer = Math.ceil(top / align) * align
      const end = pointer + bytes
      if (!Number.isSafeInteger(bytes) || bytes < 0 || end > limit) throw outOfMemory(bytes)
      const missing = end - buffer().byteLength
      if (missing > 0) {
        try {
          memory.grow(Math.ceil(missing / pageBytes))
        } catch (cause) {
          throw outOfMemory(bytes, cause)
        }
      }
      top = end
      return pointer
    },

    mark: () => top,

    release(mark) {
      if (!(mark >= start && mark <= top))
        throw new Error(`arena: ${mark} is no mark of this stack, whose top is ${top}`)
      top = mark
    },

    float32: (pointer, length) => new Float32Array(buffer(), pointer, length),
    float64: (pointer, length) => new Float64Array(buffer(), pointer, length),
  }
}
