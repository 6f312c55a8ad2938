import { formatPattern, parsePattern, solveLayer, type LayerProblem, type Numerics } from '@tacojs/solver'
import type { Contender } from './contenders.js'
import { estimateSeconds } from './estimate.js'
import { heldOutError } from './held-out.js'

/** What is asked of a layer: a pattern, and a share of zeros unless the pattern decides it. */
export interface Demand {
  /** As `parsePattern` reads it. */
  readonly pattern: string
  readonly sparsity?: number
}

/** A layer's problem on the calibration images, and on others that no one solves for. */
export interface Layer {
  readonly problem: LayerProblem
  readonly dev: LayerProblem
}

export interface Solved extends Demand {
  readonly method: string
  /** E/‖Y‖², centred where the layer has a bias, on the calibration images. */
  readonly error: number
  /** The same on the dev images, with the weights and the bias of the calibration. */
  readonly devError: number
  readonly nonzeros: number
  readonly seconds: number
  /** Of all threads: what another process takes from a busy machine is not in it. */
  readonly cpuSeconds: number
}

/** Left out as too dear. */
export interface LeftOut extends Demand {
  readonly method: string
  readonly estimatedSeconds: number
}

export type Entry = Solved | LeftOut

export const isSolved = (entry: Entry): entry is Solved => 'nonzeros' in entry

export function demandsOf(patterns: readonly string[], sparsities: readonly number[]): Demand[] {
  return patterns.flatMap((text): Demand[] => {
    const pattern = formatPattern(parsePattern(text))
    return pattern.includes(':') ? [{ pattern }] : sparsities.map((sparsity) => ({ pattern, sparsity }))
  })
}

/** Solves a layer once, unless it would take longer than `mostSeconds`, roughly. */
export function measure(
  numerics: Numerics,
  { problem, dev }: Layer,
  demand: Demand,
  contender: Contender,
  mostSeconds: number,
): Entry | undefined {
  const pattern = parsePattern(demand.pattern)
  // The weights of a block cannot be exchanged.
  if (contender.swaps && pattern.kind === 'block') return undefined
  const { name, ...options } = contender
  const zeros = pattern.kind === 'nm' ? 1 - pattern.n / pattern.m : demand.sparsity!
  const estimatedSeconds = estimateSeconds(contender, problem, pattern, zeros)
  if (estimatedSeconds > mostSeconds) return { method: name, ...demand, estimatedSeconds }
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  const solution = solveLayer(numerics, problem, { ...options, pattern, sparsity: demand.sparsity })
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return {
    method: name,
    ...demand,
    error: solution.relativeError,
    devError: dev.yy > 0 ? heldOutError(dev, solution) / dev.yy : 0,
    nonzeros: solution.nonzeros,
    seconds,
    cpuSeconds: (user + system) / 1e6,
  }
}
