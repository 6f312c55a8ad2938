import { activation, type Activation, type Parameter, type Tape } from './tape.js'

/** A convolution with padding (k − 1)/2; the weight is [k·k·in, out], rows in the order (ky, kx, channel). */
export function conv(tape: Tape, x: Activation, weight: Parameter, k: number, stride: number): Activation {
  const out = weight.data.length / (k * k * x.c)
  const pad = (k - 1) / 2
  const y = activation(
    x.n,
    Math.floor((x.h + 2 * pad - k) / stride) + 1,
    Math.floor((x.w + 2 * pad - k) / stride) + 1,
    out,
  )
  const rows = y.n * y.h * y.w
  const cols = k * k * x.c
  const patches = new Float32Array(rows * cols)
  eachRun(x, y, k, stride, pad, (from, to, length) => {
    for (let i = 0; i < length; i++) patches[to + i] = x.data[from + i]!
  })
  tape.linalg.gemm({ m: rows, n: out, k: cols, a: patches, b: weight.data, c: y.data })
  tape.steps.push(() => {
    tape.linalg.gemm({ transA: true, m: cols, n: out, k: rows, a: patches, b: y.grad, beta: 1, c: weight.grad })
    const back = new Float32Array(rows * cols)
    tape.linalg.gemm({ transB: true, m: rows, n: cols, k: out, a: y.grad, b: weight.data, c: back })
    eachRun(x, y, k, stride, pad, (from, to, length) => {
      for (let i = 0; i < length; i++) x.grad[from + i]! += back[to + i]!
    })
  })
  return y
}

/** Visits the runs of values that lie together in both the image and its patches: one kernel line within the image. */
function eachRun(
  x: Activation,
  y: Activation,
  k: number,
  stride: number,
  pad: number,
  visit: (from: number, to: number, length: number) => void,
): void {
  for (let n = 0, row = 0; n < y.n; n++) {
    for (let oy = 0; oy < y.h; oy++) {
      for (let ox = 0; ox < y.w; ox++, row++) {
        const left = ox * stride - pad
        const first = Math.max(0, -left)
        const last = Math.min(k, x.w - left)
        for (let ky = 0; ky < k; ky++) {
          const iy = oy * stride - pad + ky
          if (iy < 0 || iy >= x.h) continue
          const from = ((n * x.h + iy) * x.w + left + first) * x.c
          visit(from, ((row * k + ky) * k + first) * x.c, (last - first) * x.c)
        }
      }
    }
  }
}

export interface BatchNorm {
  readonly scale: Parameter
  readonly shift: Parameter
  readonly mean: Float32Array
  readonly variance: Float32Array
}

export const EPSILON = 1e-5

/** Batch normalisation (Ioffe & Szegedy 2015) over n, h, w; running statistics with momentum 0.1 while training. */
export function batchNorm(tape: Tape, x: Activation, bn: BatchNorm): Activation {
  const y = activation(x.n, x.h, x.w, x.c)
  const rows = x.n * x.h * x.w
  const mean = new Float64Array(x.c)
  const variance = new Float64Array(x.c)
  if (tape.training) {
    for (let r = 0, i = 0; r < rows; r++) for (let c = 0; c < x.c; c++, i++) mean[c]! += x.data[i]!
    for (let c = 0; c < x.c; c++) mean[c]! /= rows
    for (let r = 0, i = 0; r < rows; r++)
      for (let c = 0; c < x.c; c++, i++) variance[c]! += (x.data[i]! - mean[c]!) ** 2
    for (let c = 0; c < x.c; c++) {
      variance[c]! /= rows
      bn.mean[c]! += 0.1 * (mean[c]! - bn.mean[c]!)
      bn.variance[c]! += 0.1 * (variance[c]! - bn.variance[c]!)
    }
  } else {
    mean.set(bn.mean)
    variance.set(bn.variance)
  }
  const inverse = variance.map((v) => 1 / Math.sqrt(v + EPSILON))
  const normal = new Float32Array(x.data.length)
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < x.c; c++, i++) {
      normal[i] = (x.data[i]! - mean[c]!) * inverse[c]!
      y.data[i] = normal[i]! * bn.scale.data[c]! + bn.shift.data[c]!
    }
  }
  tape.steps.push(() => {
    const sum = new Float64Array(x.c)
    const dot = new Float64Array(x.c)
    for (let r = 0, i = 0; r < rows; r++) {
      for (let c = 0; c < x.c; c++, i++) {
        sum[c]! += y.grad[i]!
        dot[c]! += y.grad[i]! * normal[i]!
      }
    }
    for (let c = 0; c < x.c; c++) {
      bn.scale.grad[c]! += dot[c]!
      bn.shift.grad[c]! += sum[c]!
    }
    for (let r = 0, i = 0; r < rows; r++) {
      for (let c = 0; c < x.c; c++, i++) {
        x.grad[i]! += bn.scale.data[c]! * inverse[c]! * (y.grad[i]! - (sum[c]! + normal[i]! * dot[c]!) / rows)
      }
    }
  })
  return y
}

export function relu(tape: Tape, x: Activation): Activation {
  const y = activation(x.n, x.h, x.w, x.c)
  for (let i = 0; i < x.data.length; i++) y.data[i] = Math.max(0, x.data[i]!)
  tape.steps.push(() => {
    for (let i = 0; i < x.data.length; i++) if (x.data[i]! > 0) x.grad[i]! += y.grad[i]!
  })
  return y
}

export function add(tape: Tape, a: Activation, b: Activation): Activation {
  const y = activation(a.n, a.h, a.w, a.c)
  for (let i = 0; i < y.data.length; i++) y.data[i] = a.data[i]! + b.data[i]!
  tape.steps.push(() => {
    for (let i = 0; i < y.grad.length; i++) {
      a.grad[i]! += y.grad[i]!
      b.grad[i]! += y.grad[i]!
    }
  })
  return y
}

/** Mean over h and w. */
export function globalAveragePool(tape: Tape, x: Activation): Activation {
  const y = activation(x.n, 1, 1, x.c)
  const plane = x.h * x.w
  const at = (i: number): number => Math.floor(i / (plane * x.c)) * x.c + (i % x.c)
  for (let i = 0; i < x.data.length; i++) y.data[at(i)]! += x.data[i]! / plane
  tape.steps.push(() => {
    for (let i = 0; i < x.data.length; i++) x.grad[i]! += y.grad[at(i)]! / plane
  })
  return y
}

/** Mean cross-entropy of softmax(logits + bias); sets the gradients and returns the loss and the right predictions. */
export function crossEntropy(
  tape: Tape,
  logits: Activation,
  bias: Parameter,
  labels: readonly number[],
): { loss: number; correct: number } {
  let loss = 0
  let correct = 0
  for (let n = 0; n < logits.n; n++) {
    const row = Float64Array.from({ length: logits.c }, (_, c) => logits.data[n * logits.c + c]! + bias.data[c]!)
    const max = Math.max(...row)
    if (row.indexOf(max) === labels[n]) correct++
    const sum = row.reduce((total, v) => total + Math.exp(v - max), 0)
    loss += (Math.log(sum) + max - row[labels[n]!]!) / logits.n
    for (let c = 0; c < logits.c; c++) {
      const grad = (Math.exp(row[c]! - max) / sum - (c === labels[n] ? 1 : 0)) / logits.n
      logits.grad[n * logits.c + c] = grad
      bias.grad[c]! += grad
    }
  }
  tape.steps.reverse().forEach((step) => step())
  return { loss, correct }
}
