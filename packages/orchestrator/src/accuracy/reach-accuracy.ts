import { batches, type ImageItem, type Preprocess } from '@tacojs/calibration'
import { evaluate, type Evaluation } from '@tacojs/evaluation'
import type { Graph } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import type { ImageReading } from '../images.js'
import type { OnStep, Stage, StageTimer } from '../progress.js'
import type { Pruner, Specialist } from '../pruner.js'
import type { Recipe } from '../recipe.js'
import { percent, sparsityGrid } from './grid.js'
import { searchAccuracy, type AccuracySearch, type Attempt } from './search-accuracy.js'

interface Measuring {
  readonly recipe: Recipe
  /** Share of the layers' weights that are zero already and stay. */
  readonly zeros: number
  readonly backend: Backend
  readonly threads: number
  readonly preprocess: Preprocess
  readonly reading: ImageReading
  readonly timer: StageTimer
  readonly progress: (stage: Stage) => OnStep
  readonly warn: (text: string) => void
}

/** Dev images of which no drop at all says little. */
const FEW = 50

/** Part of an attempt that pruning takes, measuring on the dev images the rest: so for a few hundred of them. */
const PRUNING = 0.9

/**
 * The sparsest specialist that loses no more top-1 on the dev images than the recipe's `maxDrop`; see `searchAccuracy`.
 * All attempts are one stage of progress: each layer, and each reading of the dev images, is a step.
 */
export async function reachAccuracy(
  dense: Graph,
  prune: Pruner,
  dev: readonly ImageItem[],
  { recipe, zeros, backend, threads, preprocess, reading, timer, progress, warn }: Measuring,
): Promise<{ specialist: Specialist; search: AccuracySearch }> {
  const evaluated = (graph: Graph, report?: (text: string) => void): Promise<Evaluation> =>
    timer.time('evaluate', async () => {
      const program = await backend.compile(graph, { threads })
      try {
        const stream = batches(dev, preprocess, reading)
        const [result] = await evaluate([{ program, graph }], stream, { signal: reading.signal })
        for (const { file, reason } of stream.skipped) report?.(`skipped ${file}: ${reason}`)
        return result!
      } finally {
        program.dispose()
      }
    })
  const step = progress('prune')
  let [layers, attempts] = [0, 1]
  /** @param share of the attempt's own work */
  const advance = ({ index, of, sparsity }: Attempt, done: number, detail: string, share: number): void =>
    step(index * (layers + 1) + done, of * (layers + 1), `${percent(sparsity)}: ${detail}`, (index + share) / of)
  progress('evaluate')(0, 1, 'dense model on dev images')
  const { correct, images } = await evaluated(dense, warn)
  progress('evaluate')(1, 1)
  const maxDrop = recipe.maxDrop!
  if (maxDrop > 0 ? 100 / images > maxDrop : images < FEW) {
    warn(
      `one of the ${images} dev images is ${(100 / images).toFixed(1)} points: more of them tell smaller drops apart`,
    )
  }
  const found = await searchAccuracy(
    (sparsity, attempt) =>
      prune(sparsity, (done, total, name = '', share = done / total) => {
        layers = total
        if (done < total) advance(attempt, done, name, PRUNING * share)
      }),
    async (graph, attempt) => {
      advance(attempt, layers, 'dev images', PRUNING)
      const { correct: right } = await evaluated(graph)
      attempts = attempt.of
      return right
    },
    { maxDrop, grid: sparsityGrid(recipe, zeros), dense: { correct, images } },
  )
  // bisection may be through sooner than it could have been
  step(attempts * (layers + 1), attempts * (layers + 1), 'done', 1)
  if (!found.search.reached) {
    const { tried, sparsity } = found.search
    warn(
      `no sparsity keeps the drop within ${maxDrop} points: ${percent(sparsity)} loses ${tried[0]!.drop.toFixed(1)} on ${images} dev images`,
    )
  }
  return found
}
