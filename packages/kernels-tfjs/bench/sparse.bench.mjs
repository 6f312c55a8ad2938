// Sparse layers against tfjs-wasm's dense ones, and matMul before and after registerFastMatMul, with the built package:
// `npm run build && node bench/sparse.bench.mjs [rounds]`. All variants of a row run in turn, round after round; a ratio is
// the median of the ratios within the rounds, so that what else the machine does cancels out.
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--experimental-wasm-relaxed-simd')
const tf = await import('@tensorflow/tfjs-core')
await import('@tensorflow/tfjs-backend-wasm')
const { registerFastMatMul, registerSparseKernels, sparseConv2d, sparseLinear, sparseWeights } =
  await import('../dist/ops/index.js')

const rounds = Number(process.argv[2] ?? 15)
const sparsities = [0.8, 0.9, 0.95]
await tf.setBackend('wasm')
await registerSparseKernels()

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

function measure(run) {
  const from = performance.now()
  for (const tensor of [run()].flat()) tensor.dispose()
  return performance.now() - from
}

/** Median milliseconds of each variant, and of the first one's time over each. */
function compare(variants) {
  for (let i = 0; i < 3; i++) variants.forEach(measure)
  const times = Array.from({ length: rounds }, () => variants.map(measure))
  return variants.map((_, v) => ({
    ms: median(times.map((row) => row[v])),
    ratio: median(times.map((row) => row[0] / row[v])),
  }))
}

/** Rows with the same keys, as a table in markdown. */
function print(title, rows) {
  const keys = Object.keys(rows[0])
  const line = (cells) => `| ${cells.join(' | ')} |`
  console.log(
    [title, '', line(keys), line(keys.map(() => '---')), ...rows.map((row) => line(Object.values(row))), ''].join('\n'),
  )
}

const randomlyPruned = (shape, sparsity) =>
  tf.tidy(() => {
    const dense = tf.randomNormal(shape)
    const kept = tf.greater(tf.randomUniform(shape), sparsity)
    return tf.mul(dense, tf.cast(kept, 'float32'))
  })

/** One layer: dense forward, sparse forward, sparse backward (input and values together), at each sparsity. */
function layer(name, x, shape, dense, sparse) {
  const full = tf.randomNormal(shape)
  const weights = sparsities.map((sparsity) => {
    const pruned = randomlyPruned(shape, sparsity)
    const made = sparseWeights(pruned)
    pruned.dispose()
    return made
  })
  const dy = tf.tidy(() => tf.onesLike(dense(x, full)))
  const results = compare([
    () => dense(x, full),
    ...weights.map((w) => () => sparse(x, w)),
    ...weights.map((w) => () => tf.grads((image) => sparse(image, w))([x, w.values], dy)),
  ])
  const row = { layer: name, 'dense ms': results[0].ms.toFixed(2) }
  sparsities.forEach((sparsity, i) => {
    const { ms, ratio } = results[1 + i]
    row[`${100 * sparsity} %`] = `${ms.toFixed(2)} ms, ${ratio.toFixed(1)}×`
  })
  sparsities.forEach((sparsity, i) => {
    row[`with gradients, ${100 * sparsity} %`] = `${results[1 + sparsities.length + i].ms.toFixed(2)} ms`
  })
  for (const tensor of [x, full, dy, ...weights]) tensor.dispose()
  return row
}

const linear = (positions, inputs, outputs) =>
  layer(
    `linear ${positions} × ${inputs} → ${outputs}`,
    tf.randomNormal([positions, inputs]),
    [inputs, outputs],
    (x, w) => tf.matMul(x, w),
    (x, w) => sparseLinear(x, w),
  )

const convolution = (size, kernel, inputs, outputs, stride) =>
  layer(
    `conv ${size}² ${kernel}×${kernel}${stride > 1 ? ` / ${stride}` : ''} ${inputs} → ${outputs}`,
    tf.randomNormal([1, size, size, inputs]),
    [kernel, kernel, inputs, outputs],
    (x, w) => tf.conv2d(x, w, stride, 'same'),
    (x, w) => sparseConv2d(x, w, stride, 'same'),
  )

async function product(name, aShape, bShape, transposeA, transposeB) {
  const [a, b] = [tf.randomNormal(aShape), tf.randomNormal(bShape)]
  const before = tf.getKernel('BatchMatMul', 'wasm')
  const restore = await registerFastMatMul()
  const after = tf.getKernel('BatchMatMul', 'wasm')
  restore()
  const by = (kernel) => () => {
    tf.unregisterKernel('BatchMatMul', 'wasm')
    tf.registerKernel(kernel)
    return tf.matMul(a, b, transposeA, transposeB)
  }
  const [slow, fast] = compare([by(before), by(after)])
  by(before)().dispose()
  a.dispose()
  b.dispose()
  return {
    matMul: name,
    'tfjs ms': slow.ms.toFixed(2),
    'fast ms': fast.ms.toFixed(2),
    ratio: `${fast.ratio.toFixed(1)}×`,
  }
}

print('DeiT-Tiny, one image, against tf.matMul', [
  linear(197, 192, 576),
  linear(197, 192, 192),
  linear(197, 192, 768),
  linear(197, 768, 192),
])
print('ResNet-18, one image, against tf.conv2d', [
  convolution(56, 3, 64, 64, 1),
  convolution(56, 3, 64, 128, 2),
  convolution(28, 3, 128, 128, 1),
  convolution(28, 3, 128, 256, 2),
  convolution(14, 3, 256, 256, 1),
  convolution(14, 3, 256, 512, 2),
  convolution(7, 3, 512, 512, 1),
  convolution(56, 1, 64, 128, 2),
])
print('matMul', [
  await product('[1576 × 192] · [192 × 768]', [1576, 192], [192, 768], false, false),
  await product('[1576 × 192] · [768 × 192]ᵀ', [1576, 192], [768, 192], false, true),
  await product('[1576 × 192]ᵀ · [1576 × 768]', [1576, 192], [1576, 768], true, false),
  await product('24 × [197 × 64] · [197 × 64]ᵀ', [24, 197, 64], [24, 197, 64], false, true),
  await product('24 × [197 × 197] · [197 × 64]', [24, 197, 197], [24, 197, 64], false, false),
])
