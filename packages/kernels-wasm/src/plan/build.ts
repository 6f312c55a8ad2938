import { TacoError } from '@tacojs/errors'
import { createGraph, inferTypes, passes, type Graph, type Node, type Tensor, type ValueType } from '@tacojs/graph'
import { demandMargins, readsMargin } from '../lower/conv.js'
import { lower } from '../lower/index.js'
import type { Form } from '../pack/stream.js'
import { isContiguous, type View } from '../layout/view.js'
import { narrowPositions } from './narrow.js'
import { Planner, type PlanOptions, type Step } from './planner.js'
import type { KernelNote } from '@tacojs/runtime'
import { usesOf } from './uses.js'

/** Everything that a graph needs to run at certain shapes, before it has a place in memory. */
export interface Plan {
  readonly steps: readonly Step[]
  readonly notes: readonly KernelNote[]
  readonly planner: Planner
  readonly inputs: readonly { readonly name: string; readonly view?: View }[]
  readonly outputs: readonly { readonly name: string; readonly shape: readonly number[]; readonly view?: View }[]
}

/** Passes that need concrete shapes and change no weights. */
const folding = new Set(['foldConstants', 'foldShapes', 'removeIdentity', 'removeDead'])

/** The graph with the shapes of these inputs, its integer arithmetic on shapes done; mutable weights are left alone. */
function concrete(
  graph: Graph,
  shapes: Readonly<Record<string, readonly number[]>>,
  mutable: ReadonlySet<string>,
): Graph {
  const variable = [...mutable].map((name) => ({ name, ...typeOf(graph.initializers.get(name)!.tensor) }))
  let current = createGraph({
    name: graph.name,
    nodes: graph.nodes,
    inputs: [...graph.inputs.map((i) => ({ ...i, shape: shapes[i.name]! })), ...variable],
    outputs: graph.outputs.map(({ name, dtype, shape }) => ({
      name,
      dtype,
      shape: shape.map((d) => (typeof d === 'number' ? d : `${name}?`)),
    })),
    initializers: new Map([...graph.initializers].filter(([name]) => !mutable.has(name))),
  })
  for (const { name, run } of passes) if (folding.has(name)) current = run(current)
  const initializers = new Map(current.initializers)
  for (const name of mutable) initializers.set(name, graph.initializers.get(name)!)
  return { ...current, inputs: current.inputs.filter((i) => !mutable.has(i.name)), initializers }
}

const removeDead = passes.find((pass) => pass.name === 'removeDead')!.run

const typeOf = (t: Tensor): ValueType => ({ dtype: t.dtype, shape: t.shape })

/** Operators that look at their weights, input 1, when these are packed. */
const packing = new Set(['Conv', 'Linear', 'Gemm', 'MatMul'])

/** Biases, factors and other constants are numbers. Throws INVALID_MODEL. */
function assertNumbers(graph: Graph): void {
  for (const node of graph.nodes) {
    node.inputs.forEach((name, i) => {
      const t = i === 1 && packing.has(node.op) ? undefined : graph.initializers.get(name)?.tensor
      const at = t?.dtype === 'float32' ? (t.data as Float32Array).findIndex(Number.isNaN) : -1
      if (at < 0) return
      throw new TacoError(
        'INVALID_MODEL',
        `node '${node.name}': '${name}' is not a number at element ${at}; export the model again`,
      )
    })
  }
}

/** Kernels are planned by sizes, which may depend on those of the inputs but not on their elements. Throws UNSUPPORTED. */
function assertSizes(graph: Graph, types: ReadonlyMap<string, ValueType>): void {
  for (const node of graph.nodes) {
    for (const name of node.outputs) {
      const type = types.get(name)
      if (type?.dtype !== 'float32' || type.shape.every((dim) => typeof dim === 'number')) continue
      throw new TacoError(
        'UNSUPPORTED',
        `node '${node.name}' (${node.op}): the shape of its result depends on the elements of an input`,
      )
    }
  }
}

export function buildPlan(
  graph: Graph,
  shapes: Readonly<Record<string, readonly number[]>>,
  options: PlanOptions & { readonly form: (node: Node, weightName: string) => Form },
): Plan {
  const ready = removeDead(narrowPositions(concrete(graph, shapes, options.mutable)))
  assertNumbers(ready)
  const types = inferTypes(ready)
  assertSizes(ready, types)
  const planner = new Planner(ready, types, options)
  const available = new Set<string>([...ready.initializers.keys(), ...ready.inputs.map((i) => i.name)])
  const done = new Set<Node>()
  const uses = usesOf(ready)
  const planInputs = ready.inputs.map(({ name, dtype }) => {
    if (dtype !== 'float32') {
      planner.values.set(name, { host: true })
      return { name }
    }
    const view = planner.plain(shapes[name]!, true)
    planner.set(name, view)
    return { name, view }
  })
  demandMargins(planner, ready, types)
  const context = {
    p: planner,
    uses,
    done,
    ready: (name: string) => available.has(name),
    readsMargins: (name: string) =>
      uses.of(name).some((node) => readsMargin(node, (n) => types.get(n)!.shape as number[])),
    form: options.form,
  }
  for (const node of ready.nodes) {
    if (!done.has(node)) lower(context, node)
    for (const name of node.outputs) if (planner.values.has(name)) available.add(name)
    for (const name of planner.values.keys()) available.add(name)
  }
  planner.current = 'outputs'
  const planOutputs = ready.outputs.map(({ name }) => {
    const shape = types.get(name)!.shape as number[]
    if (planner.onHost(name)) return { name, shape }
    const view = planner.view(name)
    if (isContiguous(view) && view.base % 4 === 0) return { name, shape, view }
    const to = planner.plain(shape)
    planner.copy(view, to)
    return { name, shape, view: to }
  })
  return { steps: planner.steps, notes: planner.notes, planner, inputs: planInputs, outputs: planOutputs }
}
