import { encodeEmbedded } from '../scripts/encode.mjs'
import { createArena, decodeEmbedded, hasRelaxedSimd, hasSimd, instantiate } from './index.js'

test('an embedded module is the same bytes again, and its text needs no escapes', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i)
  const often = Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31 + (i >> 3)) % 97)
  for (const bytes of [all, all.slice().reverse(), often, Uint8Array.of(255), new Uint8Array(0)]) {
    const text = encodeEmbedded(bytes)
    expect(decodeEmbedded(text)).toEqual(bytes)
    expect(text).toMatch(/^[^'"`\\$]*$/)
    expect(text).toMatch(/^[ -~]*$/)
  }
  // the most frequent ones have one character
  expect(encodeEmbedded(often.map((byte) => byte % 88))).toHaveLength(512 + often.length)
})

test('this engine has SIMD; relaxed SIMD is told apart from nonsense', () => {
  expect(hasSimd()).toBe(true)
  const major = Number(process.versions.node.split('.')[0])
  if (major >= 22) expect(hasRelaxedSimd()).toBe(true)
})

test('the arena aligns, grows, and gives back', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 8 })
  const arena = createArena(memory)
  const first = arena.alloc(10)
  const mark = arena.mark()
  const second = arena.alloc(3 * 65536)
  expect([first % 64, second % 64]).toEqual([0, 0])
  expect(second).toBeGreaterThanOrEqual(first + 10)
  expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(second + 3 * 65536)
  arena.float32(second, 4).set([1, 2, 3, 4])
  expect([...arena.float32(second, 4)]).toEqual([1, 2, 3, 4])
  arena.release(mark)
  expect(arena.alloc(1)).toBe(second)
})

test('what cannot be had is OUT_OF_MEMORY, and the arena goes on', () => {
  const arena = createArena(new WebAssembly.Memory({ initial: 1, maximum: 2 }))
  expect(() => arena.alloc(1 << 20)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
  expect(arena.alloc(1000)).toBeGreaterThan(0)
  const limited = createArena(new WebAssembly.Memory({ initial: 1 }), 64, 4096)
  expect(() => limited.alloc(5000)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
})

test('an embedded module runs on its own memory', async () => {
  // (import "env" "memory") (func (export "f") (result i32) i32.const 42)
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127]
  bytes.push(2, 15, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 0, 1)
  bytes.push(3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11)
  const text = encodeEmbedded(Uint8Array.from(bytes))
  const { exports, build } = await instantiate<{ f(): number }>({ base: text, relaxed: text }, { build: 'base' })
  expect(exports.f()).toBe(42)
  expect(build).toBe('base')
})
