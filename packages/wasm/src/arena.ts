import { alignment, growTo } from './grow.js'
import { viewsOf, type Views } from './views.js'

/** A stack of buffers in one wasm memory. Pointers are byte offsets and stay valid; views do not survive growth. */
export interface Arena extends Views {
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
}

/**
 * An arena on a memory: from byte `start` on (above 0, so that pointer 0 can mean "nothing"), up to `limit` bytes
 * (4 GiB, what 32-bit pointers reach, unless given).
 */
export function createArena(memory: WebAssembly.Memory, start: number = alignment, limit: number = 2 ** 32): Arena {
  let top = start

  return {
    ...viewsOf(memory),
    memory,

    alloc(bytes, align = alignment) {
      const pointer = Math.ceil(top / align) * align
      growTo(memory, pointer + bytes, limit, bytes, top)
      top = pointer + bytes
      return pointer
    },

    mark: () => top,

    release(mark) {
      if (!(mark >= start && mark <= top))
        throw new Error(`arena: ${mark} is no mark of this stack, whose top is ${top}`)
      top = mark
    },
  }
}
