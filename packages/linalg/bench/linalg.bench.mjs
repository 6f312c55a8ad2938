// Times the built package: `npm run build && node bench/linalg.bench.mjs [base|relaxed] [n …]`.
// All rows take turns, so that what else the machine does falls on all of them; with one and with two threads one right
// after the other. Times are wall clock. The multiply-adds that this machine can do at all are measured in the same run.
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { compile } from '../../wasm/scripts/compile.mjs'

// unknown where relaxed SIMD needs no flag any more, which is said on stderr only
if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
const { createLinalg } = await import('../dist/index.js')

const [build = 'relaxed', ...rest] = process.argv.slice(2)
const sizes = rest.length > 0 ? rest.map(Number) : [768, 2304]
const seconds = 90
const linalgs = [await createLinalg({ build, threads: 1 }), await createLinalg({ build, threads: 2 })]

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
const module = new WebAssembly.Module(compile(fileURLToPath(new URL('peak.ts', import.meta.url)), build))
const peaks = new WebAssembly.Instance(module, { env: { memory } }).exports
const turns = 200_000

/** `run(linalg)` is timed, what `prepare` does before is not. */
const rows = []
const add = (name, bits, n, flops, prepare, run) => rows.push({ name, bits, n, flops, prepare, run, times: [[], []] })

for (const bits of [32, 64]) {
  add('peak', bits, '', turns * 10 * (256 / bits), undefined, () => peaks[`peak${bits}`](turns, 1024))
  const Type = bits === 32 ? Float32Array : Float64Array
  const random = (length) => Type.from({ length }, (_, i) => Math.sin(i * 12.9898 + (i % 97)))
  for (const n of sizes) {
    const k = 2048
    const [x, c, spd] = [random(Math.max(k, n) * n), new Type(n * n), new Type(n * n)]
    linalgs[0].syrk({ trans: true, n, k, a: x, c: spd })
    for (let i = 0; i < n; i++) spd[i * (n + 1)] += n
    const [factor, work] = [spd.slice(), spd.slice()]
    linalgs[0].potrf({ uplo: 'L', n, a: factor })
    const [fresh, factored] = [() => work.set(spd), () => work.set(factor)]
    const lower = { uplo: 'L', n, a: work }
    add('gemm, k = n', bits, n, 2 * n ** 3, undefined, (l) => l.gemm({ m: n, n, k: n, a: x, b: spd, c }))
    // half of the products: the other triangle is mirrored
    add('syrk AᵀA, k = 2048', bits, n, n * n * k, undefined, (l) => l.syrk({ trans: true, n, k, a: x, c }))
    add('syrk AAᵀ, k = 2048', bits, n, n * n * k, undefined, (l) => l.syrk({ trans: false, n, k, a: x, c }))
    add('potrf', bits, n, n ** 3 / 3, fresh, (l) => l.potrf(lower))
    add('potri', bits, n, (2 * n ** 3) / 3, factored, (l) => l.potri(lower))
    add('potrf + potri', bits, n, n ** 3, fresh, (l) => (l.potrf(lower), l.potri(lower)))
    const solve = { side: 'R', uplo: 'L', transA: true, m: n, n, a: factor, b: work }
    add('trsm', bits, n, n ** 3, fresh, (l) => l.trsm(solve))
  }
}

const started = performance.now()
for (let round = 0; round < 5 || performance.now() - started < seconds * 1000; round++) {
  for (const { prepare, run, times } of rows) {
    for (const [i, linalg] of linalgs.entries()) {
      prepare?.()
      const from = performance.now()
      run(linalg)
      // the first rounds are the compiler's
      if (round >= 2) times[i].push(performance.now() - from)
    }
  }
}

const median = (values) => values.slice().sort((a, b) => a - b)[values.length >> 1]
const peakOf = (bits) => rows.find((row) => row.name === 'peak' && row.bits === bits)
const best = ({ flops, times }) => flops / Math.min(...times[0]) / 1e6
console.log(`${build} build, node ${process.version}, ${rows[0].times[0].length} rounds`)
console.table(
  rows.map((row) => {
    const [one, two] = row.times
    return {
      call: row.name,
      type: `f${row.bits}`,
      n: row.n,
      'best ms': Math.min(...one).toFixed(2),
      'median ms': median(one).toFixed(2),
      'best GFLOP/s': best(row).toFixed(1),
      'of the peak': `${((100 * best(row)) / best(peakOf(row.bits))).toFixed(0)} %`,
      '2 threads, best ms': Math.min(...two).toFixed(2),
      '2 threads, median ms': median(two).toFixed(2),
      'faster by': (Math.min(...one) / Math.min(...two)).toFixed(2),
      'median of pairs': median(one.map((ms, i) => ms / two[i])).toFixed(2),
    }
  }),
)
for (const linalg of linalgs) linalg.dispose()
