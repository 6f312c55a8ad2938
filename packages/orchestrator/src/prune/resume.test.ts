import { createGraph, float32, node, type Graph, type Tensor } from '@tacojs/graph'
import { createNumerics } from '@tacojs/solver'
import { openBackend } from '../backends.js'
import { parseRecipe } from '../recipe.js'
import { decodeRecord, encodeRecord, type Records } from '../resume/record.js'
import { prune } from './prune.js'

const values = (shape: number[], seed: number): Tensor =>
  float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i * i * 0.7)),
  )
const linear = (x: string, name: string, y = name) =>
  node('Linear', [x, `${name}.weight`, `${name}.bias`], [y], { domain: 'ai.tacojs', name })

const graph = createGraph({
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 8] }],
  outputs: [{ name: 'z', dtype: 'float32', shape: ['batch', 8] }],
  nodes: [
    linear('x', 'stem'),
    linear('stem', 'q'),
    linear('stem', 'k'),
    node('Mul', ['q', 'k'], ['qk']),
    linear('qk', 'proj'),
    node('Add', ['stem', 'proj'], ['sum1']),
    linear('sum1', 'fc1'),
    node('Relu', ['fc1'], ['act']),
    linear('act', 'fc2'),
    node('Add', ['sum1', 'fc2'], ['sum2']),
    node('ReduceMean', ['sum2', 'axes'], ['pooled'], { attributes: { keepdims: 0 } }),
    linear('pooled', 'head', 'z'),
  ],
  initializers: {
    axes: { dtype: 'int64', shape: [1], data: BigInt64Array.of(1n) },
    ...Object.fromEntries(
      ['stem', 'q', 'k', 'proj', 'fc1', 'fc2', 'head'].flatMap((name, i) => [
        [`${name}.weight`, values([8, 8], i)],
        [`${name}.bias`, values([8], 9 + i)],
      ]),
    ),
  },
})
const batches = [values([4, 3, 8], 1), values([3, 3, 8], 2)]

/** Records as bytes; the n-th write fails, and leaves nothing, half of the bytes, or all but the news of it. */
function failingRecords(kept: Map<string, Uint8Array>, n: number, leaves: 'nothing' | 'half' | 'all'): Records {
  let writes = 0
  return {
    read: async (name) => {
      const bytes = kept.get(name)
      return bytes && decodeRecord(bytes)
    },
    write: async (name, record) => {
      const bytes = encodeRecord(record)
      const fails = ++writes === n
      if (!fails || leaves === 'all') kept.set(name, bytes)
      else if (leaves === 'half') kept.set(name, bytes.subarray(0, bytes.length / 2))
      if (fails) throw new Error('the disk is full')
    },
  }
}

test('whichever write fails, and however, the next run gives the same bits', async () => {
  const linalg = await createNumerics()
  const solved: string[] = []
  const run = async (records?: Records) => {
    solved.length = 0
    return prune(graph, batches, {
      backend: openBackend('tfjs-cpu'),
      linalg,
      recipe: parseRecipe({ model: '-', data: '-' }),
      ...(records ? { records } : {}),
      time: async (part, work) => {
        solved.push(part)
        return work()
      },
    })
  }
  const bits = ({ graph: g, layers }: { graph: Graph; layers: unknown }) => ({
    layers,
    weights: [...g.initializers].map(([name, { tensor, sparsity }]) => [name, sparsity, tensor.data]),
  })
  const whole = await run()
  const expected = bits(whole)
  expect(whole.layers).toHaveLength(5)
  // the weights of positions and five layers
  for (const leaves of ['nothing', 'half', 'all'] as const) {
    for (let n = 1; n <= 6; n++) {
      const kept = new Map<string, Uint8Array>()
      await expect(run(failingRecords(kept, n, leaves))).rejects.toThrow('the disk is full')
      expect(bits(await run(failingRecords(kept, Infinity, leaves)))).toEqual(expected)
      // only what was not kept is solved again; q and k belong together
      const finished = leaves === 'all' ? n - 1 : n - 2
      const again = 5 - (finished === 1 ? 0 : Math.max(0, finished))
      expect(solved.filter((part) => part === 'solve')).toHaveLength(again)
    }
  }
  const kept = new Map<string, Uint8Array>()
  await run(failingRecords(kept, Infinity, 'all'))
  expect(bits(await run(failingRecords(kept, Infinity, 'all')))).toEqual(expected)
  expect(solved).not.toContain('solve')
})
