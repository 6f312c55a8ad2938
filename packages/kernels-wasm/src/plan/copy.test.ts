import fc from 'fast-check'
import { sizeOf } from '@tacojs/graph'
import { createEngine, type Engine } from '../engine.js'
import { merge, selectView, transposeView, type View } from '../layout/view.js'
import { Leaf, Op } from '../opcodes.js'
import { graphOf } from '../testing/graphs.js'
import { placePlan } from './place.js'
import { Planner } from './planner.js'
import { chunk } from './words.js'

let engine: Engine
beforeAll(async () => (engine = await createEngine(1, {})))

const plannerOf = (parts: number): Planner =>
  new Planner(graphOf([1], [], {}), new Map(), { parts, mutable: new Set(), weights: () => chunk([]) })

/** What one copy makes of a source that holds 1, 2, 3, … and a target that holds −1, and how it was done. */
function copied(p: Planner, from: View, to: View): { source: Float32Array; target: Float32Array; leaf: number } {
  p.copy(from, to)
  const live = [from, to].map((view, i) => ({ name: `${i}`, shape: view.shape, view }))
  const plan = { steps: p.steps, notes: [], planner: p, inputs: live, outputs: live }
  const placed = placePlan(plan, engine.heap)
  const floats = ({ storage }: View): Float32Array => engine.heap.float32(placed.address(storage), storage.floats)
  floats(from).set(Float32Array.from({ length: from.storage.floats }, (_, i) => i + 1))
  floats(to).fill(-1)
  for (const stage of placed.stages) if ('list' in stage) engine.run(stage.list, stage.count)
  const [source, target] = [floats(from).slice(), floats(to).slice()]
  placed.free()
  const { command } = p.steps.find((s) => s.command?.[0] === Op.Copy)!
  return { source, target, leaf: command![8] as number }
}

/** The same by index arithmetic, from the definition of a view. */
function expected(from: View, to: View, source: Float32Array): Float32Array {
  const target = new Float32Array(to.storage.floats).fill(-1)
  const [xs, ys] = [merge(from.tables), merge(to.tables)]
  for (let i = 0; i < sizeOf(from.shape); i++) target[to.base + ys[i]!] = source[from.base + xs[i]!]!
  return target
}

/** A view of a whole storage, its features along some axis, or of a plain tensor; with dimensions in another order. */
const viewOf = (p: Planner, shape: readonly number[], rowAxis: number, order: readonly number[]): View => {
  const stored = order.map((d) => shape[d]!)
  const axis = rowAxis % (shape.length + 1)
  const view = axis === shape.length ? p.plain(stored) : p.natural(stored, axis)
  const back = shape.map((_, d) => order.indexOf(d))
  return transposeView(view, back)
}

const size = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 7, max: 50 }))
const shapes = fc.array(size, { minLength: 1, maxLength: 4 }).filter((shape) => sizeOf(shape) <= 20_000)
const order = (rank: number): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank })

test('a copy is index arithmetic, whatever the layouts and the number of threads', () => {
  const cases = shapes.chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      orders: fc.tuple(order(shape.length), order(shape.length)),
      axes: fc.tuple(fc.nat(9), fc.nat(9)),
      every: fc.integer({ min: 1, max: 3 }),
      axis: fc.nat({ max: shape.length - 1 }),
      parts: fc.integer({ min: 1, max: 3 }),
    }),
  )
  fc.assert(
    fc.property(cases, ({ shape, orders, axes, every, axis, parts }) => {
      const p = plannerOf(parts)
      // of one dimension of the source only some are taken
      const larger = shape.map((s, d) => (d === axis ? s * every : s))
      const indices = Array.from({ length: shape[axis]! }, (_, i) => i * every)
      const from = selectView(viewOf(p, larger, axes[0], orders[0]), axis, indices)
      const to = viewOf(p, shape, axes[1], orders[1])
      const { source, target } = copied(p, from, to)
      expect(target).toEqual(expected(from, to, source))
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['tokens to a plain tensor', Leaf.Turned, [2, 197, 24], (p: Planner, s: number[]) => [p.natural(s, 2), p.plain(s)]],
  ['a plain tensor to tokens', Leaf.Turned, [2, 197, 24], (p: Planner, s: number[]) => [p.plain(s), p.natural(s, 2)]],
  ['an image to a plain tensor', Leaf.Runs, [2, 3, 30, 31], (p: Planner, s: number[]) => [p.natural(s, 1), p.plain(s)]],
] as const)('%s goes by vectors', (_name, leaf, shape, views) => {
  for (const parts of [1, 2]) {
    const p = plannerOf(parts)
    const [from, to] = views(p, [...shape]) as [View, View]
    const done = copied(p, from, to)
    expect(done.target).toEqual(expected(from, to, done.source))
    expect(done.leaf).toBe(leaf)
    expect(p.steps[0]!.command![1]).toBe(parts)
  }
})
