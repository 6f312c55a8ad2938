import { createGraph, float32, int64, node, residualWrites, subgraph, type Dim, type Tensor } from '@tacojs/graph'
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

/** What is added to each output, by its factor, where the streams differ by 1. */
const corrections = (factors: number[]): number[] => {
  const scaled = createGraph({
    inputs: ['x', 'skip'].map((name) => ({ name, dtype: 'float32' as const, shape: ['batch', factors.length] })),
    outputs: [{ name: 'sum', dtype: 'float32', shape: ['batch', factors.length] }],
    nodes: [
      node('Linear', ['x', 'w'], ['y'], { domain: 'ai.tacojs', name: 'layer' }),
      node('LayerScale', ['y', 'gamma'], ['scaled'], { domain: 'ai.tacojs' }),
      node('Add', ['scaled', 'skip'], ['sum']),
    ],
    initializers: {
      w: values([factors.length, factors.length], 9),
      gamma: float32([factors.length], factors),
    },
  })
  const of = (value: number): Tensor => float32([1, factors.length], new Float32Array(factors.length).fill(value))
  return [...(residualTarget(residualWrites(scaled).get('layer')!, of(0), of(1), of(0)).data as Float32Array)]
}

test('where factors are small the correction goes to zero with them, and never beyond what a tenth would need', () => {
  const rms = (factors: number[]) => Math.sqrt(factors.reduce((sum, f) => sum + f * f, 0) / factors.length)
  for (const small of [0.5, 0.1, 0.05, 1e-3, 1e-20, 1e-39, 0]) {
    const factors = [small, -small, 1, 2]
    const least = 0.1 * rms(factors)
    const wanted = factors.map((f) => (Math.abs(f) >= least ? 1 / f : f / least ** 2))
    corrections(factors).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 5))
  }
  expect(corrections([0, 0])).toEqual([0, 0])
})

test('several sizes that only images have: those of the sum are known', () => {
  const flow = (height: Dim, width: Dim) =>
    createGraph({
      inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 4, height, width] }],
      outputs: [{ name: 'sum', dtype: 'float32', shape: ['batch', 4, height, width] }],
      nodes: [
        node('Reshape', ['x', 'flat'], ['columns']),
        node('Transpose', ['columns'], ['tokens'], { attributes: { perm: [0, 2, 1] } }),
        node('Linear', ['tokens', 'w'], ['y'], { domain: 'ai.tacojs', name: 'layer' }),
        node('Transpose', ['y'], ['turned'], { attributes: { perm: [0, 2, 1] } }),
        node('Shape', ['x'], ['sizes']),
        node('Reshape', ['turned', 'sizes'], ['image']),
        node('Mul', ['image', 'gamma'], ['scaled']),
        node('Add', ['x', 'scaled'], ['sum']),
      ],
      initializers: { w: values([4, 4], 9), gamma: float32([4, 1, 1], [1, 2, 4, 0.5]), flat: int64([3], [0, 4, -1]) },
    })
  const [y, dense, sparse] = [values([2, 6, 4], 1), values([2, 4, 2, 3], 2), values([2, 4, 2, 3], 3)]
  const [known, open] = [flow(2, 3), flow('height', 'width')].map(
    (of) => residualTarget(residualWrites(of).get('layer')!, y, dense, sparse).data as Float32Array,
  )
  expect(open!.some(Number.isNaN)).toBe(false)
  expect(open).toEqual(known)
})
