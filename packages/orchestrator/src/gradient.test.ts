import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { float32, gradient, inferTypes, node, optimize, prunableLayers, type Graph, type Tensor } from '@tacojs/graph'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import { importOnnx } from '@tacojs/model-io'

const folder = fileURLToPath(new URL('../../../../shared/data/models/', import.meta.url))
const backend = kernelsWasm()

/** Uniform in ±1, the same for the same seed. */
function noise(shape: readonly number[], seed: number): Tensor<'float32'> {
  let state = seed
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
  return float32(shape, data)
}

const dot = (a: Tensor, b: Tensor): number =>
  (a.data as Float32Array).reduce((sum, v, i) => sum + v * (b.data[i] as number), 0)

/** The graph with a new input that is added to one of its values. */
function shifted(graph: Graph, value: string): Graph {
  const before = `${value} before the shift`
  const nodes = graph.nodes.flatMap((n) => {
    if (!n.outputs.includes(value)) return [n]
    const made = { ...n, outputs: n.outputs.map((o) => (o === value ? before : o)) }
    return [made, node('Add', [before, 'shift'], [value], { name: 'shift' })]
  })
  return { ...graph, nodes, inputs: [...graph.inputs, { name: 'shift', ...inferTypes(graph).get(value)! }] }
}

/**
 * The slope of Σ r·logits along a direction close to the gradient, in which it is largest: by the gradient, and by a
 * central difference of runs in single precision. A step that changes the sum by about a hundredth of its size leaves
 * rounding near 1e-3, and curvature (and, behind a ReLU, kinks) of the same order: 1 % is what agreement means here.
 */
async function slopes(graph: Graph, value: string, made: Tensor, feeds: Record<string, Tensor>, r: Tensor) {
  const u = noise([made.data.length], 7)
  const g = made.data as Float32Array
  const direction = g.map((v, i) => v * (1 + 0.5 * u.data[i]!))
  const length = Math.sqrt(dot(made, made))
  const program = await backend.compile(shifted(graph, value))
  const at = async (step: number): Promise<number> => {
    const shift = float32(
      made.shape,
      direction.map((v) => (step * v) / length),
    )
    return dot((await program.run({ ...feeds, shift }))[graph.outputs[0]!.name]!, r)
  }
  const predicted = direction.reduce((sum, v, i) => sum + v * g[i]!, 0) / length
  const size = Math.sqrt(dot(r, r))
  const step = (0.01 * size) / predicted
  const measured = ((await at(step)) - (await at(-step))) / (2 * step)
  program.dispose()
  return { predicted, measured }
}

describe.each(['vit_tiny_patch16_224', 'resnet18'])('%s', (name) => {
  const path = `${folder}${name}/model.onnx`
  if (!existsSync(path)) {
    test('gradients of its layers', () => console.info(`left out: ../shared/data/models/${name} is not here`))
    return
  }
  test('the gradients of its layers are the slopes that its runs show', async () => {
    const graph = optimize(await importOnnx(path))
    const outputs = new Map(graph.nodes.map((n) => [n.name, n.outputs[0]!]))
    const wrt = prunableLayers(graph).map((layer) => outputs.get(layer.node)!)
    const of = graph.outputs[0]!.name
    const made = gradient(graph, { of, seed: 'r', wrt })
    const feeds = { [graph.inputs[0]!.name]: noise([1, 3, 224, 224], 3) }
    const r = noise([1, 1000], 5)
    const program = await backend.compile(made.graph)
    const out = await program.run({ ...feeds, r })
    program.dispose()
    for (const layer of [0, Math.floor(wrt.length / 2), wrt.length - 1]) {
      const { predicted, measured } = await slopes(graph, wrt[layer]!, out[made.gradients.get(wrt[layer]!)!]!, feeds, r)
      expect(predicted).toBeGreaterThan(0)
      expect(Math.abs(measured / predicted - 1)).toBeLessThan(0.01)
    }
  })
})
