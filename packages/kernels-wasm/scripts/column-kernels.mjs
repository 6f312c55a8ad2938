/**
 * Writes the AssemblyScript of the kernels that work down columns: a few vectors of positions, one after the other row.
 * Unrolled over V vectors, so that V sums are under way at once.
 */
const range = (n) => Array.from({ length: n }, (_, i) => i)
const at = (offset) => (offset ? `, ${offset}` : '')

/** Y[r] = Σ_k A[r, k] · X[k], R rows × V vectors; `runs` says which stretches of k lie evenly in A. */
function product(rows, vectors, step, cutAt) {
  const all = range(rows).flatMap((r) => range(vectors).map((v) => `c${r}_${v}`))
  const lines = [
    `/** ${rows} × ${vectors}. */`,
    `function product${rows}x${vectors}${step ? `by${step}` : ''}(a: usize, rs: usize, cs: usize, runs: usize, lastRun: usize, x: usize, xs: usize, y: usize, ys: usize, never: usize): void {`,
    ...all.map((c) => `  let ${c} = splat(0)`),
    `  for (; runs < lastRun; runs += 8) {`,
    `    let p0 = a + load<u32>(runs)`,
    ...(step
      ? []
      : range(rows)
          .slice(1)
          .map((r) => `    let p${r} = p${r - 1} + rs`)),
    `    const end = p0 + load<u32>(runs, 4) * cs`,
    `    while (p0 < end) {`,
    ...range(vectors).map((v) => `      const x${v} = v128.load(x${at(16 * v)})`),
  ]
  for (const r of range(rows)) {
    if (r === cutAt) {
      const done = range(r).flatMap((q) => range(vectors).map((v) => `c${q}_${v}`))
      lines.push(`      if (never) {`, ...done.map((c, i) => `        v128.store(never, ${c}${at(16 * i)})`), `      }`)
    }
    lines.push(`      const w${r} = v128.load32_splat(${step ? `p0${at(r * step)}` : `p${r}`})`)
    for (const v of range(vectors)) lines.push(`      c${r}_${v} = madd(w${r}, x${v}, c${r}_${v})`)
  }
  lines.push(...range(step ? 1 : rows).map((r) => `      p${r} += cs`), `      x += xs`, `    }`, `  }`)
  for (const r of range(rows)) {
    lines.push(...range(vectors).map((v) => `  v128.store(y, c${r}_${v}${at(16 * v)})`))
    if (r < rows - 1) lines.push(`  y += ys`)
  }
  lines.push(`}`)
  return lines.join('\n')
}

const productParameters =
  'rows: i32, vectors: i32, a: usize, rs: usize, cs: usize, runs: usize, lastRun: usize, x: usize, xs: usize, y: usize, ys: usize, never: usize'
const productArguments = 'rows, vectors, a, rs, cs, runs, lastRun, x, xs, y, ys, never'

/**
 * All rows and vectors. With rows a known number of bytes apart one pointer serves for all of them. Three vectors at a
 * time by 3 rows, which takes the fewest instructions; two by 5 and 4. Without relaxed multiply-add every product takes a
 * register of its own, and two by 4 is all that fits.
 */
function products(step) {
  const call = (shape) => `product${shape}${step ? `by${step}` : ''}(from, rs, cs, runs, lastRun, x, xs, to, ys, never)`
  return `function productBy${step}(${productParameters}): void {
  while (vectors > 0) {
    const width = ASC_FEATURE_RELAXED_SIMD && (vectors == 3 || vectors > 4) ? 3 : min(vectors, 2)
    let left = rows
    let from = a
    let to = y
    while (left > 0) {
      let some = 1
      if (width == 3) {
        if (left >= 3) {
          some = 3
          ${call('3x3')}
        } else ${call('1x3')}
      } else if (ASC_FEATURE_RELAXED_SIMD && width == 2 && left >= 5 && left % 5 == 0) {
        some = 5
        ${call('5x2')}
      } else if (left >= 4) {
        some = 4
        if (width == 2) ${call('4x2')}
        else ${call('4x1')}
      } else {
        if (width == 2) ${call('1x2')}
        else ${call('1x1')}
      }
      left -= some
      from += <usize>some * rs
      to += <usize>some * ys
    }
    const bytes = (<usize>width) << 4
    x += bytes
    y += bytes
    vectors -= width
  }
}`
}

/** Lines that load constant i from address `base`. */
const constant = (name, base, i) => `    const ${name} = v128.load32_splat(${base}${at(4 * i)})`

/**
 * A branch that is never taken. V8 would compute one vector from beginning to end before the next; all values named here
 * it needs at once, and the vectors go on side by side.
 */
const together = (names) => [
  `    if (never) {`,
  ...names.map((name, i) => `      v128.store(never, ${name}${at(16 * i)})`),
  `    }`,
]

/** Lines for r_v = 2^(t_v) of several vectors at once, as `exp2` of assembly/vector.ts does for one. */
function exp2Lines(vs) {
  const lines = [constant('low', 'At.Exp2', 1), constant('shift', 'At.Exp2', 2), constant('k0', 'At.Exp2', 3)]
  for (const v of vs) {
    lines.push(
      `    t${v} = f32x4.pmax(t${v}, low)`,
      `    const n${v} = f32x4.add(t${v}, shift)`,
      `    const f${v} = f32x4.sub(t${v}, f32x4.sub(n${v}, shift))`,
      `    let r${v} = k0`,
    )
  }
  const wide = vs.length === 3 || vs.length === 4
  if (wide) lines.push(...together(vs.flatMap((v) => [`n${v}`, `f${v}`])))
  for (const i of range(5)) {
    lines.push(constant(`k${i + 1}`, 'At.Exp2', 4 + i))
    for (const v of vs) lines.push(`    r${v} = madd(r${v}, f${v}, k${i + 1})`)
    if (wide && i === 2) lines.push(...together(vs.map((v) => `r${v}`)))
  }
  for (const v of vs) lines.push(`    r${v} = i32x4.add(r${v}, i32x4.shl(n${v}, 23))`)
  return lines
}

/** x · Φ(x) = x · (½ + z · q(z²)) of n vectors at a time, z being x held to ±5.1. */
function gelu(n) {
  const vs = range(n)
  const lines = [
    `/** ${n} vectors at a time: how many were done. */`,
    `function gelu${n}(x: usize, y: usize, count: i32): i32 {`,
    `  const end = count - (count % ${n})`,
    `  const never = <usize>load<u32>(At.Never)`,
    `  for (let i = 0; i < end; i += ${n}, x += ${16 * n}, y += ${16 * n}) {`,
    constant('half', 'At.Gelu', 0),
    constant('high', 'At.Gelu', 1),
    constant('low', 'At.Gelu', 2),
    constant('scale', 'At.Gelu', 3),
    constant('minus', 'At.Gelu', 4),
    constant('k0', 'At.Gelu', 5),
  ]
  for (const v of vs) {
    lines.push(
      `    const x${v} = v128.load(x${at(16 * v)})`,
      `    const z${v} = f32x4.pmin(f32x4.pmax(x${v}, low), high)`,
      `    const u${v} = madd(f32x4.mul(z${v}, scale), z${v}, minus)`,
      `    let p${v} = k0`,
    )
  }
  for (const i of range(12)) {
    lines.push(constant(`k${i + 1}`, 'At.Gelu', 6 + i))
    for (const v of vs) lines.push(`    p${v} = madd(p${v}, u${v}, k${i + 1})`)
    if (n === 4 && i % 2 === 1) lines.push(...together(vs.map((v) => `p${v}`)))
  }
  for (const v of vs) lines.push(`    v128.store(y, f32x4.mul(x${v}, madd(z${v}, p${v}, half))${at(16 * v)})`)
  lines.push('  }', '  return end', '}')
  return lines.join('\n')
}

/** e^(scale · (x − max)) down `count` rows in place, and 1 / Σ of it. */
function softmax(n) {
  const vs = range(n)
  return [
    `/** ${n} vectors. */`,
    `function softmax${n}(x: usize, step: usize, count: i32, scale: f32, inverse: usize): void {`,
    `  const never = <usize>load<u32>(At.Never)`,
    ...vs.map((v) => `  let m${v} = splat(-Infinity)`),
    `  let p = x`,
    `  const end = x + <usize>count * step`,
    `  while (p < end) {`,
    ...vs.map((v) => `    m${v} = f32x4.pmax(m${v}, v128.load(p${at(16 * v)}))`),
    `    p += step`,
    `  }`,
    `  const factor = splat(scale * <f32>1.4426950408889634)`,
    ...vs.map((v) => `  let s${v} = splat(0)`),
    `  p = x`,
    `  while (p < end) {`,
    ...vs.map((v) => `    let t${v} = f32x4.mul(factor, f32x4.sub(v128.load(p${at(16 * v)}), m${v}))`),
    ...exp2Lines(vs),
    ...vs.map((v) => `    v128.store(p, r${v}${at(16 * v)})`),
    ...vs.map((v) => `    s${v} = f32x4.add(s${v}, r${v})`),
    `    p += step`,
    `  }`,
    ...vs.map((v) => `  v128.store(inverse, f32x4.div(splat(1), s${v})${at(16 * v)})`),
    `}`,
  ].join('\n')
}

/** (x − mean) / √(variance + ε) · gamma + beta, mean and variance down `count` rows, the variance by a second pass. */
function layerNorm(n) {
  const vs = range(n)
  return [
    `/** ${n} vectors. */`,
    `function layerNorm${n}(x: usize, xs: usize, y: usize, ys: usize, count: i32, epsilon: f32, gamma: usize, beta: usize): void {`,
    `  const end = x + <usize>count * xs`,
    `  const share = splat(<f32>1 / <f32>count)`,
    ...vs.map((v) => `  let m${v} = splat(0)`),
    `  for (let p = x; p < end; p += xs) {`,
    ...vs.map((v) => `    m${v} = f32x4.add(m${v}, v128.load(p${at(16 * v)}))`),
    `  }`,
    ...vs.map((v) => `  m${v} = f32x4.mul(m${v}, share)`),
    ...vs.map((v) => `  let s${v} = splat(0)`),
    `  for (let p = x; p < end; p += xs) {`,
    ...vs.flatMap((v) => [
      `    const d${v} = f32x4.sub(v128.load(p${at(16 * v)}), m${v})`,
      `    s${v} = madd(d${v}, d${v}, s${v})`,
    ]),
    `  }`,
    ...vs.map((v) => `  s${v} = f32x4.div(splat(1), f32x4.sqrt(madd(s${v}, share, splat(epsilon))))`),
    `  for (let p = x; p < end; p += xs) {`,
    `    const g = v128.load32_splat(gamma)`,
    `    const b = v128.load32_splat(beta)`,
    ...vs.map(
      (v) =>
        `    v128.store(y, madd(f32x4.mul(f32x4.sub(v128.load(p${at(16 * v)}), m${v}), s${v}), g, b)${at(16 * v)})`,
    ),
    `    gamma += 4`,
    `    beta += 4`,
    `    y += ys`,
    `  }`,
    `}`,
  ].join('\n')
}

/** A function that takes any number of vectors: 10 as 4, 3 and 3, 8 as 4 and 4, 9 and 6 in threes, 5 as 3 and 2. */
const cut = (name, parameters, call) =>
  [
    `export function ${name}(${parameters}): void {`,
    `  while (vectors > 0) {`,
    `    const width = vectors % 3 == 0 || vectors == 5 ? 3 : min(vectors, 4)`,
    `    switch (width) {`,
    ...widths.flatMap((n) => [`      case ${n}:`, `        ${call(n)}`, `        break`]),
    `    }`,
    `    const bytes = (<usize>width) << 4`,
    `    x += bytes`,
    ...(parameters.includes('y: usize') ? [`    y += bytes`] : [`    inverse += bytes`]),
    `    vectors -= width`,
    `  }`,
    `}`,
  ].join('\n')

const widths = [1, 2, 3, 4]

/** The source of assembly/generated/column.ts. */
export const columnKernels = () =>
  [
    '// Written by scripts/column-kernels.mjs.',
    `import { At } from '../../src/addresses'`,
    `import { madd, splat } from '../vector'`,
    ...[0, 4, 128, 160].flatMap((step) => [
      product(5, 2, step, 3),
      product(4, 2, step),
      product(4, 1, step),
      product(1, 2, step),
      product(1, 1, step),
      product(3, 3, step),
      product(1, 3, step),
      products(step),
    ]),
    `/** Y [rows × vectors] = A [rows × K] · X [K × vectors], rows rs and columns cs bytes apart in A. */
export function product(${productParameters}): void {
  switch (<i32>rs) {
${[4, 128, 160].map((step) => `    case ${step}:\n      return productBy${step}(${productArguments})`).join('\n')}
    default:
      productBy0(${productArguments})
  }
}`,
    gelu(4),
    gelu(1),
    `/** y = gelu(x) over count vectors. */
export function gelu(x: usize, y: usize, count: i32): void {
  const fours = gelu4(x, y, count)
  const o = (<usize>fours) << 4
  gelu1(x + o, y + o, count - fours)
}`,
    ...widths.map(softmax),
    cut(
      'softmax',
      'vectors: i32, x: usize, step: usize, count: i32, scale: f32, inverse: usize',
      (n) => `softmax${n}(x, step, count, scale, inverse)`,
    ),
    ...widths.map(layerNorm),
    cut(
      'layerNorm',
      'vectors: i32, x: usize, xs: usize, y: usize, ys: usize, count: i32, epsilon: f32, gamma: usize, beta: usize',
      (n) => `layerNorm${n}(x, xs, y, ys, count, epsilon, gamma, beta)`,
    ),
    '',
  ].join('\n\n')
