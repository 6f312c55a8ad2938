import { setFlagsFromString } from 'node:v8'
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { hasRelaxedSimd } from '@tacojs/wasm'
import { registerFastMatMul, registerSparseKernels, sparseConv2d, sparseLinear, sparseWeights } from './index.js'

/**
 * A wasm backend of tfjs without tfjs's module: allocations lie in a memory of ours, 64 bytes of a pattern before and after
 * each, so that a write outside of a buffer shows.
 */
class Guarded {
  readonly memory: WebAssembly.Memory
  private readonly guards: number[] = []
  private top = 0

  constructor(shared: boolean) {
    this.memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared })
    this.guard()
  }

  private get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer)
  }

  private guard(): void {
    this.guards.push(this.top)
    this.bytes.fill(0xa5, this.top, this.top + 64)
    this.top += 64
  }

  readonly backend = (): BackendWasm => {
    const nothing = (): void => undefined
    const malloc = (size: number): number => {
      const pointer = this.top
      this.top += Math.ceil(size / 4) * 4
      // uninitialised memory holds NaN
      this.bytes.fill(0xff, pointer, this.top)
      this.guard()
      return pointer
    }
    return new BackendWasm({
      wasmMemory: this.memory,
      HEAPU8: this.bytes,
      cwrap: () => nothing,
      _malloc: malloc,
      _free: nothing,
      tfjs: {
        initWithThreadsCount: nothing,
        getThreadsCount: () => 1,
        registerTensor: nothing,
        disposeData: nothing,
        dispose: nothing,
      },
    } as never)
  }

  damaged(): number[] {
    const { bytes } = this
    return this.guards.filter((at) => bytes.subarray(at, at + 64).some((byte) => byte !== 0xa5))
  }
}

const numbers = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => Math.sin(i * 7 + 1))

/** Every kernel once, at odd shapes: the results, as plain numbers. */
function everything(): number[][] {
  const results: tf.Tensor[] = []
  for (const [positions, inputs, outputs] of [
    [1, 1, 1],
    [37, 5, 7],
    [50, 8, 3],
  ] as const) {
    const x = tf.tensor(numbers(positions * inputs), [positions, inputs])
    const weights = sparseWeights(
      tf.tensor2d(
        numbers(inputs * outputs).map((v) => (v > 0 ? v : 0)),
        [inputs, outputs],
      ),
    )
    const dy = tf.tensor(numbers(positions * outputs), [positions, outputs])
    const bias = tf.tensor1d(numbers(outputs))
    results.push(sparseLinear(x, weights, bias))
    const layer = (x: tf.Tensor, _values: tf.Tensor, bias: tf.Tensor): tf.Tensor => sparseLinear(x, weights, bias)
    results.push(...tf.grads(layer)([x, weights.values, bias], dy))
  }
  const image = tf.tensor(numbers(2 * 7 * 5 * 3), [2, 7, 5, 3])
  const filter = sparseWeights(
    tf.tensor4d(
      numbers(3 * 3 * 3 * 5).map((v) => (v > 0 ? v : 0)),
      [3, 3, 3, 5],
    ),
  )
  const y = sparseConv2d(image, filter, 2, 'same')
  results.push(y, ...tf.grads((x: tf.Tensor) => sparseConv2d(x, filter, 2, 'same'))([image, filter.values], y))
  for (const [m, k, n] of [
    [1, 1, 1],
    [5, 3, 9],
    [6, 330, 10],
    [98, 4, 4],
  ] as const) {
    const a = tf.tensor(numbers(2 * m * k), [2, k, m])
    const b = tf.tensor(numbers(k * n), [n, k])
    results.push(tf.matMul(a, b, true, true))
    const bias = tf.tensor1d(numbers(n))
    const b3 = tf.tensor(numbers(k * n), [1, n, k])
    results.push(
      tf.engine().runKernel('_FusedMatMul', { a, b: b3, bias }, {
        transposeA: true,
        transposeB: true,
        activation: 'linear',
      } as never) as tf.Tensor,
    )
  }
  return results.map((tensor) => Array.from(tensor.dataSync()))
}

async function runOn(guarded: Guarded): Promise<number[][]> {
  tf.removeBackend('wasm')
  tf.registerBackend('wasm', guarded.backend)
  await tf.setBackend('wasm')
  await registerSparseKernels()
  const restore = await registerFastMatMul()
  try {
    return everything()
  } finally {
    restore()
  }
}

test('no kernel writes outside of its buffers, on plain and shared memory, with and without relaxed SIMD', async () => {
  let expected: number[][] | undefined
  for (const relaxed of [false, true]) {
    if (relaxed) setFlagsFromString('--experimental-wasm-relaxed-simd')
    if (relaxed) expect(hasRelaxedSimd()).toBe(true)
    for (const shared of [false, true]) {
      const guarded = new Guarded(shared)
      const results = await runOn(guarded)
      expect(guarded.damaged()).toEqual([])
      expected ??= results
      results.forEach((values, i) => {
        expect(values).toHaveLength(expected![i]!.length)
        // the builds round differently; a value that was never written is NaN
        values.forEach((value, j) => expect(Math.abs(value - expected![i]![j]!)).toBeLessThan(1e-4))
      })
    }
  }
})
