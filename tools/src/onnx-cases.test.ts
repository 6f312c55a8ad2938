import { float32, fromNumbers, int64, type Tensor } from '@tacojs/graph'
import { compare, inputOf } from '../onnx-operators/compare.js'
import { runCase, runners, type Outcome } from '../onnx-operators/run-case.js'
import { tables, type CaseReport } from '../onnx-operators/table.js'
import { onnxModel } from './onnx-model.js'

const stored = (tensor: Tensor, dataType = 1) => ({ tensor, dataType })

test('a result is compared by shape, by kind of data type and within what its precision can hold', () => {
  const one = float32([2], [1, 1000])
  expect(compare(float32([2], [1.05, 1000]), stored(one), 'wasm')).toBeUndefined()
  expect(compare(float32([2], [1.2, 1000]), stored(one), 'wasm')).toContain('instead of 1 at 0')
  expect(compare(float32([2], [1.2, 1000]), stored(one, 10), 'wasm')).toBeUndefined()
  expect(compare(float32([1, 2], [1, 1000]), stored(one), 'wasm')).toContain('the shape [1,2]')
  expect(compare(float32([2], [NaN, 1000]), stored(one), 'wasm')).toContain('NaN instead of 1')
  expect(compare(int64([2], [1, 2]), stored(fromNumbers('int32', [2], [1, 2])), 'wasm')).toContain('data type')
  const bytes = (...v: number[]): Tensor => fromNumbers('uint8', [2], v)
  expect(compare(bytes(1, 7), stored(bytes(1, 8)), 'wasm')).toContain('7 instead of 8')
  expect(compare(bytes(1, 7), stored(bytes(1, 8)), 'optimized')).toBeUndefined()
})

test('bfloat16 is stored as the upper halves of floats', () => {
  const bits = fromNumbers('uint16', [2], [0x3f80, 0xc000])
  const input = { name: 'x', dtype: 'float32', shape: [2] } as const
  expect(inputOf(stored(bits), input)).toEqual(float32([2], [1, -2]))
  expect(() => inputOf(stored(bits), { ...input, shape: [3] })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
})

/** A TensorProto of float32, with its name. */
function tensorFile(name: string, { shape, data }: Tensor): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const text = new TextEncoder().encode(name)
  return Uint8Array.from([...shape.flatMap((d) => [8, d]), 16, 1, 66, text.length, ...text, 74, bytes.length, ...bytes])
}

test('a case is passed, passed with constants, refused or wrong', async () => {
  const run = (op: string, wanted: number[], second = false): Promise<Outcome> => {
    const inputs = [float32([2], [-1, 2]), ...(second ? [float32([1], [0])] : [])]
    const model = onnxModel({
      opset: 13,
      inputs: Object.fromEntries(inputs.map((t, i) => [`x${i}`, t.shape])),
      outputs: { y: 1 },
      nodes: [[op, inputs.map((_, i) => `x${i}`), ['y']]],
    })
    const files = inputs.map((t, i) => tensorFile(`x${i}`, t))
    const set = { inputs: files, outputs: [tensorFile('y', float32([2], wanted))] }
    return runCase({ suite: 'node', name: op, model, sets: [set] }, 'imported', runners([]).imported!)
  }
  expect(await run('Relu', [0, 2])).toEqual({ kind: 'passed' })
  expect(await run('Relu', [0, 3])).toMatchObject({ kind: 'wrong', reason: expect.stringContaining('2 instead of 3') })
  expect(await run('Det', [0, 2])).toMatchObject({ kind: 'refused', reason: expect.stringContaining('Det') })
  expect(await run('CumSum', [-1, 1], true)).toMatchObject({ kind: 'passed with constants' })
  expect(await run('CumSum', [-1, 2], true)).toMatchObject({ kind: 'wrong' })
})

test('the tables count cases, and say why some are refused', () => {
  const report = (name: string, operator: string, outcome: Outcome): CaseReport => ({
    suite: 'node',
    name,
    opset: 13,
    operators: new Set([operator]),
    outcomes: { optimized: outcome, wasm: outcome, 'tfjs-cpu': outcome },
  })
  const refused: Outcome = { kind: 'refused', reason: 'the Cast node that makes "y": strings are not supported' }
  const lines = tables([
    report('a', 'Cast', { kind: 'passed' }),
    report('b', 'Cast', refused),
    report('c', 'Det', { kind: 'refused', reason: 'operator Det is not supported' }),
  ]).split('\n')
  expect(lines).toContain('| all | 3 | 1 | 2 | 0 | 1 | 1 |')
  expect(lines).toContain('| Cast | 13 | 2 | 1 | 1 | 1 | strings are not supported |')
  expect(lines.at(-1)).toBe('Refused by name: Det.')
})
