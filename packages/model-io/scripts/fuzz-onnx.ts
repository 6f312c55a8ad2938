/**
 * ONNX models damaged by their structure, so many, made from the models of the tests and the small .onnx files of folders:
 *
 *     npx tsx --conditions=@tacojs/source packages/model-io/scripts/fuzz-onnx.ts 100000 [folder …]
 *
 * Prints what they took and every input that ended in neither a model nor a typed error; then, and where one took longer
 * than five seconds or more than four times its size and 64 MiB, ends with 1.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fuzzOnnx } from '../src/testing/fuzz-onnx.js'
import { seedModels } from '../src/testing/seed-models.js'

const [count = '1000', ...folders] = process.argv.slice(2)
const found = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.onnx') && statSync(join(folder, name)).size < 65_536)
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(folder, name)))),
)
const seeds = [...seedModels, ...found]
const { crashes, ...report } = fuzzOnnx(Number(count), 1, seeds)
for (const { seed, error } of crashes) console.log(`seed ${seed}:`, error)
console.log({ models: seeds.length, ...report, crashes: crashes.length, rss: process.memoryUsage().rss })
if (crashes.length > 0 || report.slowest.ms > 5000 || report.largest.bytes > 64 << 20) process.exitCode = 1
