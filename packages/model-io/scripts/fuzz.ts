/**
 * Changed inputs for the parsers of what comes with a timm model, so many for each:
 *
 *     npx tsx --conditions=@tacojs/source packages/model-io/scripts/fuzz.ts 20000 [seed]
 *
 * Prints a line for each parser; ends with 1 where an input took longer than five seconds, and throws where one ended in
 * anything but a value or a typed error.
 */
import { fuzz } from '../src/testing/fuzz.js'
import { fuzzTargets } from '../src/testing/targets.js'

const LONGEST = 5000

const rounds = Number(process.argv[2] ?? 1000)
const seed = Number(process.argv[3] ?? 1)
for (const target of fuzzTargets) {
  const started = performance.now()
  const { accepted, refused, slowest } = await fuzz(target, rounds, seed)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(
    `${target.name}: ${accepted} read, ${refused} refused in ${seconds} s; slowest ${slowest.toFixed(0)} ms, ${memory} MiB resident`,
  )
  if (slowest > LONGEST) process.exitCode = 1
}
