import { openBackend } from '@tacojs/orchestrator'
import { checkAgreement } from '../agreement.js'
import { timeRounds } from '../rounds.js'
import { showSparsity, type Sparsity } from '../sparsity.js'
import { compileForced, type CompileWith, type Kernel } from './force-kernel.js'
import { layerGraph } from './layer-graph.js'
import { layerShapes, type LayerShape } from './shapes.js'

export interface BreakEvenTask {
  readonly backend: string
  readonly threads: number
  readonly sparsities: readonly Sparsity[]
  readonly warmup: number
  readonly rounds: number
}

export interface BreakEvenPoint {
  /** Name of the layer's shape. */
  readonly layer: string
  readonly sparsity: Sparsity
  /** Milliseconds, one per round; the two kernels take turns. */
  readonly dense: readonly number[]
  readonly sparse: readonly number[]
}

/** Times both kernels on the same pruned weights, for every shape and sparsity. Throws where they do not agree. */
export async function measureBreakEven(
  task: BreakEvenTask,
  onProgress: (text: string) => void,
  compileWith: CompileWith = compileForced,
  shapes: readonly LayerShape[] = layerShapes,
): Promise<BreakEvenPoint[]> {
  const backend = openBackend(task.backend)
  const points: BreakEvenPoint[] = []
  for (const shape of shapes) {
    for (const sparsity of task.sparsities) {
      onProgress(`${shape.name}, ${showSparsity(sparsity)}`)
      const { graph, input } = layerGraph(shape, sparsity)
      const compile = (kernel: Kernel) => compileWith(backend, graph, kernel, task.threads)
      const programs = [await compile('dense'), await compile('sparse')]
      const contenders = programs.map((program) => ({
        run: async () => (await program.run({ x: input }))['y']!.data as Float32Array,
      }))
      checkAgreement(await contenders[1]!.run(), await contenders[0]!.run(), shape.name)
      const [dense, sparse] = await timeRounds(contenders, task)
      points.push({ layer: shape.name, sparsity, dense: dense!, sparse: sparse! })
      for (const program of programs) program.dispose()
    }
  }
  return points
}
