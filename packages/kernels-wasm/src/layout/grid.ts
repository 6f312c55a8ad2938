/**
 * Where the positions of an activation lie. A storage holds `rows` features (channels) for all positions of its grid, cut
 * into panels: [panels][rows][width] floats, with zeros around the positions that hold something where a convolution
 * looks beyond the edge. Kernels work on tiles: vectors of neighbouring positions of one panel.
 */
export interface Grid {
  readonly key: string
  /** Sizes of the position dimensions, slowest first. */
  readonly sizes: readonly number[]
  /** Floats from row to row of a panel; a multiple of 4. */
  readonly width: number
  readonly panels: number
  /** Floats of zeros before the first panel and after the last. */
  readonly lead: number
  readonly trail: number
  /** Stretches to compute, each within one panel. */
  readonly tiles: readonly Tile[]
  /** For images: how rows of pixels lie, for the offsets of a convolution's taps. */
  readonly image?: ImageGrid
  /** Index of the first position dimension for each panel; -1 where panels do not follow it. */
  readonly outerOfPanel: Int32Array
  /** Float offsets of each position dimension in a storage of that many rows; they add up, with `lead` on top. */
  tables(rows: number): readonly Int32Array[]
}

export interface Tile {
  readonly panel: number
  /** Floats into the panel's rows. */
  readonly at: number
  readonly vectors: number
  /** The first position of an image tile: image, row of pixels, column. */
  readonly pixel?: readonly [number, number, number]
}

interface ImageGrid {
  /** Zeros on every side that a convolution may read. */
  readonly margin: number
  /**
   * 'rows': a panel per row of pixels, of all channels; 'flat': a panel per image, its rows of pixels one after the
   * other.
   */
  readonly kind: 'rows' | 'flat'
  /** Floats from a row of pixels to the next within a panel ('flat'). */
  readonly pitch: number
}

/**
 * Most vectors of a tile. Kernels of many rows take two of them at a time; those of one row have ten sums in registers, and
 * the more of them, the less the beginning and the end of a row with few weights count.
 */
const tileVectors = 10

const up = (n: number, to: number): number => Math.ceil(n / to) * to
const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1)

/** Rows whose pitch is a multiple of 64 bytes fall on few sets of a cache: such a width gets four floats more. */
const unaligned = (width: number): number => (width >= 48 && width % 16 === 0 ? width + 4 : width)

/** `vectors` cut into pieces of a tile at most, alike, of even length but for the last: [at in vectors, length]. */
export function pieces(vectors: number): [number, number][] {
  const count = Math.ceil(vectors / tileVectors)
  const out: [number, number][] = []
  for (let i = 0, at = 0; i < count; i++) {
    const share = (vectors - at) / (count - i)
    const length = Math.min(Math.ceil(share / 2) * 2, vectors - at)
    out.push([at, length])
    at += length
  }
  return out
}

const cache = new Map<string, Grid>()

function cached(key: string, make: () => Omit<Grid, 'key' | 'tables'> & Pick<Grid, 'tables'>): Grid {
  let grid = cache.get(key)
  if (!grid) {
    if (cache.size > 256) cache.clear()
    const { tables, ...rest } = make()
    const known = new Map<number, readonly Int32Array[]>()
    grid = {
      key,
      ...rest,
      tables(rows) {
        let found = known.get(rows)
        if (!found) known.set(rows, (found = tables(rows)))
        return found
      },
    }
    cache.set(key, grid)
  }
  return grid
}

const steps = (size: number, step: number): Int32Array => Int32Array.from({ length: size }, (_, i) => i * step)

/**
 * A grid of tokens: panels of a tile along the last dimensions. `apart`: the last dimension alone makes panels, so that
 * every index of the others begins a panel.
 */
export function tokenGrid(sizes: readonly number[], apart = false): Grid {
  const last = sizes[sizes.length - 1] ?? 1
  // elsewhere the two are the same
  apart &&= last < 16 && product(sizes) > last
  return cached(`tokens ${sizes.join('x')}${apart ? ' apart' : ''}`, () => {
    // the dimensions that share panels: the last ones, until a panel is worth its loads
    let from = sizes.length
    let inner = 1
    while (from > 0 && (from === sizes.length || (!apart && inner < 16))) inner *= sizes[--from]!
    const outer = product(sizes.slice(0, from))
    const stretches = pieces(Math.ceil(inner / 4))
    // offsets of several dimensions that share a panel add up only where nothing is cut
    const cut = sizes.length - from <= 1
    const width = cut ? 4 * Math.max(...stretches.map(([, vectors]) => vectors)) : unaligned(up(inner, 4))
    const perOuter = cut ? stretches.length : 1
    const tiles: Tile[] = []
    for (let o = 0; o < outer; o++) {
      stretches.forEach(([at, vectors], i) => {
        tiles.push(cut ? { panel: o * perOuter + i, at: 0, vectors } : { panel: o, at: at * 4, vectors })
      })
    }
    const panels = outer * perOuter
    const first = from > 0 ? outer / sizes[0]! : -1
    return {
      sizes,
      width,
      panels,
      lead: 0,
      trail: 0,
      tiles,
      outerOfPanel: Int32Array.from({ length: panels }, (_, i) => (from > 0 ? Math.floor(i / perOuter / first) : -1)),
      tables(rows) {
        const panel = rows * width
        const tables: Int32Array[] = []
        let step = perOuter * panel
        let within = 1
        for (let d = sizes.length - 1; d >= 0; d--) {
          const n = sizes[d]!
          if (d >= from) {
            tables.unshift(cut ? cutSteps(n, stretches, panel) : steps(n, within))
            within *= n
          } else {
            tables.unshift(steps(n, step))
            step *= n
          }
        }
        return tables
      },
    }
  })
}

/** Offsets of positions whose stretches lie a panel apart. */
function cutSteps(size: number, stretches: readonly [number, number][], panel: number): Int32Array {
  const table = new Int32Array(size)
  stretches.forEach(([at, vectors], i) => {
    for (let x = at * 4; x < Math.min(size, (at + vectors) * 4); x++) table[x] = i * panel + x - at * 4
  })
  return table
}

/** From this width on a row of pixels fills tiles by itself. */
const wideRow = 24

/** A grid of images [batch, height, width] with zeros around each, `margin` of them. */
export function imageGrid(batch: number, height: number, width: number, margin: number): Grid {
  return width >= wideRow
    ? rowsGrid(batch, height, width, margin)
    : flatGrid(batch, height, width, width + margin, margin)
}

/** A panel per row of pixels; what lies between two rows serves both. */
export function rowsGrid(batch: number, height: number, width: number, margin: number): Grid {
  return cached(`rows ${batch}x${height}x${width}+${margin}`, () => {
    const pitch = unaligned(up(width + margin, 4))
    const tall = height + margin
    const tiles: Tile[] = []
    for (let b = 0; b < batch; b++) {
      for (let y = 0; y < height; y++) {
        for (const [at, vectors] of pieces(Math.ceil(width / 4))) {
          tiles.push({ panel: b * tall + margin + y, at: at * 4, vectors, pixel: [b, y, at * 4] })
        }
      }
    }
    const panels = batch * tall + margin
    return {
      sizes: [batch, height, width],
      width: pitch,
      panels,
      lead: up(margin, 4),
      trail: up(margin + 16, 4),
      tiles,
      image: { margin, kind: 'rows', pitch },
      outerOfPanel: Int32Array.from({ length: panels }, (_, i) => Math.min(batch - 1, Math.floor(i / tall))),
      tables: (rows) => [
        steps(batch, tall * rows * pitch),
        Int32Array.from({ length: height }, (_, y) => (margin + y) * rows * pitch),
        steps(width, 1),
      ],
    }
  })
}

/** A panel per image, rows of pixels `pitch` apart, `margin` rows of zeros above. */
export function flatGrid(batch: number, height: number, width: number, pitch: number, margin: number): Grid {
  return cached(`flat ${batch}x${height}x${width}/${pitch}+${margin}`, () => {
    const plane = unaligned(margin * pitch + up(height * pitch + 3, 4))
    const panelFloats = up(plane, 4)
    const tiles: Tile[] = []
    for (let b = 0; b < batch; b++) {
      for (const [at, vectors] of pieces(Math.ceil(((height - 1) * pitch + width) / 4))) {
        tiles.push({ panel: b, at: margin * pitch + at * 4, vectors })
      }
    }
    return {
      sizes: [batch, height, width],
      width: panelFloats,
      panels: batch,
      lead: up(margin, 4),
      trail: up(margin * pitch + margin + 16, 4),
      tiles,
      image: { margin, kind: 'flat', pitch },
      outerOfPanel: Int32Array.from({ length: batch }, (_, i) => i),
      tables: (rows) => [
        steps(batch, rows * panelFloats),
        Int32Array.from({ length: height }, (_, y) => (margin + y) * pitch),
        steps(width, 1),
      ],
    }
  })
}

/** One row of n floats: a tensor as the rest of the world stores it. */
export function plainGrid(n: number): Grid {
  return cached(`plain ${n}`, () => ({
    sizes: [n],
    width: Math.max(4, up(n, 4)),
    panels: 1,
    lead: 0,
    trail: 0,
    tiles: [],
    outerOfPanel: Int32Array.of(-1),
    tables: () => [steps(n, 1)],
  }))
}

/** The stretches of zeros of a storage of `rows` rows, in floats: whole blocks, and a pattern in stretches of rows. */
export function marginsOf(
  grid: Grid,
  rows: number,
): { blocks: [number, number][]; stretches: [number, number][]; pattern: [number, number][] } {
  const { lead, width, panels, trail, image } = grid
  const all = panels * rows * width
  const blocks: [number, number][] = [
    [0, lead],
    [lead + all, trail],
  ]
  const stretches: [number, number][] = []
  const pattern: [number, number][] = []
  const [batch, height, w] = grid.sizes as [number, number, number]
  if (image?.kind === 'rows') {
    const panel = rows * width
    const { margin } = image
    blocks.push([lead, margin * panel])
    for (let b = 0; b < batch; b++) {
      const first = b * (height + margin) + margin
      stretches.push([lead + first * panel, height * rows])
      blocks.push([lead + (first + height) * panel, margin * panel])
    }
    pattern.push([w, width - w])
  } else if (image) {
    const { margin, pitch } = image
    stretches.push([lead, panels * rows])
    pattern.push([0, margin * pitch])
    for (let y = 0; y < height - 1; y++) pattern.push([(margin + y) * pitch + w, pitch - w])
    const end = (margin + height - 1) * pitch + w
    pattern.push([end, width - end])
  }
  const some = ([, n]: [number, number]): boolean => n > 0
  return { blocks: blocks.filter(some), stretches, pattern: pattern.filter(some) }
}
