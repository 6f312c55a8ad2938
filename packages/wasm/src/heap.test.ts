import { createHeap } from './index.js'

const outOfMemory = expect.objectContaining({ code: 'OUT_OF_MEMORY' })
const create = (pages: number, options?: { start?: number; limit?: number }) =>
  createHeap(new WebAssembly.Memory({ initial: 1, maximum: pages }), options)

test('buffers are aligned, apart, and reused once freed', () => {
  const heap = create(4)
  const [a, b, c] = [heap.alloc(1), heap.alloc(100), heap.alloc(64)]
  expect([a, b, c]).toEqual([64, 128, 256])
  expect(heap.used).toBe(256)
  heap.free(b)
  expect(heap.alloc(65)).toBe(b)
  expect(heap.alloc(1000, 4096)).toBe(4096)
  // the gap before it is used
  expect(heap.alloc(500)).toBe(320)
})

test('freed neighbours become one place, in any order', () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [0, 2, 1],
  ]) {
    const heap = create(1)
    const buffers = [heap.alloc(64), heap.alloc(64), heap.alloc(64)]
    const last = heap.alloc(64)
    order.forEach((i) => heap.free(buffers[i]!))
    expect(heap.alloc(192)).toBe(buffers[0])
    heap.free(last)
    expect(heap.alloc(64)).toBe(last)
  }
})

test('a heap that is empty again starts anew: the memory does not grow for ever', () => {
  const heap = create(8)
  let state = 1
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below
  const live: { pointer: number; length: number; mark: number }[] = []
  for (let i = 0; i < 3000; i++) {
    if (live.length > 20 || (live.length > 0 && random(2) === 0)) {
      const [{ pointer, length, mark }] = live.splice(random(live.length), 1)
      expect(heap.uint8(pointer, length).every((v) => v === mark)).toBe(true)
      heap.free(pointer)
    } else {
      const length = 1 + random(3000)
      const pointer = heap.alloc(length, 64 << random(3))
      heap.uint8(pointer, length).fill(i & 255)
      live.push({ pointer, length, mark: i & 255 })
    }
  }
  live.forEach(({ pointer }) => heap.free(pointer))
  expect(heap.used).toBe(0)
  expect(heap.alloc(1)).toBe(64)
})

test('what cannot be had is OUT_OF_MEMORY and changes nothing', () => {
  const heap = create(2)
  const a = heap.alloc(100)
  for (const bytes of [1 << 20, NaN, -1]) expect(() => heap.alloc(bytes)).toThrow(outOfMemory)
  expect([heap.used, heap.memory.buffer.byteLength]).toEqual([128, 65536])
  const b = heap.alloc(60_000)
  const c = heap.alloc(60_000)
  expect([a, b, c, heap.memory.buffer.byteLength]).toEqual([64, 192, 60224, 131072])
  expect(() => create(4, { limit: 4096 }).alloc(5000)).toThrow(outOfMemory)
})

test('only what was allocated is freed, and once', () => {
  const heap = create(1, { start: 1000 })
  const a = heap.alloc(1)
  expect(a).toBe(1024)
  heap.free(a)
  expect(() => heap.free(a)).toThrow(/freed before/)
  expect(() => heap.free(0)).toThrow(/no buffer/)
})

test('views see plain and shared memory', () => {
  for (const shared of [false, true]) {
    const heap = createHeap(new WebAssembly.Memory({ initial: 1, maximum: 4, shared }))
    const pointer = heap.alloc(8)
    heap.float64(pointer, 1)[0] = 1.5
    heap.alloc(100_000)
    expect(heap.float64(pointer, 1)[0]).toBe(1.5)
    expect([...heap.uint32(pointer, 2)]).toEqual([0, 0x3ff80000])
    expect(heap.int32(pointer, 2)[1]).toBe(0x3ff80000)
    expect(heap.uint16(pointer, 4)[3]).toBe(0x3ff8)
    expect(heap.int8(pointer, 8)[6]).toBe(-8)
    expect(heap.float32(pointer, 2)[1]).toBe(1.9375)
  }
})
