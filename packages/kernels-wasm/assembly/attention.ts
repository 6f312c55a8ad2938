import { product, softmax } from './generated/column'
import { madd, splat } from './vector'

/** x = scale · x + bias down `count` rows of `vectors` vectors. */
function addBias(vectors: i32, x: usize, step: usize, bias: usize, biasStep: usize, count: i32, scale: f32): void {
  const factor = splat(scale)
  for (let r = 0; r < count; r++, x += step, bias += biasStep) {
    for (let o: usize = 0; o < (<usize>vectors) << 4; o += 16) {
      v128.store(x + o, madd(v128.load(x + o), factor, v128.load(bias + o)))
    }
  }
}

/**
 * Scaled dot-product attention, softmax(scale · QᵀK + bias) Vᵀ (Vaswani et al. 2017, eq. 1), features in rows, queries in the
 * lanes. One tile of queries at a time: its scores [keys × tile] are all that is ever stored.
 *
 * The command: +8 units; +12 first unit of each part (parts + 1 of them, at a pointer); +16 Q; +20 K; +24 V; +28 Y;
 * +32 bias or 0; +36 bytes from row to row of Q, K, V, Y, bias; +56 runs of keys, number of runs; +64 keys; +68 features
 * of Q and K; +72 features of V; +76 scale; +80 scratch of part 0; +84 bytes of scratch per part; +88 a run of all features;
 * +92 a buffer for what is never stored. A unit: byte offsets in Q, K, V, Y, bias, then vectors of queries.
 * A run: byte offset in K and V, number of keys. The runs of V follow those of K.
 */
export function attention(command: usize, part: i32): void {
  const units = load<u32>(command, 8)
  const parts = load<u32>(command, 12) + ((<usize>part) << 2)
  const q = load<u32>(command, 16)
  const k = load<u32>(command, 20)
  const v = load<u32>(command, 24)
  const y = load<u32>(command, 28)
  const bias = load<u32>(command, 32)
  const qStep = load<u32>(command, 36)
  const kStep = load<u32>(command, 40)
  const vStep = load<u32>(command, 44)
  const yStep = load<u32>(command, 48)
  const biasStep = load<u32>(command, 52)
  const runs = load<u32>(command, 56)
  const runEnd = runs + <usize>load<u32>(command, 60) * 8
  const valueEnd = runEnd + <usize>load<u32>(command, 60) * 8
  const keys = load<i32>(command, 64)
  const values = load<i32>(command, 72)
  const scale = load<f32>(command, 76)
  const scores = load<u32>(command, 80) + <usize>part * load<u32>(command, 84)
  const features = load<u32>(command, 88)
  const never = load<u32>(command, 92)
  const lastUnit = units + <usize>load<u32>(parts, 4) * 24
  for (let u = units + <usize>load<u32>(parts) * 24; u < lastUnit; u += 24) {
    const qs = q + load<u32>(u)
    const ks = k + load<u32>(u, 4)
    const vectors = load<i32>(u, 20)
    const step = (<usize>vectors) << 4
    let at = scores
    for (let run = runs; run < runEnd; run += 8) {
      const count = load<i32>(run, 4)
      // row j of the scores is Σ_d K[d, j] · Q[d]: neighbouring keys are the rows of A
      product(count, vectors, ks + load<u32>(run), 4, kStep, features, features + 8, qs, qStep, at, step, never)
      at += <usize>count * step
    }
    if (bias) addBias(vectors, scores, step, bias + load<u32>(u, 16), biasStep, keys, scale)
    softmax(vectors, scores, step, keys, bias ? 1 : scale, at)
    const to = y + load<u32>(u, 12)
    product(values, vectors, v + load<u32>(u, 8), vStep, 4, runEnd, valueEnd, scores, step, to, yStep, never)
    scaleRows(vectors, to, yStep, values, at)
  }
}

/** y = factors · y down `count` rows: the sums of the softmax, which the products left out. */
function scaleRows(vectors: i32, y: usize, step: usize, count: i32, factors: usize): void {
  const end = y + <usize>count * step
  for (let o: usize = 0; o < (<usize>vectors) << 4; o += 16) {
    const factor = v128.load(factors + o)
    for (let p = y + o; p < end + o; p += step) v128.store(p, f32x4.mul(v128.load(p), factor))
  }
}

/**
 * Y = A · X for the matrices of a batch, A's elements broadcast, X's columns in the lanes.
 * +8 units, number of units: byte offset in A, X, Y, vectors; +16 A; +20 X; +24 Y; +28 rows of A; +32 bytes from row to
 * row and from column to column of A; +40 a run of all columns; +44 bytes from row to row of X, of Y; +52 a buffer for
 * what is never stored.
 */
export function products(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const count = load<i32>(command, 12)
  const runs = load<u32>(command, 40)
  const last = load<u32>(command, 8) + ((<usize>((count * (part + 1)) / parts)) << 4)
  for (let u = load<u32>(command, 8) + ((<usize>((count * part) / parts)) << 4); u < last; u += 16) {
    product(
      load<i32>(command, 28),
      load<i32>(u, 12),
      load<u32>(command, 16) + load<u32>(u),
      load<u32>(command, 32),
      load<u32>(command, 36),
      runs,
      runs + 8,
      load<u32>(command, 20) + load<u32>(u, 4),
      load<u32>(command, 44),
      load<u32>(command, 24) + load<u32>(u, 8),
      load<u32>(command, 48),
      load<u32>(command, 52),
    )
  }
}
