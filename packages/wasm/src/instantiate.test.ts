import { instantiate } from './index.js'
import { jobsModule } from './testing/jobs.js'

/** (import "env" "memory" (memory …)) (func (export "g") (result i32) i32.const 42) */
const plainModule = (...limits: number[]) =>
  Uint8Array.from([
    ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127],
    ...[2, 13 + limits.length, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, ...limits],
    ...[3, 2, 1, 0, 7, 5, 1, 1, 103, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11],
  ])

const isShared = (memory: WebAssembly.Memory) => Object.prototype.toString.call(memory.buffer).includes('Shared')

test('one binary compiled for shared memory runs on both kinds', async () => {
  for (const shared of [false, true]) {
    const { module, memory, exports } = await instantiate<object>({ base: jobsModule }, { shared })
    expect(isShared(memory)).toBe(shared)
    expect(Object.keys(exports)).toEqual(expect.arrayContaining(['run', 'work']))
    // the module fits a second instance on the same memory
    await WebAssembly.instantiate(module, { env: { memory } })
  }
})

test('modules compiled for plain memory run as before, and share only where they name a maximum', async () => {
  const [open, closed] = [plainModule(0, 1), plainModule(1, 1, 128, 1)]
  for (const bytes of [open, closed]) {
    const { exports } = await instantiate<{ g(): number }>({ base: bytes }, { memoryLimit: 1 << 20 })
    expect(exports.g()).toBe(42)
  }
  const { exports, memory } = await instantiate<{ g(): number }>(
    { base: closed },
    { shared: true, memoryLimit: 1 << 20 },
  )
  expect([exports.g(), isShared(memory)]).toEqual([42, true])
  await expect(instantiate({ base: open }, { shared: true })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})

test('a module that is compiled already is taken as it is', async () => {
  const module = await WebAssembly.compile(plainModule(0, 1))
  const instance = await instantiate<{ g(): number }>({ base: module })
  expect([instance.exports.g(), instance.module]).toEqual([42, module])
})

test('the limit bounds a shared memory as well', async () => {
  const { arena } = await instantiate({ base: jobsModule }, { shared: true, memoryLimit: 1 << 20 })
  arena.alloc(1 << 19)
  expect(() => arena.alloc(1 << 20)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
})
