import { broadcastShapes } from '../dims.js'
import type { Node, ValueType } from '../graph.js'
import { fromNumbers, toNumbers, type DType, type Tensor } from '../tensor.js'
import { numberAttribute } from './attributes.js'
import type { AttributeType, OpDefinition } from './definition.js'
import { broadcastTo } from './index-map.js'

/** Half to even, as ONNX Round and IEEE do. */
const roundHalfToEven = (x: number): number => {
  const floor = Math.floor(x)
  if (x - floor !== 0.5) return Math.round(x)
  return floor % 2 === 0 ? floor : Math.ceil(x)
}

const sameType = (x: ValueType): ValueType[] => [x]

interface Unary {
  readonly attributes?: Readonly<Record<string, AttributeType>>
  readonly value?: (x: number, node: Node) => number
  readonly dtype?: DType
}

const unaries: Readonly<Record<string, Unary>> = {
  Abs: { value: Math.abs },
  Neg: { value: (x) => -x },
  Sqrt: { value: Math.sqrt },
  Exp: { value: Math.exp },
  Log: { value: Math.log },
  Erf: {},
  Tanh: { value: Math.tanh },
  Sigmoid: { value: (x) => 1 / (1 + Math.exp(-x)) },
  Relu: { value: (x) => Math.max(x, 0) },
  LeakyRelu: {
    attributes: { alpha: 'float' },
    value: (x, node) => (x < 0 ? numberAttribute(node, 'alpha', 0.01) * x : x),
  },
  Elu: { attributes: { alpha: 'float' } },
  Selu: { attributes: { alpha: 'float', gamma: 'float' } },
  HardSigmoid: { attributes: { alpha: 'float', beta: 'float' } },
  HardSwish: {},
  Softplus: {},
  Softsign: {},
  Mish: {},
  Reciprocal: { value: (x) => 1 / x },
  Floor: { value: Math.floor },
  Ceil: { value: Math.ceil },
  Round: { value: roundHalfToEven },
  Sign: { value: Math.sign },
  Sin: { value: Math.sin },
  Cos: { value: Math.cos },
  Not: { value: (x) => (x ? 0 : 1), dtype: 'bool' },
}

const unary = (op: string, { attributes = {}, value, dtype }: Unary): OpDefinition => ({
  op,
  domain: '',
  inputs: [1, 1],
  outputs: [1, 1],
  attributes,
  infer: ({ inputs }) => sameType(dtype ? { ...inputs[0]!, dtype } : inputs[0]!),
  ...(value
    ? {
        evaluate: (node: Node, [x]: readonly (Tensor | undefined)[]) => [
          fromNumbers(
            dtype ?? x!.dtype,
            x!.shape,
            toNumbers(x!).map((v) => value(v, node)),
          ),
        ],
      }
    : {}),
})

/** Applies f to broadcast operands; all numbers are doubles on the way. */
function combine(tensors: readonly Tensor[], dtype: DType, f: (...values: number[]) => number): Tensor {
  const shape = broadcastShapes(
    tensors.map((t) => t.shape),
    'constants',
  ) as number[]
  const values = tensors.map((t) => toNumbers(broadcastTo(t, shape)))
  return fromNumbers(
    dtype,
    shape,
    values[0]!.map((_, i) => f(...values.map((v) => v[i]!))),
  )
}

const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64'

interface Binary {
  readonly value: (a: number, b: number, node: Node, dtype: DType) => number
  readonly attributes?: Readonly<Record<string, AttributeType>>
  readonly dtype?: DType
}

const binaries: Readonly<Record<string, Binary>> = {
  Add: { value: (a, b) => a + b },
  Sub: { value: (a, b) => a - b },
  Mul: { value: (a, b) => a * b },
  Div: { value: (a, b, _node, dtype) => (isFloat(dtype) ? a / b : Math.trunc(a / b)) },
  Pow: { value: (a, b) => a ** b },
  Mod: {
    attributes: { fmod: 'int' },
    value: (a, b, node) => (numberAttribute(node, 'fmod', 0) ? a % b : a - b * Math.floor(a / b)),
  },
  PRelu: { value: (a, b) => (a < 0 ? a * b : a) },
  Equal: { value: (a, b) => Number(a === b), dtype: 'bool' },
  Greater: { value: (a, b) => Number(a > b), dtype: 'bool' },
  GreaterOrEqual: { value: (a, b) => Number(a >= b), dtype: 'bool' },
  Less: { value: (a, b) => Number(a < b), dtype: 'bool' },
  LessOrEqual: { value: (a, b) => Number(a <= b), dtype: 'bool' },
  And: { value: (a, b) => Number(a && b), dtype: 'bool' },
  Or: { value: (a, b) => Number(a || b), dtype: 'bool' },
  Xor: { value: (a, b) => Number(Boolean(a) !== Boolean(b)), dtype: 'bool' },
}

const binary = (op: string, { value, attributes = {}, dtype }: Binary): OpDefinition => ({
  op,
  domain: '',
  inputs: [2, 2],
  outputs: [1, 1],
  attributes,
  infer: ({ node, inputs: [a, b] }) => [
    { dtype: dtype ?? a!.dtype, shape: broadcastShapes([a!.shape, b!.shape], `node '${node.name}' (${op})`) },
  ],
  evaluate: (node, [a, b]) => [combine([a!, b!], dtype ?? a!.dtype, (x, y) => value(x, y, node, a!.dtype))],
})

const variadics: Readonly<Record<string, (...values: number[]) => number>> = {
  Min: Math.min,
  Max: Math.max,
  Sum: (...values) => values.reduce((a, b) => a + b, 0),
  Mean: (...values) => values.reduce((a, b) => a + b, 0) / values.length,
}

const variadic = (op: string, value: (...values: number[]) => number): OpDefinition => ({
  op,
  domain: '',
  inputs: [1, Infinity],
  outputs: [1, 1],
  attributes: {},
  infer: ({ node, inputs }) => [
    {
      dtype: inputs[0]!.dtype,
      shape: broadcastShapes(
        inputs.map((x) => x!.shape),
        `node '${node.name}' (${op})`,
      ),
    },
  ],
  evaluate: (_node, inputs) => [combine(inputs as Tensor[], inputs[0]!.dtype, value)],
})

export const elementwise: readonly OpDefinition[] = [
  ...Object.entries(unaries).map(([op, u]) => unary(op, u)),
  ...Object.entries(binaries).map(([op, b]) => binary(op, b)),
  ...Object.entries(variadics).map(([op, value]) => variadic(op, value)),
  {
    op: 'Clip',
    domain: '',
    inputs: [1, 3],
    outputs: [1, 1],
    attributes: {},
    infer: ({ inputs }) => sameType(inputs[0]!),
    evaluate: (_node, [x, low, high]) => {
      const [min, max] = [low ? toNumbers(low)[0]! : -Infinity, high ? toNumbers(high)[0]! : Infinity]
      return [
        fromNumbers(
          x!.dtype,
          x!.shape,
          toNumbers(x!).map((v) => Math.min(Math.max(v, min), max)),
        ),
      ]
    },
  },
  {
    op: 'Where',
    domain: '',
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: {},
    infer: ({ node, inputs }) => [
      {
        dtype: inputs[1]!.dtype,
        shape: broadcastShapes(
          inputs.map((x) => x!.shape),
          `node '${node.name}' (Where)`,
        ),
      },
    ],
    evaluate: (_node, inputs) => [
      combine(inputs as Tensor[], inputs[1]!.dtype, (condition, a, b) => (condition ? a! : b!)),
    ],
  },
  {
    op: 'Identity',
    domain: '',
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {},
    infer: ({ inputs }) => sameType(inputs[0]!),
    evaluate: (_node, [x]) => [x!],
  },
]
