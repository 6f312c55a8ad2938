import { createGraph, float32, node, withInitializers, type Tensor } from '@tacojs/graph'
import { openBackend } from '../backends.js'
import { parseRecipe } from '../recipe.js'
import { planLayers } from './plan.js'
import { projections, taskWeights } from './task-weights.js'

const values = (shape: number[], seed: number): Tensor =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i * 1.7)),
  )
const linear = (x: string, name: string, y = name) =>
  node('Linear', [x, `${name}.weight`, `${name}.bias`], [y], { domain: 'ai.tacojs', name })

/** One residual branch over three tokens; token 1 reaches the head whole, token 2 by a half, token 0 not at all. */
const graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 4] }],
  outputs: [{ name: 'z', dtype: 'float32', shape: ['batch', 5] }],
  nodes: [
    linear('x', 'stem'),
    linear('stem', 'fc1'),
    node('Relu', ['fc1'], ['act']),
    linear('act', 'fc2'),
    node('Add', ['stem', 'fc2'], ['sum']),
    node('Mul', ['sum', 'shares'], ['chosen']),
    node('ReduceMean', ['chosen', 'axes'], ['pooled'], { attributes: { keepdims: 0 } }),
    linear('pooled', 'head', 'z'),
  ],
  initializers: {
    shares: float32([3, 1], [0, 1, 0.5]),
    axes: { dtype: 'int64', shape: [1], data: BigInt64Array.of(1n) },
    ...Object.fromEntries(
      [
        ['stem', 4, 4],
        ['fc1', 6, 4],
        ['fc2', 4, 6],
        ['head', 5, 4],
      ].flatMap(([name, rows, cols], i) => [
        [`${name}.weight`, values([rows as number, cols as number], i)],
        [`${name}.bias`, values([rows as number], 7 + i)],
      ]),
    ),
  },
})

test('weights are the gradient norms of random projections of the logits, over their mean, plus a little', async () => {
  const batches = [values([3, 3, 4], 1), values([5, 3, 4], 2)]
  const { groups } = planLayers(graph, parseRecipe({ model: '-', data: '-' }))
  expect(groups.map((group) => group.members[0]!.layer.name)).toEqual(['fc1', 'fc2'])
  const backend = openBackend('tfjs-cpu')
  const { positions: weights, outputs } = await taskWeights(graph, groups, batches, { backend, seed: 3 })

  // by hand, for fc2: ∂z/∂o_t = share_t/3 · head, for whatever image
  const head = graph.initializers.get('head.weight')!.tensor.data as Float32Array
  const r = projections(3, 5)(8).data as Float32Array
  const norms = Array.from({ length: 8 }, (_, image) => {
    const back = [0, 1, 2, 3].map((c) => [0, 1, 2, 3, 4].reduce((s, k) => s + r[image * 5 + k]! * head[k * 4 + c]!, 0))
    const norm = Math.hypot(...back)
    return [0, norm, norm / 2]
  })
  const mean = norms.flat().reduce((a, b) => a + b, 0) / 24
  expect(weights[1]).toHaveLength(8)
  for (const [image, own] of norms.entries()) {
    own.forEach((norm, t) => expect(weights[1]![image]![t]).toBeCloseTo(norm / mean + 0.05, 4))
  }
  // Σ over images and positions of (share_t/3 · head_c)²: the shares are the same for all outputs
  const squares = Array.from({ length: 4 }, (_, c) =>
    Array.from({ length: 8 }, (_, image) =>
      [0, 1, 2, 3, 4].reduce((s, k) => s + r[image * 5 + k]! * head[k * 4 + c]!, 0),
    ).reduce((sum, back) => sum + back * back, 0),
  ).map(Math.sqrt)
  const meanSquare = squares.reduce((a, b) => a + b, 0) / 4
  expect(outputs.map((members) => members.map((m) => m.length))).toEqual([[6], [4]])
  squares.forEach((own, c) => expect(outputs[1]![0]![c]).toBeCloseTo(own / meanSquare + 0.05, 4))

  const total = weights[0]!.reduce((sum, image) => sum + image.reduce((a, b) => a + b, 0), 0)
  expect(total / 24).toBeCloseTo(1.05, 4)
})

test('the positions of a convolution are its pixels', async () => {
  // a residual branch over 2×3 pixels, which reach the head by these shares
  const shares = [0, 1, 0.5, 2, 0.25, 1]
  const convolution = (x: string, name: string, y: string) => node('Conv', [x, `${name}.weight`, `${name}.bias`], [y])
  const pixels = createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4, 2, 3] }],
    outputs: [{ name: 'z', dtype: 'float32', shape: ['batch', 5] }],
    nodes: [
      convolution('x', 'stem', 's'),
      convolution('s', 'conv', 'c'),
      node('Add', ['s', 'c'], ['sum']),
      node('Mul', ['sum', 'shares'], ['chosen']),
      node('GlobalAveragePool', ['chosen'], ['pooled']),
      node('Flatten', ['pooled'], ['flat']),
      linear('flat', 'head', 'z'),
    ],
    initializers: {
      shares: float32([2, 3], shares),
      'stem.weight': values([4, 4, 1, 1], 1),
      'stem.bias': values([4], 2),
      'conv.weight': values([4, 4, 1, 1], 3),
      'conv.bias': values([4], 4),
      'head.weight': values([5, 4], 5),
      'head.bias': values([5], 6),
    },
  })
  const { groups } = planLayers(pixels, parseRecipe({ model: '-', data: '-' }))
  expect(groups.map((group) => group.members[0]!.layer.name)).toEqual(['conv'])
  const backend = openBackend('tfjs-cpu')
  const {
    positions: [own],
    outputs,
  } = await taskWeights(pixels, groups, [values([3, 4, 2, 3], 1)], { backend, seed: 3 })
  // ∂z/∂o_p = share_p/6 · head: within an image the norms are as the shares
  for (const image of own!) {
    const norms = [...image].map((w) => w - 0.05)
    norms.forEach((norm, p) => expect(norm).toBeCloseTo((norms[1]! * shares[p]!) / shares[1]!, 4))
  }
  expect(own!.reduce((sum, image) => sum + image.reduce((a, b) => a + b, 0), 0) / 18).toBeCloseTo(1.05, 4)
  expect(outputs[0]![0]!.reduce((a, b) => a + b, 0) / 4).toBeCloseTo(1.05, 4)
})

test('projections are centred, standard normal, and the same in whatever parts they are drawn', () => {
  const [whole, parts] = [projections(1, 10), projections(1, 10)]
  const all = whole(400).data as Float32Array
  expect([...all]).toEqual([...(parts(3).data as Float32Array), ...(parts(397).data as Float32Array)])
  for (let i = 0; i < 400; i++) expect(all.subarray(i * 10, i * 10 + 10).reduce((a, b) => a + b)).toBeCloseTo(0, 5)
  // less the mean, the variance is 0.9
  expect(all.reduce((sum, v) => sum + v * v, 0) / all.length).toBeCloseTo(0.9, 1)
})

test('of many images some are measured, and the others have the mean weight of these at each position', async () => {
  const { groups } = planLayers(graph, parseRecipe({ model: '-', data: '-' }))
  const backend = openBackend('tfjs-cpu')
  const of = async (batches: Tensor[]) => (await taskWeights(graph, groups, batches, { backend, seed: 3 })).positions
  const [first, second] = [values([163, 3, 4], 1), values([7, 3, 4], 2)]
  const both = float32([170, 3, 4], [...(first.data as Float32Array), ...(second.data as Float32Array)])
  const all = await of([both])
  // whatever the batches
  expect(await of([first, second])).toEqual(all)
  const even = float32([85, 3, 4], [...both.data].filter((_, i) => Math.floor(i / 12) % 2 === 0) as number[])
  const alone = await of([even])
  for (const [g, images] of all.entries()) {
    expect(images).toHaveLength(170)
    expect(images.filter((_, i) => i % 2 === 0)).toEqual(alone[g])
    const mean = alone[g]![0]!.map((_, p) => alone[g]!.reduce((sum, image) => sum + image[p]!, 0) / 85)
    for (const odd of images.filter((_, i) => i % 2 === 1)) {
      odd.forEach((weight, p) => expect(weight).toBeCloseTo(mean[p]!, 5))
    }
  }
})

test('gradients that single precision cannot hold are no weights', async () => {
  const { groups } = planLayers(graph, parseRecipe({ model: '-', data: '-' }))
  const huge = withInitializers(graph, new Map([['head.weight', float32([5, 4], new Float32Array(20).fill(3e38))]]))
  const weights = taskWeights(huge, groups, [values([3, 3, 4], 1)], { backend: openBackend('tfjs-cpu'), seed: 3 })
  await expect(weights).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('not finite') })
})
