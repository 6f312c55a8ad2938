import { TacoError } from '@tacojs/errors'
import { float32, inferTypes, sizeOf, type Graph, type Node, type Tensor } from '@tacojs/graph'
import { checkInputs, type Backend, type Program } from '@tacojs/runtime'

/** A whole backend, as short as one can be: a handful of operators in float32, one after the other. */
type Kernel = (...inputs: Tensor[]) => Tensor

const numbers = (t: Tensor): Float32Array => t.data as Float32Array

const unary =
  (f: (x: number) => number): Kernel =>
  (x) =>
    float32(x.shape, numbers(x).map(f))

/** Element by element, dimensions of 1 repeated (NumPy's broadcasting). */
const binary =
  (f: (a: number, b: number) => number): Kernel =>
  (...inputs) => {
    const rank = Math.max(...inputs.map((t) => t.shape.length))
    const shapes = inputs.map((t) => [...new Array<number>(rank - t.shape.length).fill(1), ...t.shape])
    const shape = shapes[0]!.map((d, axis) => (d === 1 ? shapes[1]![axis]! : d))
    const at = (which: number, place: number): number => {
      let [offset, step] = [0, 1]
      for (let axis = rank - 1; axis >= 0; axis--) {
        const size = shapes[which]![axis]!
        if (size !== 1) offset += (place % shape[axis]!) * step
        place = Math.floor(place / shape[axis]!)
        step *= size
      }
      return numbers(inputs[which]!)[offset]!
    }
    return float32(
      shape,
      Array.from({ length: sizeOf(shape) }, (_, i) => f(at(0, i), at(1, i))),
    )
  }

/** A [..., k] · B [k, m]. */
const matMul: Kernel = (a, b) => {
  const [k, m] = b.shape as [number, number]
  const out = new Float32Array((a.data.length / k) * m)
  for (let i = 0; i < out.length; i++) {
    const [row, column] = [Math.floor(i / m), i % m]
    let sum = 0
    for (let p = 0; p < k; p++) sum += numbers(a)[row * k + p]! * numbers(b)[p * m + column]!
    out[i] = sum
  }
  return float32([...a.shape.slice(0, -1), m], out)
}

const kernels: Readonly<Record<string, Kernel>> = {
  Add: binary((a, b) => a + b),
  Mul: binary((a, b) => a * b),
  Relu: unary((x) => Math.max(x, 0)),
  Neg: unary((x) => -x),
  MatMul: matMul,
}

function unsupported(node: Node, graph: Graph): string | undefined {
  if (node.domain !== '' || !(node.op in kernels)) return `there is no kernel for ${node.op}`
  const types = inferTypes(graph)
  const [, second] = node.inputs.map((name) => types.get(name)!)
  if (node.op === 'MatMul' && second!.shape.length !== 2) return 'MatMul is by one matrix only'
  return types.get(node.outputs[0]!)!.dtype === 'float32' ? undefined : 'the toy knows float32 only'
}

async function compile(graph: Graph, mutable: readonly string[] = []): Promise<Program> {
  let weights: Map<string, Tensor> | undefined = new Map([...graph.initializers].map(([name, w]) => [name, w.tensor]))
  const alive = (): Map<string, Tensor> => {
    if (!weights) throw new TacoError('DISPOSED', 'the program was disposed of')
    return weights
  }
  const copy = (t: Tensor): Tensor => ({ ...t, data: t.data.slice() }) as Tensor
  return {
    run: async (inputs) => {
      const values = new Map([...alive(), ...Object.entries(inputs)])
      checkInputs(graph, inputs)
      for (const { op, inputs: from, outputs } of graph.nodes)
        values.set(outputs[0]!, kernels[op]!(...from.map((name) => values.get(name)!)))
      return Object.fromEntries(graph.outputs.map(({ name }) => [name, copy(values.get(name)!)]))
    },
    write: (name, values) => {
      const old = alive().get(name)
      if (!mutable.includes(name) || `${old?.shape}` !== `${values.shape}`)
        throw new TacoError('INVALID_ARGUMENT', `'${name}' is not mutable, or has another shape`)
      alive().set(name, copy(values))
    },
    read: async (name) => copy(alive().get(name)!),
    dispose: () => (weights = undefined),
  }
}

export const toy: Backend = { name: 'toy', unsupported, compile: (graph, options) => compile(graph, options?.mutable) }
