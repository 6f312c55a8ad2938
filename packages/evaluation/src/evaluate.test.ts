import type { Graph, Tensor } from '@tacojs/graph'
import { float32 } from '@tacojs/graph'
import type { Program } from '@tacojs/runtime'
import { compare } from './compare.js'
import { evaluate, type LabelledBatch } from './evaluate.js'
import { expectedCalibrationError } from './calibration-error.js'
import { argmaxRows, probabilities } from './classify.js'

const graph: Graph = {
  name: 'identity',
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
  nodes: [],
  initializers: new Map(),
}

/** A classifier whose logits are its input, after `change`. */
const program = (change: (t: Tensor) => Tensor): Program => ({
  run: async ({ x }) => ({ y: change(x!) }),
  write: () => undefined,
  read: async () => float32([], [0]),
  dispose: () => undefined,
})

const batches: LabelledBatch[] = [
  { input: float32([2, 3], [1, 0, 0, 0, 3, 0]), labels: [0, 1] },
  { input: float32([2, 3], [0, 0, 2, 5, 0, 4]), labels: [2, 2] },
]

test('counts, confusion and order over several batches', async () => {
  const [plain, negated] = await evaluate(
    [
      { graph, program: program((t) => t) },
      {
        graph,
        program: program((t) =>
          float32(
            t.shape,
            (t.data as Float32Array).map((v) => -v),
          ),
        ),
      },
    ],
    batches,
  )
  expect(plain).toMatchObject({ images: 4, correct: 3, top1: 0.75, predictions: [0, 1, 2, 0] })
  expect(plain!.confusion).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [1, 0, 1],
  ])
  expect(negated!.predictions).toEqual([1, 0, 0, 1])
  const paired = compare(plain!, negated!)
  expect(paired).toMatchObject({ changed: 4, gained: 0, lost: 3, difference: -0.75 })
  // Σ(d − mean)² of the differences −1, −1, −1, 0, over n²
  expect(paired.standardError).toBeCloseTo(Math.sqrt(0.75 / 16), 12)
})

test('no image, a label beyond the classes and NaN logits are typed errors', async () => {
  const classifier = { graph, program: program((t) => t) }
  await expect(evaluate([classifier], [])).rejects.toMatchObject({ code: 'INVALID_DATA' })
  await expect(evaluate([classifier], [{ input: float32([1, 3], [0, 0, 1]), labels: [3] }])).rejects.toMatchObject({
    code: 'SHAPE_MISMATCH',
  })
  for (const logits of [
    [NaN, NaN, 0],
    [3, 1, NaN],
    [1, Infinity, 2],
    [-Infinity, -Infinity, -Infinity],
  ]) {
    for (const read of [argmaxRows, probabilities])
      expect(() => read(float32([1, 3], logits))).toThrow(expect.objectContaining({ code: 'NUMERICAL' }))
  }
  // a class that is ruled out
  expect(argmaxRows(float32([1, 3], [-Infinity, 2, 1]))).toEqual([1])
})

test('of thousands of classes only those that have images take room', async () => {
  const classes = 20000
  const input = float32(
    [2, classes],
    Float32Array.from({ length: 2 * classes }, (_, i) => (i === 7 ? 1 : 0)),
  )
  const [result] = await evaluate([{ graph, program: program((t) => t) }], [{ input, labels: [7, 19999] }])
  expect(result).toMatchObject({ correct: 1, images: 2 })
  expect([result!.confusion[7]![7], result!.confusion[19999]![0], result!.confusion[5]![5]]).toEqual([1, 1, 0])
  expect(new Set(result!.confusion).size).toBe(3)
})

test('an aborted evaluation stops', async () => {
  const signal = AbortSignal.abort()
  await expect(evaluate([{ graph, program: program((t) => t) }], batches, { signal })).rejects.toMatchObject({
    code: 'ABORTED',
  })
})

test('softmax rows and ties', () => {
  const rows = probabilities(float32([2, 2], [0, Math.log(3), 1000, 1000]))
  expect(rows[0]![1]).toBeCloseTo(0.75, 6)
  expect([...rows[1]!]).toEqual([0.5, 0.5])
  expect([...probabilities(float32([1, 2], [0.25, 0.75]))[0]!]).toEqual([0.25, 0.75])
  expect(argmaxRows(float32([1, 3], [2, 2, 1]))).toEqual([0])
})

test('expected calibration error by hand', () => {
  // two bins: (0.3, 0.4) with accuracy 0.5, and (0.9) with accuracy 1
  expect(expectedCalibrationError([0.3, 0.4, 0.9], [true, false, true], 2)).toBeCloseTo(
    (2 / 3) * 0.15 + (1 / 3) * 0.1,
    12,
  )
  expect(expectedCalibrationError([1, 0], [true, false])).toBe(0)
})
