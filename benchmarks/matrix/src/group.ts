import type { Graph, Tensor } from '@tacojs/graph'
import { exportOnnx } from '@tacojs/model-io'
import { openBackend } from '@tacojs/orchestrator'
import { checkAgreement } from './agreement.js'
import { compileOurs, type Contender } from './contender.js'
import { buildModel } from './models/index.js'
import { onnxruntimeNames, openOnnxruntime, type Onnxruntime } from './onnxruntime.js'
import { pruneByMagnitude } from './prune.js'
import { createRandom, randomTensor } from './random.js'
import { timeRounds } from './rounds.js'
import { showSparsity, type Sparsity } from './sparsity.js'
import { entriesOf, type Entry, type Measured, type Measurement, type Task } from './task.js'

/** Measures a task in this process: compiles everything, compares the logits, then times round by round. */
export async function measureGroup(task: Task, onProgress: (text: string) => void): Promise<Measurement> {
  const { exported, graph } = await buildModel(task.model)
  const images = (batch: number): Tensor =>
    randomTensor(createRandom(batch), [batch, ...(exported.inputs[0]!.shape.slice(1) as number[])])
  const variants = new Map<string, Graph>()
  const variant = (sparsity: Sparsity): Graph => {
    const key = showSparsity(sparsity)
    if (!variants.has(key)) variants.set(key, pruneByMagnitude(graph, sparsity))
    return variants.get(key)!
  }
  const engines = new Map<string, Onnxruntime>()
  for (const name of task.peers.filter((peer) => onnxruntimeNames.includes(peer))) {
    engines.set(name, await openOnnxruntime(name, task.threads))
  }
  const [referee] = engines.values()

  /** All that can be ready before the clock starts; calling the result is what a first run costs. */
  const prepare = (entry: Entry, input: Tensor): (() => Promise<Contender>) => {
    const engine = engines.get(entry.runtime)
    if (engine) {
      const bytes = exportOnnx(exported)
      return () => engine.compile(bytes, input)
    }
    const [backend, weights] = [openBackend(entry.runtime), variant(entry.sparsity)]
    return () => compileOurs(backend, weights, input, entry.threads)
  }

  const expected = new Map<string, Float32Array>()
  let worstDifference: number | undefined
  /** Ours against an onnxruntime that has the same weights, the peers against the first of them. */
  const compare = async (entry: Entry, input: Tensor, logits: Float32Array): Promise<void> => {
    const key = `${showSparsity(entry.sparsity)}, batch ${entry.batch}`
    if (entry.own && referee && !expected.has(key)) {
      const contender = await referee.compile(exportOnnx(variant(entry.sparsity)), input)
      expected.set(key, await contender.run())
      await contender.dispose()
    }
    const known = expected.get(key)
    if (!known) expected.set(key, logits)
    else {
      const difference = checkAgreement(logits, known, `${task.model} ${key}, ${entry.runtime}`)
      worstDifference = Math.max(worstDifference ?? 0, difference)
    }
  }

  const entries = entriesOf(task)
  const contenders: Contender[] = []
  const firstRuns: number[] = []
  for (const entry of entries) {
    onProgress(`compile ${entry.runtime} ${showSparsity(entry.sparsity)}`)
    const input = images(entry.batch)
    const compile = prepare(entry, input)
    const start = performance.now()
    const contender = await compile()
    const logits = await contender.run()
    firstRuns.push(performance.now() - start)
    contenders.push(contender)
    await compare(entry, input, logits)
  }
  variants.clear()
  const times = await timeRounds(contenders, task, (done) => onProgress(`round ${done}/${task.warmup + task.rounds}`))
  for (const contender of contenders) await contender.dispose()
  return {
    entries: entries.map((entry, i): Measured => ({ ...entry, firstRunMs: firstRuns[i]!, times: times[i]! })),
    worstDifference,
    peerVersions: Object.fromEntries([...engines].map(([name, { version }]) => [name, version])),
  }
}
