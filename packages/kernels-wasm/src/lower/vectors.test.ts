import fc from 'fast-check'
import { difference, runOracle } from '@tacojs/conformance'
import { int64, node, sizeOf, type Graph, type Tensor } from '@tacojs/graph'
import { createEngine, type Engine } from '../engine.js'
import { Op } from '../opcodes.js'
import { buildPlan } from '../plan/build.js'
import { chunk } from '../plan/words.js'
import { graphOf, noise, programOn } from '../testing/graphs.js'

// reductions and elementwise functions on values that lie in panels, as those behind a layer do

let engine: Engine
beforeAll(async () => (engine = await createEngine(1, {})))

/** Agrees with the oracle, and is the same for any number of parts. */
async function expectAgreement(graph: Graph, inputs: Record<string, Tensor>): Promise<void> {
  const results: Tensor[] = []
  for (const threads of [1, 3]) {
    const program = programOn(engine, graph, { threads })
    results.push((await program.run(inputs)).y!)
    program.dispose()
  }
  expect(difference(results[0]!, runOracle(graph, inputs).y!).maxError).toBeLessThan(2e-5)
  expect(results[1]!.data).toEqual(results[0]!.data)
}

const size = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 6, max: 45 }))
const shapes = fc.array(size, { minLength: 2, maxLength: 3 }).filter((shape) => sizeOf(shape) <= 6000)

/** x [batch, …shape] through a layer of `features` outputs, then what `nodes` make of 'h'. */
const behindLayer = (shape: number[], features: number, nodes: Graph['nodes'], more: Record<string, Tensor>): Graph => {
  const linear = node('Linear', ['x', 'w'], ['h'], { domain: 'ai.tacojs' })
  return graphOf(shape, [linear, ...nodes], { w: noise([features, shape[shape.length - 1]!], 3), ...more })
}

const kinds = ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSumSquare', 'ReduceL1']

test('reductions over any axes agree with the definition', async () => {
  const cases = fc.record({
    shape: shapes,
    features: size,
    axes: fc.integer({ min: 1, max: 15 }),
    kind: fc.constantFrom(...kinds),
  })
  await fc.assert(
    fc.asyncProperty(cases, async ({ shape, features, axes, kind }) => {
      const x = noise([2, ...shape], 5)
      const all = x.shape.map((_, d) => d).filter((d) => (axes >> d) & 1)
      const reduced = all.length > 0 ? all : [x.shape.length - 1]
      const reduce = node(kind, ['h', 'axes'], ['y'], { attributes: { keepdims: 1 } })
      const graph = behindLayer(shape, features, [reduce], { axes: int64([reduced.length], reduced) })
      await expectAgreement(graph, { x })
    }),
    { numRuns: 60 },
  )
})

test.each(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'])(
  '%s with any dimensions repeated agrees with the definition',
  async (op) => {
    const cases = fc.record({ shape: shapes, features: size, repeated: fc.nat(15), swap: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, features, repeated, swap }) => {
        const x = noise([2, ...shape], 5)
        const full = [...x.shape.slice(0, -1), features]
        const other = noise(
          full.map((s, d) => ((repeated >> d) & 1 ? 1 : s)),
          7,
        )
        // a divisor is not near zero
        for (let i = 0; i < other.data.length; i++) other.data[i] = 2 + Number(other.data[i])
        const names = swap && op !== 'Div' ? ['z', 'h'] : ['h', 'z']
        const graph = behindLayer(shape, features, [node(op, names, ['y'])], {})
        const inputs = [...graph.inputs, { name: 'z', dtype: 'float32' as const, shape: other.shape }]
        await expectAgreement({ ...graph, inputs }, { x, z: other })
      }),
      { numRuns: 15 },
    )
  },
)

const opsOf = (graph: Graph): Op[] => {
  const options = { parts: 1, mutable: new Set<string>(), weights: () => chunk([]), form: () => 'auto' as const }
  const shapes = Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, [2, ...shape.slice(1)] as number[]]))
  return buildPlan(graph, shapes, options).steps.flatMap(({ command }) => (command ? [command[0] as Op] : []))
}

test('a product reads its right operand in the panels where it lies, whole or in part', async () => {
  const cases = fc.record({ tokens: size, features: size, rows: size, from: fc.nat(3), parts: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(cases, async ({ tokens, features, rows, from, parts }) => {
      const first = Math.min(from, tokens - 1)
      const kept = parts ? tokens - first : tokens
      const nodes = [
        node('Slice', ['h', 'from', 'to', 'axis'], ['some']),
        node('Transpose', ['some'], ['t'], { attributes: { perm: [0, 2, 1] } }),
        node('MatMul', ['z', 't'], ['y']),
      ]
      const range = { from: int64([1], [tokens - kept]), to: int64([1], [tokens]), axis: int64([1], [1]) }
      const graph = behindLayer([tokens, 6], features, nodes, range)
      const inputs = [...graph.inputs, { name: 'z', dtype: 'float32' as const, shape: ['batch', rows, features] }]
      const whole = { ...graph, inputs }
      await expectAgreement(whole, { x: noise([2, tokens, 6], 5), z: noise([2, rows, features], 7) })
      if (kept === tokens && tokens >= 16) expect(opsOf(whole).slice(0, 3)).toEqual([Op.Copy, Op.Matrix, Op.Product])
    }),
    { numRuns: 60 },
  )
})

test('a factor for each token is one line for all features; a residual from outside is moved and fused', async () => {
  const means = [
    node('ReduceMean', ['h', 'axes'], ['m'], { attributes: { keepdims: 1 } }),
    node('Sub', ['h', 'm'], ['y']),
  ]
  const residual = [node('Add', ['h', 'x'], ['y'])]
  const lines = behindLayer([50, 8], 8, means, { axes: int64([1], [2]) })
  expect(opsOf(lines)).toEqual([Op.Copy, Op.Matrix, Op.Reduce, Op.LineBinary, Op.Copy])
  const fused = behindLayer([50, 8], 8, residual, {})
  expect(opsOf(fused)).toEqual([Op.Copy, Op.Copy, Op.Matrix, Op.Copy])
  for (const graph of [lines, fused]) await expectAgreement(graph, { x: noise([2, 50, 8], 5) })
})
