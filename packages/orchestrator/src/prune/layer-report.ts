import { formatPattern, type LayerProblem, type Solution } from '@tacojs/solver'
import type { PlannedLayer, Target } from './plan.js'

export interface LayerReport {
  readonly name: string
  /** The node of the graph that it is. */
  readonly node: string
  readonly kind: 'Linear' | 'Conv'
  readonly rows: number
  readonly cols: number
  readonly groups: number
  readonly method: string
  readonly pattern: string
  /** What it aims at; errors of different targets do not compare. */
  readonly target: Target
  readonly nonzeros: number
  readonly sparsity: number
  /** ‖Y − ŴX‖² / ‖Y‖² on the calibration images, Y the centred target. */
  readonly relativeError: number
  /** The same for the unpruned optimum: what no mask can remove. */
  readonly relativeFloor: number
  readonly lambda: number
  /** How often the damping had to grow by ten before H could be factored. */
  readonly escalations: number
  readonly refit: string
  /** Which kernel of the recipe's backend computes it, and why that one; absent where the backend has no choice. */
  readonly kernel?: string
  readonly kernelReason?: string
}

/** Sums over the groups of a layer: one solution each. */
export function layerReport(
  { layer, settings, target }: PlannedLayer,
  problems: readonly LayerProblem[],
  solutions: readonly Solution[],
  nonzeros: number,
): LayerReport {
  const sum = (of: (s: Solution) => number): number => solutions.reduce((total, s) => total + of(s), 0)
  const energy = problems.reduce((total, p) => total + p.yy, 0)
  const share = (error: number): number => (energy > 0 ? error / energy : 0)
  return {
    name: layer.name,
    node: layer.node,
    kind: layer.kind,
    rows: layer.rows,
    cols: layer.cols,
    groups: layer.groups,
    method: settings.method,
    pattern: formatPattern(settings.pattern),
    target,
    nonzeros,
    sparsity: 1 - nonzeros / (layer.rows * layer.cols),
    relativeError: share(sum((s) => s.error)),
    relativeFloor: share(sum((s) => s.floor)),
    lambda: Math.max(...solutions.map((s) => s.lambda)),
    escalations: Math.max(...solutions.map((s) => s.escalations)),
    refit: [...new Set(solutions.map((s) => s.refit))].join(', '),
  }
}
