import { node } from '@tacojs/graph'
import { residualNetwork } from '../allocate/testing/network.js'
import { inspectLayers } from './layers.js'

test('a layer whose weight another one reads is not prunable, and it says why', () => {
  const { nodes, ...graph } = residualNetwork()
  const names = ['block.conv1.weight', 'block.conv1.bias']
  const again = node('Conv', ['stem', ...names], ['again'], { name: 'again', attributes: { pads: [1, 1, 1, 1] } })
  const before = inspectLayers({ ...graph, nodes }, undefined, new Map())
  expect(before.filter(({ prunable }) => prunable).map(({ name }) => name)).toEqual(['block.conv1', 'block.conv2'])
  const layers = inspectLayers({ ...graph, nodes: [...nodes, again] }, undefined, new Map())
  expect(layers.filter(({ prunable }) => prunable).map(({ name }) => name)).toEqual(['block.conv2'])
  expect(layers.find(({ name }) => name === 'block.conv1')).toMatchObject({
    prunable: false,
    whyNot: 'shares its weight with another layer',
  })
})
