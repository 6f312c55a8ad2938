import assert from 'node:assert/strict'

/** Fails unless the logits of all images are the expected ones within 1e-5 of their range. */
export function assertLogits(logits, expected) {
  assert.deepEqual(
    logits.map((row) => row.length),
    expected.map((row) => row.length),
  )
  const range = Math.max(...expected.flat()) - Math.min(...expected.flat())
  const differences = logits.flatMap((row, i) => row.map((v, j) => Math.abs(v - expected[i][j])))
  // every, not a maximum: NaN must not pass
  assert.ok(
    differences.every((d) => d <= 1e-5 * range),
    `logits differ by ${Math.max(...differences)} in a range of ${range}`,
  )
}
