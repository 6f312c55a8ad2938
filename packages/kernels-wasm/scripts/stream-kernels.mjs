/**
 * Writes the AssemblyScript of the stream kernels, one per tile shape (R output rows × V vectors of positions).
 *
 * A stream is a sequence of records (u32 byte offset, R × f32 weights); one record adds weight[r] · x[offset + position]
 * to every row r and position of the tile. V8 emits all loads of a basic block before its arithmetic and has 15 vector
 * registers: so the body is cut, by branches that are never taken, into groups whose accumulators, loads and splats fit.
 */

/** Tile shapes, and how a body is cut: vectors per group for one row (and two), rows per group for more. */
const shapes = [
  ...[[1], [2], [3], [4], [5], [6], [7], [4, 4], [3, 3, 3], [4, 3, 3]].map((groups) => ({ rows: 1, groups })),
  ...[[1], [2], [3], [4], [3, 2]].map((groups) => ({ rows: 2, groups })),
  ...[1, 2].map((vectors) => ({ rows: 4, vectors, rowGroups: [4] })),
  { rows: 5, vectors: 1, rowGroups: [5] },
  { rows: 5, vectors: 2, rowGroups: [3, 2] },
]

const range = (n) => Array.from({ length: n }, (_, i) => i)
const acc = (r, v) => `c${r}_${v}`
const at = (offset) => (offset ? `, ${offset}` : '')

function kernel({ rows, groups, vectors = groups.reduce((a, b) => a + b), rowGroups }) {
  const all = range(rows).flatMap((r) => range(vectors).map((v) => [r, v]))
  const base = (from, r) => (r ? `${from} + ${r} * step` : from)
  const cut = (some, condition = 'never') => [
    `      if (${condition}) {`,
    ...some.map(([r, v], i) => `        v128.store(never, ${acc(r, v)}${at(16 * i)})`),
    `      }`,
  ]
  // without relaxed multiply-add every product takes a register of its own
  const cutBase = (some) => cut(some, '!ASC_FEATURE_RELAXED_SIMD && never')
  const biases = range(rows).flatMap((r) => [
    `      ${acc(r, 0)} = v128.load32_splat(bias + (<usize>b * ${4 * rows})${at(4 * r)})`,
    ...range(vectors)
      .slice(1)
      .map((v) => `      ${acc(r, v)} = ${acc(r, 0)}`),
  ])
  const begin = [
    `    if (flags & ACCUMULATE) {`,
    ...all.map(([r, v]) => `      ${acc(r, v)} = v128.load(${base('y', r)}${at(16 * v)})`),
    `    } else {`,
    ...biases,
    `      if (residual) {`,
    `        const z = residual + <usize>b * step * ${rows}`,
    ...all.map(([r, v]) => `        ${acc(r, v)} = f32x4.add(${acc(r, v)}, v128.load(${base('z', r)}${at(16 * v)}))`),
    `      }`,
    `    }`,
  ]
  const relu = [
    `    if (flags & RELU) {`,
    `      const zero = f32x4.splat(0)`,
    ...all.map(([r, v]) => `      ${acc(r, v)} = f32x4.pmax(${acc(r, v)}, zero)`),
    `    }`,
  ]
  const records = rows <= 2 ? fewRows() : manyRows()
  return [
    `/** ${rows} × ${vectors}. */`,
    `export function rows${rows}x${vectors}(table: usize, first: i32, last: i32, x: usize, y: usize, step: usize, bias: usize, residual: usize, flags: i32, never: usize): void {`,
    `  const stream = load<u32>(table)`,
    `  table += 4`,
    `  y += <usize>first * step * ${rows}`,
    `  for (let b = first; b < last; b++) {`,
    `    let p = stream + load<u32>(table + (<usize>b << 2))`,
    `    const end = stream + load<u32>(table + (<usize>b << 2), 4)`,
    ...all.map(([r, v]) => `    let ${acc(r, v)}: v128`),
    ...begin,
    `    while (p < end) {`,
    `      const a = x + load<u32>(p)`,
    ...records,
    `      p += ${4 + 4 * rows}`,
    `    }`,
    ...relu,
    ...all.map(([r, v]) => `    v128.store(${base('y', r)}, ${acc(r, v)}${at(16 * v)})`),
    `    y += ${rows} * step`,
    `  }`,
    `}`,
  ].join('\n')

  function fewRows() {
    const lines = range(rows).map((r) => `      const w${r} = v128.load32_splat(p, ${4 + 4 * r})`)
    let v = 0
    groups.forEach((size, g) => {
      const these = range(size).map((i) => v + i)
      for (const i of these) {
        if (rows === 2 && i > v && (i - v) % 2 === 0) lines.push(...cutBase(range(rows).map((r) => [r, i - 1])))
        if (rows === 1) lines.push(`      ${acc(0, i)} = madd(w0, v128.load(a${at(16 * i)}), ${acc(0, i)})`)
        else {
          lines.push(`      const x${i} = v128.load(a${at(16 * i)})`)
          for (const r of range(rows)) lines.push(`      ${acc(r, i)} = madd(w${r}, x${i}, ${acc(r, i)})`)
        }
      }
      v += size
      if (g < groups.length - 1) lines.push(...cut(these.flatMap((i) => range(rows).map((r) => [r, i]))))
    })
    return lines
  }

  function manyRows() {
    const lines = range(vectors).map((v) => `      const x${v} = v128.load(a${at(16 * v)})`)
    if (rows === 4) lines.push(`      const w = v128.load(p, 4)`)
    let r = 0
    rowGroups.forEach((size, g) => {
      const these = range(size).map((i) => r + i)
      for (const i of these) {
        if (i > r) lines.push(...cutBase(range(vectors).map((v) => [i - 1, v])))
        // one load and four shuffles are faster than four loads where the load ports are the limit
        lines.push(
          rows === 4
            ? `      const w${i} = i32x4.shuffle(w, w, ${i}, ${i}, ${i}, ${i})`
            : `      const w${i} = v128.load32_splat(p, ${4 + 4 * i})`,
        )
        for (const v of range(vectors)) lines.push(`      ${acc(i, v)} = madd(w${i}, x${v}, ${acc(i, v)})`)
      }
      r += size
      if (g < rowGroups.length - 1) lines.push(...cut(these.flatMap((i) => range(vectors).map((v) => [i, v]))))
    })
    return lines
  }
}

/** The source of assembly/generated/stream.ts. */
export const streamKernels = () =>
  [
    '// Written by scripts/stream-kernels.mjs.',
    `import { madd } from '../vector'`,
    '/** The tile holds partial sums already. */',
    'const ACCUMULATE = 1',
    'const RELU = 2',
    ...shapes.map(kernel),
    '',
  ].join('\n\n')
