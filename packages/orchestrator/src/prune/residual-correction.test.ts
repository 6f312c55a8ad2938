import { createGraph, float32, int64, node, residualWrites, subgraph, type Tensor } from '@tacojs/graph'
import { openBackend } from '../backends.js'
import { residualTarget } from './residual-correction.js'

const values = (shape: number[], seed: number): Tensor =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i * 1.7)),
  )

const graph = createGraph({
  inputs: [
    { name: 'x', dtype: 'float32', shape: ['batch', 6, 4] },
    { name: 'skip', dtype: 'float32', shape: ['batch', 4, 3, 2] },
  ],
  outputs: [{ name: 'sum', dtype: 'float32', shape: ['batch', 4, 3, 2] }],
  nodes: [
    node('Linear', ['x', 'w'], ['y'], { domain: 'ai.tacojs', name: 'layer' }),
    node('LayerScale', ['y', 'gamma'], ['scaled'], { domain: 'ai.tacojs' }),
    node('Reshape', ['scaled', 'shape'], ['image']),
    node('Transpose', ['image'], ['turned'], { attributes: { perm: [0, 3, 1, 2] } }),
    node('Mul', ['half', 'turned'], ['small']),
    node('Add', ['small', 'skip'], ['sum']),
  ],
  initializers: {
    w: values([4, 4], 9),
    gamma: float32([4], [0.5, -2, 0, 3]),
    shape: int64([4], [0, 3, 2, 4]),
    half: float32([4, 1, 1], [1, 2, 0.5, 1]),
  },
})

test('an output at the target gives the dense sum on the other stream, where the layer has a say', async () => {
  const [x, dense, sparse] = [values([2, 6, 4], 1), values([2, 4, 3, 2], 2), values([2, 4, 3, 2], 3)]
  const program = await openBackend('tfjs-cpu').compile(graph)
  const rest = await openBackend('tfjs-cpu').compile(subgraph(graph, ['y', 'skip'], ['sum']))
  const layer = await openBackend('tfjs-cpu').compile(subgraph(graph, ['x'], ['y']))
  const y = (await layer.run({ x }))['y']!
  const target = residualTarget(residualWrites(graph).get('layer')!, y, dense, sparse)
  expect(target.shape).toEqual(y.shape)
  const wanted = (await program.run({ x, skip: dense }))['sum']!.data as Float32Array
  const got = (await rest.run({ y: target, skip: sparse }))['sum']!.data as Float32Array
  const [d, s] = [dense.data as Float32Array, sparse.data as Float32Array]
  for (const [i, value] of wanted.entries()) {
    // channel 2 has the factor 0: the difference of the streams stays
    const rests = Math.floor(i / 6) % 4 === 2 ? s[i]! - d[i]! : 0
    expect(got[i]! - value).toBeCloseTo(rests, 5)
  }
  for (const p of [program, rest, layer]) p.dispose()
})
