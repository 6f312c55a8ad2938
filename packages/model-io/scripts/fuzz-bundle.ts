import { fuzz } from '../src/testing/fuzz.js'
import { bundleTargets } from '../src/bundle/testing/targets.js'

// npx tsx --conditions=@tacojs/source packages/model-io/scripts/fuzz-bundle.ts 30000 [seed]
const [count = '1000', seed = '1'] = process.argv.slice(2)
for (const target of bundleTargets) {
  const rounds = Math.ceil(Number(count) / bundleTargets.length)
  const { accepted, refused, slowest } = await fuzz(target, rounds, Number(seed))
  console.log(
    `${target.name}: ${rounds} inputs, ${accepted} read, ${refused} refused, slowest ${slowest.toFixed(0)} ms`,
  )
}
console.log(`${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at most`)
