import { node, withInitializers, type Graph } from '@tacojs/graph'
import { residualNetwork } from '../allocate/testing/network.js'
import { parseRecipe } from '../recipe.js'
import { layerSettings } from './layer-settings.js'
import { selectLayers } from './select-layers.js'

const settingsOf = (fields: object, graph: Graph = residualNetwork()) =>
  [...layerSettings(graph, parseRecipe({ model: '-', data: '-', ...fields })).entries()].map(([name, s]) => [
    name,
    s.sparsity,
  ])

/** Its layers are called 0 and 3, as those of an nn.Sequential. */
function sequential(): Graph {
  const { nodes, initializers, ...graph } = residualNetwork()
  const names = new Map([
    ['block.conv1.weight', '0.weight'],
    ['block.conv2.weight', '3.weight'],
  ])
  const renamed = {
    ...graph,
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => names.get(name) ?? name) })),
    initializers: new Map([...initializers].map(([name, value]) => [names.get(name) ?? name, value])),
  }
  return withInitializers(renamed, new Map())
}

test('the later ones win, and names that are whole numbers over patterns', () => {
  expect(settingsOf({ layers: { '*': { sparsity: 0.3 }, '*.conv1': { sparsity: 0.9 } } })).toEqual([
    ['block.conv1', 0.9],
    ['block.conv2', 0.3],
  ])
  expect(settingsOf({ layers: { '*.conv1': { sparsity: 0.9 }, '*': { sparsity: 0.3 } } })).toEqual([
    ['block.conv1', 0.3],
    ['block.conv2', 0.3],
  ])
  expect(settingsOf({ layers: { '*': { sparsity: 0.3 }, 0: { sparsity: 0.9 } } }, sequential())).toEqual([
    ['0', 0.9],
    ['3', 0.3],
  ])
})

test('settings of layers that keep leaves dense are refused', () => {
  const layers = { '*.conv1': { sparsity: 0.9 } }
  expect(() => settingsOf({ keep: ['*.conv1'], layers })).toThrow(/^layers: '\*\.conv1' fits only layers that keep/)
  expect(settingsOf({ keep: ['*.conv2'], layers: { '*': { sparsity: 0.9 } } })).toHaveLength(2)
  expect(settingsOf({ keep: ['*.conv1'], layers: { '*.conv1': { keep: true } } })).toHaveLength(2)
})

test('layers that share a weight stay dense: settings for them alone are refused', () => {
  const { nodes, ...graph } = residualNetwork()
  const [weight, bias] = ['block.conv1.weight', 'block.conv1.bias']
  const again = node('Conv', ['stem', weight, bias], ['again'], { name: 'again', attributes: { pads: [1, 1, 1, 1] } })
  const twice = { ...graph, nodes: [...nodes, again] }
  expect(
    selectLayers(twice, [], layerSettings(twice, parseRecipe({ model: '-', data: '-' }))).map((l) => l.name),
  ).toEqual(['block.conv2'])
  expect(() => settingsOf({ layers: { '*.conv1': { sparsity: 0.9 } } }, twice)).toThrow(
    /^layers: '\*\.conv1' fits only layers that share their weight/,
  )
  expect(settingsOf({ layers: { '*': { sparsity: 0.9 } } }, twice).map(([, sparsity]) => sparsity)).toContain(0.9)
})

test('a convolution of sequences is refused before anything is pruned', () => {
  const { initializers, ...graph } = residualNetwork()
  const name = 'block.conv1.weight'
  const { tensor } = initializers.get(name)!
  const flat = { ...tensor, shape: [tensor.shape[0]!, tensor.data.length / tensor.shape[0]!, 1] }
  const sequences = { ...graph, initializers: new Map(initializers).set(name, { tensor: flat }) }
  const settings = layerSettings(sequences, parseRecipe({ model: '-', data: '-' }))
  expect(() => selectLayers(sequences, [], settings)).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining("'block.conv1' is not two-dim") }),
  )
  expect(selectLayers(sequences, ['*.conv1'], settings)).toHaveLength(1)
})
