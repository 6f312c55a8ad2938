import { expandFused, optimize, restrictHead, toNumbers, type Graph } from '@tacojs/graph'
// eslint-disable-next-line @nx/enforce-module-boundaries -- only this test reads files; the package itself reaches no node: module
import { importOnnx } from '@tacojs/model-io'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runOracle } from '../oracle/index.js'
import { difference, randomInputs } from './compare.js'

const root = fileURLToPath(new URL('../../../../../shared/data/timm-fixtures/', import.meta.url))

/** What each attention block, and each residual block of a convolutional network, comes down to. */
const expected: Record<string, Record<string, number>> = {
  vit_tiny: { Attention: 2, Linear: 9, LayerNormalization: 5, Gelu: 2 },
  deit_distilled: { Attention: 2, Linear: 10, LayerNormalization: 5, Gelu: 2 },
  vit_dinov2_reg_ls: { Attention: 2, Linear: 9, LayerNormalization: 5, Gelu: 2, LayerScale: 4 },
  vit_relpos: { Attention: 2, Linear: 9, LayerNormalization: 5, Gelu: 2, LayerScale: 4 },
  resnet18: { Conv: 13, Linear: 1, BatchNormalization: 0 },
  convnext_head_mlp: { Conv: 9, Linear: 12, LayerNormalization: 10, Gelu: 6 },
}

const cases = Object.keys(expected).flatMap((name) =>
  ['model.onnx', 'model.dynamo.onnx'].map((file): [string, string] => [name, file]),
)

test.each(cases)('%s/%s: the same logits before and after, every block recognised', async (name, file) => {
  const path = `${root}${name}/${file}`
  if (!existsSync(path)) {
    console.info(`${name}/${file} is not there: skipped`)
    return
  }
  const graph = await importOnnx(path)
  const after = optimize(graph)
  const inputs = randomInputs(graph, 1)
  expect(difference(graph, after, inputs)).toBeLessThan(2e-6)
  expect(difference(graph, expandFused(after), inputs)).toBeLessThan(2e-6)
  for (const [op, count] of Object.entries(expected[name]!)) {
    expect([op, after.nodes.filter((n) => n.op === op).length]).toEqual([op, count])
  }
  const kept = [3, 0, 5]
  const logits = (g: Graph): number[] => toNumbers(Object.values(runOracle(g, inputs))[0]!)
  const [all, some] = [logits(after), logits(restrictHead(after, kept))]
  expect(some).toHaveLength(kept.length)
  some.forEach((v, i) => expect(v).toBeCloseTo(all[kept[i]!]!, 10))
})
