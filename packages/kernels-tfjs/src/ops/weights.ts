import { TacoError } from '@tacojs/errors'
import * as tf from '@tensorflow/tfjs-core'
import { forEachWeight, patternOf, type Pattern } from './pattern.js'
import type { Plan } from './plan.js'

/** A plan on the device: its numbers in one int32 tensor, and where each part begins, in elements. */
export interface DevicePlan<P extends Plan = Plan> {
  readonly plan: P
  readonly tensor: tf.Tensor
  readonly offsets: number
  readonly taps: number
  readonly order: number
}

function upload<P extends Plan>(plan: P): DevicePlan<P> {
  const parts = [plan.ends, plan.offsets, plan.taps, plan.order ?? new Uint32Array(0)]
  const numbers = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0))
  const starts: number[] = []
  let at = 0
  for (const part of parts) {
    starts.push(at)
    numbers.set(part, at)
    at += part.length
  }
  return {
    plan,
    tensor: tf.keep(tf.tensor1d(numbers, 'int32')),
    offsets: starts[1]!,
    taps: starts[2]!,
    order: starts[3]!,
  }
}

export interface SparseWeightsOptions {
  /** Where weights exist, by anything but 0, in the dense tensor's shape; the non-zeros unless given. */
  readonly mask?: tf.Tensor
  /** Whether tf.variableGrads and optimizers see the values; true unless given. */
  readonly trainable?: boolean
  /** The name of the variable; tfjs chooses one unless given. */
  readonly name?: string
}

/** Weights of which most are zero and stay so. The others are `values`, a variable. Made by `sparseWeights`. */
export class SparseWeights {
  /** [number of weights], in the order of their output, then of their place in the dense tensor: see `indices`. */
  readonly values: tf.Variable<tf.Rank.R1>
  private readonly plans = new Map<string, readonly DevicePlan[]>()

  /** @internal */
  constructor(
    /** [in, out], or [height, width, in, out]. */
    readonly shape: readonly number[],
    /** @internal */
    readonly pattern: Pattern,
    values: tf.Variable<tf.Rank.R1>,
  ) {
    this.values = values
  }

  /** How many weights there are. */
  get count(): number {
    return this.pattern.inputs.length
  }

  /** For each of `values`, its index in the dense tensor's data. */
  indices(): Int32Array {
    const outputs = this.pattern.ends.length
    const indices = new Int32Array(this.count)
    forEachWeight(this.pattern, (i, output, input) => (indices[i] = input * outputs + output))
    return indices
  }

  /** The dense tensor, with the values of now; not differentiable. Throws DISPOSED. */
  toDense(): tf.Tensor {
    this.assertAlive('toDense')
    const values = this.values.dataSync()
    const dense = new Float32Array(this.shape.reduce((a, b) => a * b, 1))
    this.indices().forEach((index, i) => (dense[index] = values[i]!))
    return tf.tensor(dense, [...this.shape])
  }

  /**
   * The plans known by this key, made and uploaded once. Throws DISPOSED.
   * @internal
   */
  plansFor<P extends Plan>(key: string, make: () => readonly P[]): readonly DevicePlan<P>[] {
    this.assertAlive('a sparse layer')
    let known = this.plans.get(key)
    if (!known) this.plans.set(key, (known = make().map(upload)))
    return known as readonly DevicePlan<P>[]
  }

  /** @internal */
  assertAlive(caller: string): void {
    if (this.values.isDisposed) throw new TacoError('DISPOSED', `${caller}: these sparse weights were disposed of`)
  }

  /** Frees the values and everything derived from the pattern. */
  dispose(): void {
    if (!this.values.isDisposed) this.values.dispose()
    for (const plans of this.plans.values()) for (const { tensor } of plans) tensor.dispose()
    this.plans.clear()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/**
 * Sparse weights from a dense tensor, [in, out] for `sparseLinear` or [height, width, in, out] for `sparseConv2d`, which
 * stays the caller's. Throws SHAPE_MISMATCH for another rank, data type or mask, INVALID_WEIGHTS for NaN and infinities,
 * INVALID_ARGUMENT for the name of a variable that exists.
 */
export function sparseWeights(
  dense: tf.Tensor,
  { mask, trainable = true, name }: SparseWeightsOptions = {},
): SparseWeights {
  const { shape, dtype } = dense
  const given = `${dtype} [${shape.join(', ')}]`
  if (dtype !== 'float32' || (shape.length !== 2 && shape.length !== 4)) {
    throw new TacoError(
      'SHAPE_MISMATCH',
      `sparseWeights: expected float32 [in, out] or [height, width, in, out], not ${given}`,
    )
  }
  if (mask && mask.shape.join() !== shape.join()) {
    throw new TacoError('SHAPE_MISMATCH', `sparseWeights: a mask [${mask.shape.join(', ')}] does not fit ${given}`)
  }
  if (name !== undefined && name in tf.engine().state.registeredVariables) {
    throw new TacoError('INVALID_ARGUMENT', `sparseWeights: a variable '${name}' exists; choose another name`)
  }
  const data = dense.dataSync<'float32'>()
  const bad = data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) {
    throw new TacoError('INVALID_WEIGHTS', `sparseWeights: the weight at ${bad} of ${given} is ${data[bad]}`)
  }
  const holds = mask ? mask.dataSync() : data
  const filter = (shape.length === 4 ? shape : [1, 1, ...shape]) as [number, number, number, number]
  const pattern = patternOf(filter, (index) => holds[index] !== 0)
  const values = new Float32Array(pattern.inputs.length)
  forEachWeight(pattern, (i, output, input) => (values[i] = data[input * filter[3] + output]!))
  const variable = tf.tidy(() => tf.variable(tf.tensor1d(values), trainable, name))
  return new SparseWeights([...shape], pattern, variable)
}
