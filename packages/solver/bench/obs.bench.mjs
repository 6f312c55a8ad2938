// Times ExactOBS of the built package: `npm run build && node bench/obs.bench.mjs [base|relaxed] [seconds]`.
// Some rows of layers of 192 and of 768 inputs to their end, in f32 and f64, with one and with two threads; few, so that
// on a busy machine some runs are not interrupted. Counted are 2kt operations for a column of P of k values while t
// removals are pending, and k² for each of the 32 that are then applied to what is left: n³/3 in all.
import { setFlagsFromString } from 'node:v8'

// unknown where relaxed SIMD needs no flag any more, which is said on stderr only
if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')
const { createNumerics } = await import('../dist/index.js')

const [build = 'relaxed', seconds = '30'] = process.argv.slice(2)
const batch = 32
const teams = [await createNumerics({ build, threads: 1 }), await createNumerics({ build, threads: 2 })]

let seed = 1
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647 - 0.5

function flopsOfRow(n) {
  let [flops, size, pending] = [0, n, 0]
  for (let left = n; left > 0; left--) {
    flops += 2 * size * pending++
    if (size <= batch || pending < batch) continue
    size -= batch
    flops += size * size * batch
    pending = 0
  }
  return flops
}

const cases = []
for (const [rows, n] of [
  [64, 192],
  [8, 768],
]) {
  const x = Float64Array.from({ length: 3 * n * n }, random)
  for (let i = 1; i < x.length; i++) x[i] += 0.6 * x[i - 1]
  const inverse = new Float64Array(n * n)
  teams[0].syrk({ trans: true, n, k: 3 * n, a: x, alpha: 1 / n, c: inverse })
  for (let i = 0; i < n; i++) inverse[i * (n + 1)] += 0.01
  const diagonal = Float64Array.from({ length: n }, (_, i) => inverse[i * (n + 1)])
  teams[0].potrf({ uplo: 'L', n, a: inverse })
  teams[0].potri({ uplo: 'L', n, a: inverse })
  const weights = Float64Array.from({ length: rows * n }, random)
  const layer = { groups: rows, rows: 1, n, units: n, depth: n, diagonal, start: { inverse } }
  const unit = Int32Array.from({ length: n }, (_, i) => i)
  for (const bits of [32, 64]) {
    const run = (numerics) => numerics.eliminate({ ...layer, bits, unit, weights: weights.slice() })
    cases.push({ rows, n, bits, run, flops: rows * flopsOfRow(n), times: [[], []] })
  }
}

const started = performance.now()
for (let round = 0; round < 3 || performance.now() - started < seconds * 1000; round++) {
  for (const { run, times } of cases) {
    for (const [i, numerics] of teams.entries()) {
      const from = performance.now()
      run(numerics)
      // the first round is the compiler's
      if (round > 0) times[i].push(performance.now() - from)
    }
  }
}

console.log(`${build} build, node ${process.version}, ${cases[0].times[0].length} rounds`)
console.table(
  cases.map(({ rows, n, bits, flops, times }) => {
    const [one, two] = times.map((list) => Math.min(...list))
    return {
      rows: `${rows}×${n}`,
      type: `f${bits}`,
      GFLOP: (flops / 1e9).toFixed(2),
      'best ms': one.toFixed(1),
      'GFLOP/s': (flops / one / 1e6).toFixed(1),
      '2 threads, best ms': two.toFixed(1),
      '2 threads, GFLOP/s': (flops / two / 1e6).toFixed(1),
    }
  }),
)
for (const numerics of teams) numerics.dispose()
