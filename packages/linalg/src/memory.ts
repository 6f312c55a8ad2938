import { createHeap, type Views } from '@tacojs/wasm'

/** Wasm memory: a stack of what a call needs, and buffers that outlive it. */
export interface Memory extends Views {
  /** Reserves bytes at the top of the stack. Throws OUT_OF_MEMORY and leaves everything as it was. */
  alloc(bytes: number): number
  /** The top of the stack, for `release`. */
  mark(): number
  /** Frees everything allocated since `mark` gave this value. */
  release(mark: number): void
  /** Reserves bytes that stay until they are freed. Throws as `alloc`. */
  keep(bytes: number): number
  free(pointer: number): void
}

/** All memory from byte `start` on, up to `limit` bytes. */
export function createMemory(memory: WebAssembly.Memory, start: number, limit: number | undefined): Memory {
  const heap = createHeap(memory, { start, limit })
  const stack: number[] = []
  return {
    ...heap,
    alloc(bytes) {
      const pointer = heap.alloc(bytes)
      stack.push(pointer)
      return pointer
    },
    mark: () => stack.length,
    release(mark) {
      while (stack.length > mark) heap.free(stack.pop()!)
    },
    keep: (bytes) => heap.alloc(bytes),
    free: (pointer) => heap.free(pointer),
  }
}
