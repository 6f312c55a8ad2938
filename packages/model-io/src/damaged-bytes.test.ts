import { isTacoError } from '@tacojs/errors'
import { float32, fromNumbers, int64, type Graph } from '@tacojs/graph'
import { decodeSafetensors, decodeWeights, encodeSafetensors, encodeWeights, exportOnnx, parseOnnx } from './index.js'

const initializers = new Map([
  [
    'w',
    {
      tensor: float32(
        [1, 4, 3, 3],
        Float32Array.from({ length: 36 }, (_, i) => (i % 4 ? 0 : i - 17)),
      ),
    },
  ],
  ['shape', { tensor: int64([2], [0, -1]) }],
  ['axes', { tensor: int64([1], [1]) }],
  ['u8', { tensor: fromNumbers('uint8', [3], [1, 2, 3]) }],
])
const graph: Graph = {
  name: 'small',
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4, 6, 6] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 1] }],
  nodes: [
    { name: 'c', op: 'Conv', domain: '', inputs: ['x', 'w'], outputs: ['h'], attributes: { pads: [1, 1, 1, 1] } },
    { name: 'r', op: 'Reshape', domain: '', inputs: ['h', 'shape'], outputs: ['i'], attributes: {} },
    { name: 'm', op: 'ReduceMean', domain: '', inputs: ['i', 'axes'], outputs: ['y'], attributes: { keepdims: 1 } },
  ],
  initializers,
}

/** A linear congruential generator: the same damage in every run. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function damaged(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  const out = bytes.slice()
  const at = next(out.length)
  switch (next(5)) {
    case 0:
      out[at]! ^= 1 << next(8)
      return out
    case 1:
      out[at] = [0, 127, 128, 255][next(4)]!
      return out
    case 2:
      return out.subarray(0, at)
    case 3:
      return out.copyWithin(at, next(out.length), next(out.length))
    default: {
      // a splice: everything behind it moves
      const from = next(out.length)
      return Uint8Array.from([...out.subarray(0, at), ...out.subarray(from)])
    }
  }
}

const parsers: Record<string, [Uint8Array, (bytes: Uint8Array) => unknown]> = {
  ONNX: [exportOnnx(graph), parseOnnx],
  safetensors: [encodeSafetensors(new Map([...initializers].map(([n, { tensor }]) => [n, tensor]))), decodeSafetensors],
  weights: [encodeWeights(initializers), decodeWeights],
}

test.each(Object.entries(parsers))('%s: damaged bytes end in a typed error or in a value', (_, [bytes, parse]) => {
  const rounds = Number(process.env.TACO_FUZZ_ROUNDS ?? 700)
  const next = random(1)
  let refused = 0
  for (let i = 0; i < rounds; i++) {
    let input = bytes
    for (let n = next(3); n >= 0; n--) input = damaged(input, next)
    try {
      parse(input)
    } catch (error) {
      if (!isTacoError(error)) throw new Error(`round ${i}: ${String(error)}`, { cause: error })
      refused++
    }
  }
  expect(refused).toBeGreaterThan(rounds / 3)
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  expect(Object.keys(Object.prototype)).toEqual([])
})

test('every prefix of a small file is refused or read', () => {
  for (const [bytes, parse] of Object.values(parsers)) {
    for (let end = 0; end < bytes.length; end++) {
      try {
        parse(bytes.subarray(0, end))
      } catch (error) {
        expect(isTacoError(error)).toBe(true)
      }
    }
  }
})
