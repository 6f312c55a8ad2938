import { alignment, growTo } from './grow.js'
import { viewsOf, type Views } from './views.js'

/** Buffers of any lifetime in one wasm memory, plain or shared. Pointers are byte offsets; views do not survive growth. */
export interface Heap extends Views {
  readonly memory: WebAssembly.Memory
  /** Bytes in buffers that are not freed yet, as rounded up. */
  readonly used: number
  /**
   * Reserves bytes, rounded up to whole cache lines, at the first place that holds them; grows the memory when there is
   * none. The contents are whatever was there. `align` is a power of two, 64 unless given. Throws OUT_OF_MEMORY and
   * leaves everything as it was.
   */
  alloc(bytes: number, align?: number): number
  /** Frees a buffer; anything but a pointer from `alloc`, freed once, throws. */
  free(pointer: number): void
}

const roundUp = (n: number, multiple: number) => Math.ceil(n / multiple) * multiple

/**
 * A heap on a memory from byte `start` on (above 0, so that pointer 0 can mean "nothing") up to `limit` bytes (4 GiB
 * unless given), which nothing else may allocate from.
 */
export function createHeap(
  memory: WebAssembly.Memory,
  { start = alignment, limit = 2 ** 32 }: { readonly start?: number; readonly limit?: number } = {},
): Heap {
  /** Free places below `top`, by address; no two of them touch each other or `top`. */
  const gaps: { from: number; to: number }[] = []
  const sizes = new Map<number, number>()
  let top = roundUp(start, alignment)
  let used = 0

  const keep = (pointer: number, size: number) => {
    sizes.set(pointer, size)
    used += size
    return pointer
  }

  return {
    ...viewsOf(memory),
    memory,

    get used() {
      return used
    },

    alloc(bytes, align = alignment) {
      // a size that is none fits no gap, and growTo refuses it
      const size = bytes >= 0 ? Math.max(alignment, roundUp(bytes, alignment)) : NaN
      const step = Math.max(align, alignment)
      const at = gaps.findIndex(({ from, to }) => roundUp(from, step) + size <= to)
      if (at >= 0) {
        const { from, to } = gaps[at]!
        const pointer = roundUp(from, step)
        const rest = [
          { from, to: pointer },
          { from: pointer + size, to },
        ]
        gaps.splice(at, 1, ...rest.filter((gap) => gap.to > gap.from))
        return keep(pointer, size)
      }
      const pointer = roundUp(top, step)
      growTo(memory, pointer + size, limit, bytes, used)
      if (pointer > top) gaps.push({ from: top, to: pointer })
      top = pointer + size
      return keep(pointer, size)
    },

    free(pointer) {
      const size = sizes.get(pointer)
      if (size === undefined) throw new Error(`heap: ${pointer} is no buffer, or was freed before`)
      sizes.delete(pointer)
      used -= size
      let [from, to] = [pointer, pointer + size]
      let at = gaps.findIndex((gap) => gap.from > pointer)
      if (at < 0) at = gaps.length
      if (gaps[at]?.from === to) to = gaps.splice(at, 1)[0]!.to
      if (gaps[at - 1]?.to === from) from = gaps.splice(--at, 1)[0]!.from
      if (to === top) top = from
      else gaps.splice(at, 0, { from, to })
    },
  }
}
