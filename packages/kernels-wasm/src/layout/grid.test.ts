import { flatGrid, imageGrid, marginsOf, pieces, plainGrid, rowsGrid, tokenGrid, type Grid } from './grid.js'

const rows = 3

/** Float offset of every position, in a storage of `rows` rows. */
function positions(grid: Grid): number[] {
  return grid
    .tables(rows)
    .reduce<number[]>((offsets, table) => offsets.flatMap((o) => [...table].map((t) => o + t)), [grid.lead])
}

const tokens = [[1], [5], [40], [57], [197], [1, 1], [7, 3], [2, 197], [3, 2, 5], [5, 1, 49], [2, 3, 17]].flatMap(
  (sizes) =>
    [false, true].map((apart): [string, Grid] => [
      `${sizes.join('x')}${apart ? ' apart' : ''}`,
      tokenGrid(sizes, apart),
    ]),
)

const images: [string, Grid][] = [
  [1, 1, 1, 1],
  [2, 7, 7, 1],
  [1, 14, 13, 2],
  [3, 5, 28, 0],
  [2, 3, 25, 1],
  [1, 4, 56, 3],
].map(([b, h, w, margin]) => [`${b}x${h}x${w}+${margin}`, imageGrid(b!, h!, w!, margin!)])
images.push(['rows of one pixel', rowsGrid(2, 3, 1, 1)], ['flat, wide pitch', flatGrid(2, 3, 4, 9, 2)])

describe.each([...tokens, ...images])('grid of %s', (_name, grid) => {
  const at = positions(grid)
  const panelFloats = rows * grid.width

  test('each position has a place of its own, in the first row of a panel', () => {
    expect(new Set(at).size).toBe(at.length)
    expect(at.length).toBe(grid.sizes.reduce((a, b) => a * b, 1))
    for (const offset of at) {
      const within = (offset - grid.lead) % panelFloats
      expect(within >= 0 && within < grid.width).toBe(true)
      expect(offset < grid.lead + grid.panels * panelFloats).toBe(true)
    }
  })

  test('tiles cover every position once, and stay in their row', () => {
    const covered = new Map<number, number>()
    for (const { panel, at: start, vectors } of grid.tiles) {
      expect(vectors >= 1 && vectors <= 10 && start + vectors * 4 <= grid.width).toBe(true)
      const from = grid.lead + panel * panelFloats + start
      for (let i = 0; i < vectors * 4; i++) covered.set(from + i, (covered.get(from + i) ?? 0) + 1)
    }
    expect(at.map((offset) => covered.get(offset))).toEqual(at.map(() => 1))
    expect([...covered.values()].every((n) => n === 1)).toBe(true)
  })

  test('panels know the first dimension where they follow it', () => {
    const inner = at.length / grid.sizes[0]!
    at.forEach((offset, i) => {
      const outer = grid.outerOfPanel[Math.floor((offset - grid.lead) / panelFloats)]!
      if (outer >= 0) expect(outer).toBe(Math.floor(i / inner))
    })
  })
})

describe.each(images)('image grid of %s', (_name, grid) => {
  const at = new Set(positions(grid))
  const { lead, panels, trail, width } = grid
  const end = lead + panels * rows * width + trail

  test('what is cleared is everything but the positions', () => {
    const zeros = new Set<number>()
    const { blocks, stretches, pattern } = marginsOf(grid, rows)
    for (const [from, length] of blocks) for (let i = 0; i < length; i++) zeros.add(from + i)
    for (const [from, count] of stretches) {
      for (let row = 0; row < count; row++) {
        for (const [start, length] of pattern)
          for (let i = 0; i < length; i++) zeros.add(from + row * width + start + i)
      }
    }
    const held = [...at].flatMap((offset) => Array.from({ length: rows }, (_, r) => offset + r * width))
    expect(held.filter((offset) => zeros.has(offset))).toEqual([])
    expect(zeros.size + held.length).toBe(end)
  })

  test('steps to neighbours lead to the neighbour, or to a zero of the margin', () => {
    const [batch, height, across] = grid.sizes as [number, number, number]
    const { margin, kind, pitch } = grid.image!
    const line = kind === 'rows' ? rows * width : pitch
    const [images_, lines, columns] = grid.tables(rows) as [Int32Array, Int32Array, Int32Array]
    const offset = (b: number, y: number, x: number): number => lead + images_[b]! + lines[y]! + columns[x]!
    for (let b = 0; b < batch; b++) {
      for (const y of new Set([0, height - 1])) {
        for (const x of new Set([0, across - 1])) {
          for (let dy = -margin; dy <= margin; dy++) {
            for (let dx = -margin; dx <= margin; dx++) {
              const to = offset(b, y, x) + dy * line + dx
              const inside = y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < across
              expect(to >= 0 && to < end).toBe(true)
              if (inside) expect(to).toBe(offset(b, y + dy, x + dx))
              else expect(at.has(to)).toBe(false)
            }
          }
        }
      }
    }
  })
})

test('a plain grid is one row, and tables are made once per number of rows', () => {
  const grid = plainGrid(6)
  expect([grid.width, grid.panels, [...grid.tables(1)[0]!]]).toEqual([8, 1, [0, 1, 2, 3, 4, 5]])
  expect(grid.tables(1)).toBe(grid.tables(1))
  expect(tokenGrid([3, 4])).toBe(tokenGrid([3, 4]))
})

test('pieces of at most ten vectors are alike, of even length but for the last', () => {
  for (let vectors = 1; vectors <= 43; vectors++) {
    const list = pieces(vectors)
    const lengths = list.map(([, length]) => length)
    const body = lengths.slice(0, -1)
    expect(lengths.reduce((a, b) => a + b)).toBe(vectors)
    expect(lengths.length).toBe(Math.ceil(vectors / 10))
    expect(body.every((length) => length % 2 === 0)).toBe(true)
    expect(Math.max(...lengths) <= 10 && Math.min(...lengths) > 0).toBe(true)
    expect(list.map(([at]) => at)).toEqual(lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0)))
  }
})
