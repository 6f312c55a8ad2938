import fc from 'fast-check'
import { plainGrid } from '../layout/grid.js'
import type { Storage } from '../layout/view.js'
import { allocate, type Lifetime } from './allocate.js'

const grid = plainGrid(1)
const lifeOf = (id: number, floats: number, first: number, last: number): Lifetime => ({
  storage: { id, rows: 1, grid, floats, persistent: false } satisfies Storage,
  first,
  last,
})

const lives = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.nat(12), fc.nat(6)), { maxLength: 24 })
  .map((list) => list.map(([floats, first, length], id) => lifeOf(id, floats, first, first + length)))

test('storages that live at the same time do not overlap; all are aligned and inside', () => {
  fc.assert(
    fc.property(lives, (list) => {
      const { offsets, floats } = allocate(list)
      const placed = list.map((life) => ({ ...life, at: offsets.get(life.storage)! }))
      for (const { at, storage } of placed) {
        expect(at % 16).toBe(0)
        expect(at >= 0 && at + storage.floats <= floats).toBe(true)
      }
      for (const a of placed) {
        for (const b of placed) {
          if (a.storage.id >= b.storage.id || a.last < b.first || b.last < a.first) continue
          expect(a.at + a.storage.floats <= b.at || b.at + b.storage.floats <= a.at).toBe(true)
        }
      }
    }),
  )
})

test('the place of a storage that is done is taken again', () => {
  const list = [lifeOf(0, 64, 0, 1), lifeOf(1, 64, 1, 2), lifeOf(2, 64, 2, 3), lifeOf(3, 64, 3, 4)]
  expect(allocate(list).floats).toBe(128)
  expect(allocate(list.map((life) => ({ ...life, last: 9 }))).floats).toBe(256)
  expect(allocate([]).floats).toBe(0)
})

test('the order of the list does not matter', () => {
  const list = [lifeOf(0, 40, 0, 2), lifeOf(1, 100, 1, 3), lifeOf(2, 40, 2, 4), lifeOf(3, 7, 0, 4)]
  const at = (lives: Lifetime[]): (number | undefined)[] => {
    const { offsets } = allocate(lives)
    return list.map((life) => offsets.get(life.storage))
  }
  expect(at([...list].reverse())).toEqual(at(list))
})
