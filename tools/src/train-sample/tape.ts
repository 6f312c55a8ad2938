import type { Linalg } from '@tacojs/linalg'

/** Activations [n, h, w, c], channels last, with their gradient. */
export interface Activation {
  readonly n: number
  readonly h: number
  readonly w: number
  readonly c: number
  readonly data: Float32Array
  readonly grad: Float32Array
}

export interface Parameter {
  readonly name: string
  readonly data: Float32Array
  readonly grad: Float32Array
  readonly momentum: Float32Array
  readonly decay: boolean
}

/** Backward steps of one forward pass, run in reverse. */
export interface Tape {
  readonly linalg: Linalg
  readonly training: boolean
  readonly steps: (() => void)[]
}

export const activation = (n: number, h: number, w: number, c: number, data?: Float32Array): Activation => ({
  n,
  h,
  w,
  c,
  data: data ?? new Float32Array(n * h * w * c),
  grad: new Float32Array(n * h * w * c),
})

export const parameter = (name: string, data: Float32Array, decay = false): Parameter => ({
  name,
  data,
  grad: new Float32Array(data.length),
  momentum: new Float32Array(data.length),
  decay,
})
