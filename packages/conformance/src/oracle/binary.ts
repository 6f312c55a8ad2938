import { sizeOf, type DType, type Node, type Tensor } from '@tacojs/graph'
import { broadcast, broadcastOffsets, isFloat, make, num, values, type Kernel, type Kernels } from './kernel.js'

/** f of the broadcast inputs, element by element. */
function zip(inputs: readonly Tensor[], dtype: DType, f: (...elements: number[]) => number): Tensor {
  const shape = broadcast(...inputs.map((t) => t.shape))
  const data = inputs.map((t) => {
    const from = values(t)
    return Float64Array.from(broadcastOffsets(shape, t.shape), (place) => from[place]!)
  })
  const out = new Float64Array(sizeOf(shape))
  for (let i = 0; i < out.length; i++) out[i] = f(...data.map((d) => d[i]!))
  return make(dtype, shape, out)
}

const present = (inputs: readonly (Tensor | undefined)[]): Tensor[] => inputs.filter((t) => t !== undefined)

/** The result has the data type of the first input. */
const arithmetic =
  (f: (a: number, b: number, integer: boolean, node: Node) => number): Kernel =>
  (node, inputs) => {
    const [a, b] = present(inputs) as [Tensor, Tensor]
    const integer = !isFloat(a.dtype)
    return [zip([a, b], a.dtype, (x, y) => f(x!, y!, integer, node))]
  }

const variadic =
  (f: (elements: number[]) => number): Kernel =>
  (_node, inputs) => [zip(present(inputs), inputs[0]!.dtype, (...e) => f(e))]

const logical =
  (f: (a: number, b: number) => boolean): Kernel =>
  (_node, inputs) => [zip(present(inputs), 'bool', (a, b) => (f(a!, b!) ? 1 : 0))]

const sum = (e: readonly number[]): number => e.reduce((a, b) => a + b, 0)

export const binary: Kernels = {
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b),
  Div: arithmetic((a, b, integer) => (integer ? Math.trunc(a / b) : a / b)),
  Pow: arithmetic((a, b) => a ** b),
  // fmod = 1 takes the sign of the dividend (C's fmod), 0 that of the divisor (Python's %)
  Mod: arithmetic((a, b, _integer, n) => (num(n, 'fmod', 0) ? a % b : ((a % b) + b) % b)),
  PRelu: arithmetic((x, slope) => (x < 0 ? slope * x : x)),
  Min: variadic((e) => Math.min(...e)),
  Max: variadic((e) => Math.max(...e)),
  Sum: variadic(sum),
  Mean: variadic((e) => sum(e) / e.length),
  Equal: logical((a, b) => a === b),
  Greater: logical((a, b) => a > b),
  GreaterOrEqual: logical((a, b) => a >= b),
  Less: logical((a, b) => a < b),
  LessOrEqual: logical((a, b) => a <= b),
  And: logical((a, b) => a !== 0 && b !== 0),
  Or: logical((a, b) => a !== 0 || b !== 0),
  Xor: logical((a, b) => (a !== 0) !== (b !== 0)),
  Where: (_node, inputs) => [zip(present(inputs), inputs[1]!.dtype, (c, a, b) => (c ? a! : b!))],
  'ai.tacojs.LayerScale': arithmetic((x, gamma) => x * gamma),
}
