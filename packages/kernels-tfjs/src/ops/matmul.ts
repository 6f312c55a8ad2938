import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { kernelsOf, load } from './instance.js'
import { pointerTo, produce, withScratch } from './memory.js'

interface Attributes {
  readonly transposeA: boolean
  readonly transposeB: boolean
  /** These only of the fused kernel. */
  readonly activation?: string
  readonly leakyreluAlpha?: number
}

type Call = Parameters<tf.KernelFunc>[0]

const attributesOf = ({ attrs }: Call): Attributes => attrs as unknown as Attributes

/** The kernels that compute what the fused kernel calls its activation. */
const activations: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Whether this call is one that tfjs is slow at, and that our kernel can compute. */
function isOurs(call: Call): boolean {
  const { a, b, bias } = call.inputs
  const { transposeA, transposeB, activation = 'linear' } = attributesOf(call)
  const batched = sizeOf(a!.shape.slice(0, -2)) > 1 || sizeOf(b!.shape.slice(0, -2)) > 1
  const [depth, columns] = [a!.shape.at(transposeA ? -2 : -1)!, b!.shape.at(transposeB ? -2 : -1)!]
  return (
    (transposeA || transposeB || batched) &&
    [a, b].every((operand) => operand!.dtype === 'float32') &&
    depth > 0 &&
    (!bias || bias.shape.join() === `${columns}`) &&
    (activation === 'linear' || activation in activations)
  )
}

/** The index of each matrix of an operand with these batch dimensions, in the order of the broadcast batch. */
function* matrices(own: readonly number[], batch: readonly number[]): Generator<number> {
  const padded = [...Array<number>(batch.length - own.length).fill(1), ...own]
  for (let i = 0; i < sizeOf(batch); i++) {
    let [rest, index, step] = [i, 0, 1]
    for (let d = batch.length - 1; d >= 0; d--) {
      if (padded[d] !== 1) index += (rest % batch[d]!) * step
      rest = Math.floor(rest / batch[d]!)
      step *= padded[d]!
    }
    yield index
  }
}

/** Rows, columns, and the bytes between them, of an operand's matrices. */
function layout({ shape }: tf.TensorInfo, transposed: boolean) {
  const [stored, across] = shape.slice(-2) as [number, number]
  return transposed
    ? { rows: across, columns: stored, rs: 4, cs: 4 * across }
    : { rows: stored, columns: across, rs: 4 * across, cs: 4 }
}

/** Floats of scratch that the kernel in assembly/matmul.ts needs for n columns. */
const scratchFloats = (wide: number): number => 32 + wide + 96 * 320 + 320 * wide

function multiply(call: Call): tf.TensorInfo {
  const wasm = call.backend as BackendWasm
  const kernels = kernelsOf(wasm)!
  const { a, b, bias } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo; bias?: tf.TensorInfo }
  const { transposeA, transposeB } = attributesOf(call)
  const [left, right] = [layout(a, transposeA), layout(b, transposeB)]
  const [m, k, n] = [left.rows, left.columns, right.columns]
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
  const scratchBytes = 4 * scratchFloats(Math.ceil(n / 8) * 8)
  return produce(wasm, [...batch, m, n], (out) => {
    withScratch(wasm, scratchBytes, (scratch) => {
      const [pa, pb, pc] = [a, b, out].map((t) => pointerTo(wasm, t)) as [number, number, number]
      const pBias = bias ? pointerTo(wasm, bias) : 0
      const bs = matrices(batchB, batch)
      let c = pc
      for (const i of matrices(batchA, batch)) {
        const [x, y] = [pa + 4 * i * m * k, pb + 4 * (bs.next().value as number) * k * n]
        kernels.matmul(m, n, k, x, left.rs, left.cs, y, right.rs, right.cs, c, pBias, scratch)
        c += 4 * m * n
      }
    })
  })
}

/** The activation of a fused call, in the place of its argument. */
function activate(call: Call, x: tf.TensorInfo): tf.TensorInfo {
  const { activation = 'linear', leakyreluAlpha } = attributesOf(call)
  if (activation === 'linear') return x
  const backend = call.backend as BackendWasm
  const alpha = call.inputs.preluActivationWeights
  try {
    return tf.getKernel(activations[activation]!, 'wasm').kernelFunc({
      inputs: { x, ...(alpha && { alpha }) },
      attrs: { alpha: leakyreluAlpha! },
      backend,
    }) as tf.TensorInfo
  } finally {
    backend.disposeData(x.dataId)
  }
}

const names = ['BatchMatMul', '_FusedMatMul']

/**
 * Replaces tfjs-wasm's matMul (fused too) where it is slow: with a transposed operand, as in its gradients, and for more
 * than one pair of matrices. Everything else stays with tfjs's own kernel. Gives a function that restores the old state.
 * Throws UNSUPPORTED when 'wasm' is not tfjs's current backend, or without SIMD.
 */
export async function registerFastMatMul(): Promise<() => void> {
  await load('registerFastMatMul')
  const originals = names.map((name) => tf.getKernel(name, 'wasm'))
  const replace = (config: tf.KernelConfig): void => {
    tf.unregisterKernel(config.kernelName, 'wasm')
    tf.registerKernel(config)
  }
  for (const original of originals) {
    // a backend made anew has no instance of our module: then everything is tfjs's
    const ours = (call: Call): boolean => kernelsOf(call.backend as object) !== undefined && isOurs(call)
    replace({
      ...original,
      kernelFunc: (call) => (ours(call) ? activate(call, multiply(call)) : original.kernelFunc(call)),
    })
  }
  return () => originals.forEach(replace)
}
