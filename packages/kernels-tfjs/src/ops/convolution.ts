import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import type { TensorInfo } from '@tensorflow/tfjs-core'
import { kernelsOf } from './instance.js'
import { runJob, type Job } from './job.js'
import { pointerTo, produce, withScratch } from './memory.js'
import { forwardPlan, inputPhases, type Phase } from './plan.js'
import type { DevicePlan, SparseWeights } from './weights.js'
import type { Window } from './window.js'

/** What is computed: y [images, outHeight, outWidth, out] from x [images, height, width, in]. */
export interface Convolution {
  readonly weights: SparseWeights
  readonly window: Window
  readonly images: number
  /** Height and width. */
  readonly inSize: readonly [number, number]
  readonly outSize: readonly [number, number]
  /** The shapes that the caller sees, which may fold the dimensions before the last in another way. */
  readonly inShape: readonly number[]
  readonly outShape: readonly number[]
}

const keyOf = ({ strides, dilations, pads }: Window): string => [strides, dilations, pads].join()

/** What `convolve` and `gradientOfValues` need on the device besides their tensors; made at the first call. */
export const forwardPlanOf = ({ weights, window }: Convolution): DevicePlan =>
  weights.plansFor(`forward ${keyOf(window)}`, () => [forwardPlan(weights.pattern, window)])[0]!

/** The same for `gradientOfInput`. */
export const inputPhasesOf = ({ weights, window }: Convolution): readonly DevicePlan<Phase>[] =>
  weights.plansFor(`input ${keyOf(window)}`, () => inputPhases(weights.pattern, window))

/** The fields of a job that come from a plan. */
function planned(backend: BackendWasm, { plan, tensor, offsets, taps }: DevicePlan) {
  const start = pointerTo(backend, tensor)
  const { rows, channels } = plan
  return {
    rows,
    channels,
    tapCount: plan.taps.length / 2,
    ends: start,
    offsets: start + 4 * offsets,
    taps: start + 4 * taps,
  }
}

/** The fields of a job that reads x and has y as its output. */
function fromImage(backend: BackendWasm, convolution: Convolution, x: TensorInfo, y: TensorInfo) {
  const { images, inSize, outSize, window } = convolution
  const plan = planned(backend, forwardPlanOf(convolution))
  const yPixel = 4 * plan.rows
  return {
    ...plan,
    x: pointerTo(backend, x),
    y: pointerTo(backend, y),
    images,
    height: inSize[0],
    width: inSize[1],
    gridHeight: outSize[0],
    gridWidth: outSize[1],
    strides: window.strides,
    yImage: outSize[0] * outSize[1] * yPixel,
    yRow: outSize[1] * yPixel,
    yPixel,
  }
}

/** y = bias + W·x */
export const convolve = (
  backend: BackendWasm,
  convolution: Convolution,
  x: TensorInfo,
  values: TensorInfo,
  bias?: TensorInfo,
): TensorInfo =>
  produce(backend, convolution.outShape, (y) => {
    const job: Job = {
      ...fromImage(backend, convolution, x, y),
      bias: bias ? pointerTo(backend, bias) : 0,
      values: pointerTo(backend, values),
      gradient: 0,
    }
    runJob(backend, job, (pointer) => kernelsOf(backend)!.multiply(pointer, 0))
  })

/** The gradient of x: each kind of pixels is a convolution of dy without strides. */
export const gradientOfInput = (
  backend: BackendWasm,
  convolution: Convolution,
  dy: TensorInfo,
  values: TensorInfo,
): TensorInfo =>
  produce(backend, convolution.inShape, (dx) => {
    for (const phase of inputPhasesOf(convolution)) fillPhase(backend, convolution, phase, dy, values, dx)
  })

function fillPhase(
  backend: BackendWasm,
  { window, images, inSize, outSize }: Convolution,
  phase: DevicePlan<Phase>,
  dy: TensorInfo,
  values: TensorInfo,
  dx: TensorInfo,
): void {
  const kernels = kernelsOf(backend)!
  const { row, column, rows, offsets } = phase.plan
  const rowBytes = 4 * inSize[1] * rows
  const job = {
    ...planned(backend, phase),
    x: pointerTo(backend, dy),
    y: pointerTo(backend, dx) + row * rowBytes + 4 * column * rows,
    bias: 0,
    gradient: 0,
    images,
    height: outSize[0],
    width: outSize[1],
    gridHeight: Math.ceil((inSize[0] - row) / window.strides[0]),
    gridWidth: Math.ceil((inSize[1] - column) / window.strides[1]),
    strides: [1, 1] as const,
    yImage: inSize[0] * rowBytes,
    yRow: window.strides[0] * rowBytes,
    yPixel: 4 * window.strides[1] * rows,
  }
  withScratch(backend, 4 * offsets.length, (ordered) => {
    const order = pointerTo(backend, phase.tensor) + 4 * phase.order
    kernels.reorder(pointerTo(backend, values), order, offsets.length, ordered)
    runJob(backend, { ...job, values: ordered }, (pointer) => kernels.multiply(pointer, 0))
  })
}

/** The gradient of the values, [number of weights]. */
export const gradientOfValues = (
  backend: BackendWasm,
  convolution: Convolution,
  dy: TensorInfo,
  x: TensorInfo,
): TensorInfo =>
  produce(backend, [convolution.weights.count], (gradient) => {
    const job: Job = {
      ...fromImage(backend, convolution, x, dy),
      bias: 0,
      values: 0,
      gradient: pointerTo(backend, gradient),
    }
    runJob(backend, job, (pointer) => kernelsOf(backend)!.valuesGradient(pointer))
  })

/** The gradient of the bias, [out]. */
export function gradientOfBias(backend: BackendWasm, { outShape }: Convolution, dy: TensorInfo): TensorInfo {
  const outputs = outShape[outShape.length - 1]!
  const positions = outShape.slice(0, -1).reduce((a, b) => a * b, 1)
  return produce(backend, [outputs], (gradient) => {
    kernelsOf(backend)!.columnSums(pointerTo(backend, dy), positions, outputs, pointerTo(backend, gradient))
  })
}
