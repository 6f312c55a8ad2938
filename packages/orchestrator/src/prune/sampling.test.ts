import { TacoError } from '@tacojs/errors'
import { createGraph, float32, node, type Graph, type Node } from '@tacojs/graph'
import { createNumerics } from '@tacojs/solver'
import { residualNetwork } from '../allocate/testing/network.js'
import { openBackend } from '../backends.js'
import { memoryRecords } from '../resume/shared-records.js'
import { parseRecipe, type RecipeInput } from '../recipe.js'
import { conv, randomTensors } from '../testing/layers.js'
import { planLayers } from './plan.js'
import { repeatWarning, samplings } from './sampling.js'

const random = randomTensors(9)
const batches = [random([4, 3, 6, 6]), random([2, 3, 6, 6])]
const backend = openBackend('tfjs-cpu')

const sampled = async (
  graph: Graph,
  positionWeights: RecipeInput['positionWeights'],
  own: typeof backend = backend,
  records = memoryRecords(),
): Promise<{ weighed: boolean[]; warnings: string[] }> => {
  const recipe = parseRecipe({ model: '-', data: '-', positionWeights })
  const warnings: string[] = []
  const { graph: planned, groups } = planLayers(graph, recipe)
  const all = await samplings(planned, groups, batches, {
    ...{ backend: own, linalg: await createNumerics(), recipe, records },
    onWarning: (text) => warnings.push(text),
  })
  return { weighed: all.map(({ weights, outputs }) => weights !== undefined && outputs !== undefined), warnings }
}

/** The sum goes through an activation, as in ResNets. */
const rectified = (): Graph => {
  const { nodes, ...graph } = residualNetwork()
  return createGraph({
    ...graph,
    initializers: Object.fromEntries([...graph.initializers].map(([name, { tensor }]) => [name, tensor])),
    nodes: nodes.flatMap((n) => (n.op === 'Add' ? [{ ...n, outputs: ['s'] }, node('Relu', ['s'], ['e'])] : [n])),
  })
}

test('positions have weights unless the recipe says no, in ResNets too', async () => {
  for (const graph of [residualNetwork(), rectified()]) {
    expect(await sampled(graph, 'auto')).toEqual({ weighed: [true, true], warnings: [] })
    expect(await sampled(graph, false)).toEqual({ weighed: [false, false], warnings: [] })
  }
})

test('where they cannot be had all count alike, which is said, unless they were asked for', async () => {
  const { nodes, outputs, ...graph } = residualNetwork()
  const aside = createGraph({
    ...graph,
    outputs: [...outputs, { name: 'features', dtype: 'float32', shape: ['batch', 2, 6, 6] }],
    nodes: nodes.flatMap((n) => (n.outputs[0] === 'c' ? [n, conv('c', 'aside', 'features', 1)] : [n])),
    initializers: {
      ...Object.fromEntries([...graph.initializers].map(([name, { tensor }]) => [name, tensor])),
      'aside.weight': random([2, 8, 1, 1]),
      'aside.bias': random([2]),
    },
  })
  /** What the branch gives is rounded, or decides only whether it is taken. */
  const through = (...middle: Node[]) =>
    createGraph({
      ...graph,
      outputs,
      nodes: nodes.flatMap((n) => (n.op === 'Add' ? [...middle, { ...n, inputs: ['b', 'rounded'] }] : [n])),
      initializers: {
        ...Object.fromEntries([...graph.initializers].map(([name, { tensor }]) => [name, tensor])),
        zero: float32([], [0]),
      },
    })
  const cast = (x: string, y: string, to: number) => node('Cast', [x], [y], { attributes: { to } })
  const whole = through(cast('d', 'whole', 6), cast('whole', 'rounded', 1))
  const wide = through(cast('d', 'wide', 11), cast('wide', 'rounded', 1))
  const gate = through(node('Greater', ['d', 'zero'], ['gate']), node('Where', ['gate', 'b', 'zero'], ['rounded']))
  const noRoom = {
    ...backend,
    compile: () => Promise.reject(new TacoError('OUT_OF_MEMORY', 'wasm memory: the plan does not fit')),
  }
  for (const [of, own, why] of [
    [aside, backend, "do not depend on the layer 'aside'"],
    [whole, backend, 'depend only through whole numbers or conditions on the layer'],
    [gate, backend, 'depend only through whole numbers or conditions on the layer'],
    [wide, backend, "'wide' is float64"],
    [residualNetwork(), noRoom, 'does not fit'],
  ] as const) {
    const { weighed, warnings } = await sampled(of, 'auto', own)
    expect(weighed).not.toContain(true)
    expect(warnings).toEqual([expect.stringContaining(why)])
    await expect(sampled(of, true, own)).rejects.toThrow(why)
  }
  const lost = { ...backend, compile: () => Promise.reject(new TacoError('ABORTED', 'stopped')) }
  await expect(sampled(residualNetwork(), 'auto', lost)).rejects.toMatchObject({ code: 'ABORTED' })
})

test('a thread that was lost ends the run, and the next one has weights', async () => {
  const records = memoryRecords()
  const lost = { ...backend, compile: () => Promise.reject(new TacoError('THREAD_LOST', 'a thread died')) }
  await expect(sampled(residualNetwork(), 'auto', lost, records)).rejects.toMatchObject({ code: 'THREAD_LOST' })
  expect(await sampled(residualNetwork(), 'auto', backend, records)).toEqual({ weighed: [true, true], warnings: [] })
})

test('that there are none is kept: the rest of a run goes on without, and says the same', async () => {
  const records = memoryRecords()
  const noRoom = { ...backend, compile: () => Promise.reject(new TacoError('OUT_OF_MEMORY', 'no room')) }
  const first = await sampled(residualNetwork(), 'auto', noRoom, records)
  expect(first).toEqual({
    weighed: [false, false],
    warnings: [expect.stringMatching(/^all positions count alike.*no room$/)],
  })
  expect(await sampled(residualNetwork(), 'auto', backend, records)).toEqual(first)
  const repeated: string[] = []
  const context = { backend, linalg: await createNumerics(), records, onWarning: (text: string) => repeated.push(text) }
  const recipe = parseRecipe({ model: '-', data: '-' })
  await repeatWarning({ ...context, recipe })
  expect(repeated).toEqual(first.warnings)
  await repeatWarning({ ...context, recipe: { ...recipe, positionWeights: false } })
  expect(repeated).toHaveLength(1)
})
