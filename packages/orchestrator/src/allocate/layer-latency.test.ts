import type { Backend } from '@tacojs/runtime'
import { openBackend } from '../backends.js'
import { planLayers } from '../prune/plan.js'
import { parseRecipe } from '../recipe.js'
import { layerLatencies } from './layer-latency.js'
import { residualNetwork } from './testing/network.js'

const graph = residualNetwork()
const layers = planLayers(graph, parseRecipe({ model: '-', data: '-' })).groups.flatMap((group) => group.members)

test('each layer is run alone for one image, with as many zeros as said, on the backend that is given', async () => {
  const real = openBackend('tfjs-cpu')
  const compiled: [node: string, zeros: number][] = []
  const shapes: (readonly number[])[] = []
  let disposed = 0
  const backend: Backend = {
    ...real,
    compile: async (part, options) => {
      const [node, ...others] = part.nodes
      expect(others).toEqual([])
      const weights = part.initializers.get(node!.inputs[1]!)!.tensor.data as Float32Array
      compiled.push([node!.inputs[1]!, weights.reduce((sum, w) => sum + (w === 0 ? 1 : 0), 0) / weights.length])
      const program = await real.compile(part, options)
      return {
        ...program,
        run: (inputs) => {
          shapes.push(...Object.values(inputs).map((x) => x.shape))
          return program.run(inputs)
        },
        dispose: () => (disposed++, program.dispose()),
      }
    },
  }
  const table = await layerLatencies(graph, layers, [0, 1], { backend, image: [3, 6, 6], runs: 2 })
  expect(table.map((row) => row.length)).toEqual([2, 2])
  for (const ms of table.flat()) expect(ms).toBeGreaterThan(0)
  expect(compiled).toEqual(
    layers.flatMap(({ layer: { weight } }) => [
      [weight, 0],
      [weight, 1],
    ]),
  )
  expect(new Set(shapes.map(String))).toEqual(new Set(['1,8,6,6']))
  expect(disposed).toBe(4)
})

test('a raised signal ends it', async () => {
  const options = { backend: openBackend('tfjs-cpu'), image: [3, 6, 6], signal: AbortSignal.abort() }
  await expect(layerLatencies(graph, layers, [0], options)).rejects.toMatchObject({ code: 'ABORTED' })
})
