import { TacoError } from '@tacojs/errors'

const pageBytes = 65536
/** A cache line. */
export const alignment = 64

/** Grows a memory so that it ends at byte `end` or behind. Throws OUT_OF_MEMORY beyond the limit or where it cannot. */
export function growTo(memory: WebAssembly.Memory, end: number, limit: number, bytes: number, used: number): void {
  const outOfMemory = (cause?: unknown) =>
    new TacoError(
      'OUT_OF_MEMORY',
      `wasm memory: ${bytes} bytes cannot be had with ${used} in use; free memory or work on smaller pieces`,
      { cause },
    )
  if (!Number.isSafeInteger(bytes) || bytes < 0 || end > limit) throw outOfMemory()
  const missing = end - memory.buffer.byteLength
  if (missing <= 0) return
  try {
    memory.grow(Math.ceil(missing / pageBytes))
  } catch (cause) {
    throw outOfMemory(cause)
  }
}
