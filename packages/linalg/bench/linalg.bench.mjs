// Times the kernels of the built package: `npm run build && node bench/linalg.bench.mjs [base|relaxed] [n …]`.
// Times are CPU times of this process, which counts what a shared machine takes away by preemption only little; the
// best is the fairest figure, for caches and memory are shared as well.
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--experimental-wasm-relaxed-simd')
const { createLinalg } = await import('../dist/index.js')

const [build, ...rest] = process.argv.slice(2)
const sizes = rest.length > 0 ? rest.map(Number) : [768]
const linalg = await createLinalg(build ? { build } : {})

const random = (Type, length) => Type.from({ length }, (_, i) => Math.sin(i * 12.9898 + (i % 97)))
const rows = []

/** Runs until 1.5 s are over, five times at least, after two runs for the compiler. */
function time(name, type, n, flops, prepare, run) {
  const times = []
  const started = performance.now()
  for (let i = 0; i < 200 && (i < 7 || performance.now() - started < 1500); i++) {
    prepare?.()
    const from = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(from)
    if (i >= 2) times.push((user + system) / 1000)
  }
  times.sort((a, b) => a - b)
  const [best, median] = [times[0], times[times.length >> 1]]
  const gflops = (ms) => (flops / ms / 1e6).toFixed(1)
  rows.push({
    name,
    type,
    n,
    'best ms': best.toFixed(2),
    'median ms': median.toFixed(2),
    'best GFLOP/s': gflops(best),
    'median GFLOP/s': gflops(median),
  })
}

for (const n of sizes) {
  for (const [type, Type] of [
    ['f32', Float32Array],
    ['f64', Float64Array],
  ]) {
    const k = 2048
    const [x, c] = [random(Type, k * n), new Type(n * n)]
    time(`gemm, k = ${n}`, type, n, 2 * n ** 3, undefined, () => linalg.gemm({ m: n, n, k: n, a: x, b: x, c }))
    // half of the products: the other triangle is mirrored
    time(`syrk, k = ${k}`, type, n, n * n * k, undefined, () => linalg.syrk({ trans: true, n, k, a: x, c }))
    for (let i = 0; i < n; i++) c[i * (n + 1)] += n
    const work = c.slice()
    time(
      'potrf',
      type,
      n,
      n ** 3 / 3,
      () => work.set(c),
      () => linalg.potrf({ uplo: 'L', n, a: work }),
    )
    const factor = work.slice()
    time(
      'potri',
      type,
      n,
      (2 * n ** 3) / 3,
      () => work.set(factor),
      () => linalg.potri({ uplo: 'L', n, a: work }),
    )
    time(
      'potrf + potri',
      type,
      n,
      n ** 3,
      () => work.set(c),
      () => {
        linalg.potrf({ uplo: 'L', n, a: work })
        linalg.potri({ uplo: 'L', n, a: work })
      },
    )
    time(
      'trsm',
      type,
      n,
      n ** 3,
      () => work.set(c),
      () => linalg.trsm({ side: 'R', uplo: 'L', transA: true, m: n, n, a: factor, b: work }),
    )
  }
}
console.table(rows)
linalg.dispose()
