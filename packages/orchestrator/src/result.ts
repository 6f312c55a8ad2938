import type { Comparison } from '@tacojs/evaluation'
import type { AccuracySearch } from './accuracy/search-accuracy.js'
import type { SpeedResult } from './allocate/speed-result.js'
import type { LayerReport } from './prune/layer-report.js'
import type { Recipe } from './recipe.js'
import type { GroupReport } from './structured/group-report.js'
import type { LeftAlone } from './structured/plan-structured.js'
import type { TaskClass } from './task.js'

export interface ModelSummary {
  readonly top1?: number
  readonly correct?: number
  readonly images?: number
  readonly calibrationError?: number
  readonly parameters: number
  readonly nonzeros: number
  readonly macs: number
  /** Dense: the model as ONNX, head restricted. Pruned: the compact weights file. */
  readonly bytes: number
  readonly latencyMs?: number
}

export interface SpecializeResult {
  readonly model: { readonly name: string; readonly path: string }
  readonly recipe: Recipe
  readonly backend: string
  readonly task: {
    readonly classes: readonly TaskClass[]
    readonly images: number
    /** How often the statistics saw each of them. */
    readonly views: number
    readonly short: readonly { readonly class: string; readonly have: number; readonly want: number }[]
    readonly skipped: readonly { readonly file: string; readonly reason: string }[]
  }
  readonly dense: ModelSummary
  readonly specialist: ModelSummary
  readonly control?: ModelSummary
  /** Specialist against dense, and against the control. */
  readonly comparison?: Comparison
  readonly controlComparison?: Comparison
  /** Zeros over the pruned layers; structured: share of the units that went. */
  readonly sparsity: number
  /** How the sparsity was found where the recipe names an accuracy. */
  readonly search?: AccuracySearch
  /** What a speed that was asked for has come to; not in the bundle's report, for it differs from run to run. */
  readonly speed?: SpeedResult
  /** Over the whole model. */
  readonly nonzeros: number
  /** Those with zeros; none where whole units went, then see the groups. */
  readonly layers: readonly LayerReport[]
  /** Structured only. */
  readonly groups?: readonly GroupReport[]
  /** Structured only: layers from whose inputs nothing went, and why. */
  readonly leftAlone?: readonly LeftAlone[]
  readonly warnings: readonly string[]
  readonly out?: string
  readonly seconds: number
  readonly stages: Readonly<Record<string, number>>
}

/**
 * What the bundle's report.json holds: everything that the recipe decides. Times and latencies vary from run to run
 * and stay out, so that the same recipe gives the same bytes.
 */
export function reportOf(result: SpecializeResult): object {
  const { out: _out, seconds: _seconds, stages: _stages, speed: _speed, ...rest } = result
  const timeless = ({ latencyMs: _latency, ...summary }: ModelSummary): ModelSummary => summary
  return {
    ...rest,
    dense: timeless(rest.dense),
    specialist: timeless(rest.specialist),
    ...(rest.control ? { control: timeless(rest.control) } : {}),
  }
}
