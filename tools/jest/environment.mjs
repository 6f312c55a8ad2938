import { TestEnvironment } from 'jest-environment-node'

// jest gives each test file typed arrays of its own realm; native addons and instanceof checks inside
// dependencies expect those of the outer one.
const typedArrays = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]

export default class Environment extends TestEnvironment {
  async setup() {
    await super.setup()
    for (const name of typedArrays) this.global[name] = globalThis[name]
  }
}
