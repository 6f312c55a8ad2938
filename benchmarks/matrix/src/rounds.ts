import { setTimeout } from 'node:timers/promises'
import type { Contender } from './contender.js'
import { createRandom } from './random.js'

/**
 * Times contenders round by round, each once per round, so that a drift of the machine's speed meets all of them alike;
 * each round in another (seeded) order, so that none always follows the same one. A contender runs twice in its turn, and
 * the second run counts: the first finds a core that slept and caches full of the weights of others, which costs all about
 * the same few milliseconds, and is not how a stream of images runs. Rounds of the warm-up are not kept.
 *
 * @returns milliseconds, [contender][round]
 */
export async function timeRounds(
  contenders: readonly Pick<Contender, 'run'>[],
  counts: { readonly warmup: number; readonly rounds: number },
  onRound: (done: number) => void = () => undefined,
): Promise<number[][]> {
  const random = createRandom(1)
  const times: number[][] = contenders.map(() => [])
  for (let round = -counts.warmup; round < counts.rounds; round++) {
    for (const i of shuffled(contenders.length, random)) {
      await quiet()
      await contenders[i]!.run()
      const start = performance.now()
      await contenders[i]!.run()
      const elapsed = performance.now() - start
      if (round >= 0) times[i]!.push(elapsed)
    }
    onRound(round + 1 + counts.warmup)
  }
  return times
}

/**
 * Waits until the process has used less than half of one core for five milliseconds: the threads of some runtimes spin
 * for tens of milliseconds after a run, and V8 compiles in the background, in the time of who is next.
 */
async function quiet(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const before = process.cpuUsage()
    await setTimeout(5)
    const { user, system } = process.cpuUsage(before)
    if (user + system < 2500) return
  }
}

function shuffled(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(((random() + 1) / 2) * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
