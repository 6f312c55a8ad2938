import fc from 'fast-check'
import { sizeOf } from '@tacojs/graph'
import { flatGrid, plainGrid, rowsGrid, tokenGrid, type Grid } from './grid.js'
import {
  broadcastView,
  isContiguous,
  isOnGrid,
  isWhole,
  naturalView,
  plainView,
  reshapeView,
  selectView,
  transposeView,
  type Storage,
  type View,
} from './view.js'

const storageOf = (rows: number, grid: Grid): Storage => ({ id: 0, rows, grid, floats: 1 << 20, persistent: false })

/** A tensor by plain arithmetic: the float at which each element lies, in row-major order. */
interface Reference {
  readonly shape: readonly number[]
  readonly floats: readonly number[]
}

function read(view: View): Reference {
  let floats = [view.base]
  for (const table of view.tables) floats = floats.flatMap((o) => [...table].map((t) => o + t))
  return { shape: view.shape, floats }
}

/** A new tensor whose element at `index` is the old one's at `source(index)`. */
function gather(from: Reference, shape: readonly number[], source: (index: number[]) => readonly number[]): Reference {
  const floats = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index = shape.map((size, d) => Math.floor(flat / sizeOf(shape.slice(d + 1))) % size)
    return from.floats[source(index).reduce((sum, i, d) => sum * from.shape[d]! + i, 0)]!
  })
  return { shape, floats }
}

const size = fc.integer({ min: 1, max: 5 })

/** A view of a whole storage of any grid. */
const start: fc.Arbitrary<View> = fc.oneof(
  fc.array(size, { maxLength: 4 }).map((shape) => plainView(storageOf(1, plainGrid(sizeOf(shape))), shape)),
  fc.tuple(fc.array(size, { minLength: 2, maxLength: 4 }), fc.nat(), fc.boolean()).map(([shape, pick, apart]) => {
    const axis = pick % shape.length
    const grid = tokenGrid(
      shape.filter((_, d) => d !== axis),
      apart,
    )
    return naturalView(storageOf(shape[axis]!, grid), shape, axis)
  }),
  fc.tuple(size, size, size, size, fc.nat(2), fc.boolean()).map(([b, c, h, w, margin, flat]) => {
    const grid = flat ? flatGrid(b, h, w, w + margin, margin) : rowsGrid(b, h, w, margin)
    return naturalView(storageOf(c, grid), [b, c, h, w], 1)
  }),
)

const shuffled = (n: number): fc.Arbitrary<number[]> => {
  const all = Array.from({ length: n }, (_, i) => i)
  return fc.shuffledSubarray(all, { minLength: n })
}

type Step = (view: View, by: Reference) => [View, Reference]

/** A random operation, decided by numbers so that it fits whatever view comes. */
const step: fc.Arbitrary<Step> = fc.oneof(
  // a step adds two dimensions at most
  shuffled(12).map((order): Step => (view, by) => {
    const perm = order.filter((d) => d < view.shape.length)
    const shape = perm.map((p) => view.shape[p]!)
    return [transposeView(view, perm), gather(by, shape, (index) => by.shape.map((_, d) => index[perm.indexOf(d)]!))]
  }),
  fc.tuple(fc.nat(), fc.array(fc.nat(), { minLength: 1, maxLength: 4 })).map(([pick, wanted]): Step => (view, by) => {
    if (view.shape.length === 0) return [view, by]
    const axis = pick % view.shape.length
    const indices = wanted.map((i) => i % view.shape[axis]!)
    const shape = view.shape.map((s, d) => (d === axis ? indices.length : s))
    const source = (index: number[]): number[] => index.map((i, d) => (d === axis ? indices[i]! : i))
    return [selectView(view, axis, indices), gather(by, shape, source)]
  }),
  fc.tuple(fc.array(size, { maxLength: 2 }), fc.array(fc.boolean())).map(([outer, repeat]): Step => (view, by) => {
    const shape = [...outer, ...view.shape.map((s, d) => (s === 1 && repeat[d] ? 3 : s))]
    const source = (index: number[]): number[] => index.slice(outer.length).map((i, d) => (by.shape[d] === 1 ? 0 : i))
    return [broadcastView(view, shape), gather(by, shape, source)]
  }),
  fc.tuple(fc.nat(), fc.nat(), fc.boolean()).map(([pick, divisor, join]): Step => (view, by) => {
    const shape = [...view.shape]
    const d = shape.length > 0 ? pick % shape.length : 0
    const parts = (n: number): number[] => [...Array(n).keys()].map((i) => i + 1).filter((i) => n % i === 0)
    if (join && d + 1 < shape.length) shape.splice(d, 2, shape[d]! * shape[d + 1]!)
    else if (!join && shape.length > 0) {
      const all = parts(shape[d]!)
      const first = all[divisor % all.length]!
      shape.splice(d, 1, first, shape[d]! / first)
    } else shape.push(1)
    const reshaped = reshapeView(view, shape)
    // a reshape that needs a copy leaves the view as it was
    return reshaped ? [reshaped, { shape, floats: by.floats }] : [view, by]
  }),
)

test('any sequence of transposing, selecting, repeating and reshaping is plain index arithmetic', () => {
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 4 }), (first, steps) => {
      let [view, by] = [first, read(first)]
      for (const apply of steps) {
        if (by.floats.length > 2000) break
        ;[view, by] = apply(view, by)
      }
      expect(read(view)).toEqual(by)
    }),
    { numRuns: 200 },
  )
})

test('a tensor in row-major order takes any shape of its size', () => {
  fc.assert(
    fc.property(fc.array(size, { maxLength: 4 }), shuffled(8), (shape, order) => {
      const view = plainView(storageOf(1, plainGrid(sizeOf(shape))), shape)
      const wanted = [...shape, 1, 1].map((_, i, all) => all[order.filter((o) => o < all.length)[i]!]!)
      expect(read(reshapeView(view, wanted)!)).toEqual({ shape: wanted, floats: read(view).floats })
    }),
  )
})

test('joining never needs a copy; a cut that would need one is undefined', () => {
  const view = plainView(storageOf(1, plainGrid(6)), [2, 3])
  const turned = transposeView(view, [1, 0])
  expect(read(reshapeView(turned, [6])!).floats).toEqual([0, 3, 1, 4, 2, 5])
  expect(reshapeView(turned, [2, 3])).toBeUndefined()
  expect(reshapeView(selectView(view, 1, [0, 2, 1]), [3, 2])).toBeUndefined()
  expect(reshapeView(view, [0])).toBeUndefined()
})

test('row-major views are told from others', () => {
  const view = plainView(storageOf(1, plainGrid(24)), [2, 3, 4])
  expect(isContiguous(view)).toBe(true)
  expect(isContiguous(reshapeView(view, [6, 4])!)).toBe(true)
  expect(isContiguous(selectView(view, 0, [1]))).toBe(true)
  expect(isContiguous(selectView(view, 2, [0, 1]))).toBe(false)
  expect(isContiguous(transposeView(view, [0, 2, 1]))).toBe(false)
})

test('a view knows its feature axis, and whether it takes the whole storage', () => {
  const view = naturalView(storageOf(4, tokenGrid([2, 9])), [2, 9, 4], 2)
  expect([0, 1, 2].map((axis) => isWhole(view, axis))).toEqual([false, false, true])
  const features = selectView(view, 2, [2, 3])
  expect([isOnGrid(features, 2), isWhole(features, 2)]).toEqual([true, false])
  const reordered = selectView(view, 2, [1, 0, 3, 2])
  expect([isOnGrid(reordered, 2), isWhole(reordered, 2)]).toEqual([true, false])
  expect(isOnGrid(selectView(view, 1, [0, 1]), 2)).toBe(false)
  expect(isWhole(reshapeView(view, [18, 4])!, 1)).toBe(true)
})
