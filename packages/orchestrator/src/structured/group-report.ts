import type { Target } from '../prune/plan.js'
import type { PlannedGroup } from './plan-structured.js'
import type { GroupSolution } from './solve-group.js'

export interface GroupReport {
  /** The layer that sums over the units. */
  readonly name: string
  /** Its node in the graph. */
  readonly node: string
  /** Nodes whose rows the units are. */
  readonly producers: readonly string[]
  readonly unitsBefore: number
  readonly unitsAfter: number
  /** What the layer aims at; errors of different targets do not compare. */
  readonly target: Target
  /** ‖Y − ŴX‖² / ‖Y‖² on the calibration images, Y the centred target. */
  readonly relativeError: number
  /** The same for the best weights with all units. */
  readonly relativeFloor: number
  readonly lambda: number
  /** How often the damping had to grow by ten before H could be factored. */
  readonly escalations: number
}

export const groupReport = (
  { group: { consumer, producers, units }, planned }: PlannedGroup,
  { removed, relativeError, relativeFloor, lambda, escalations }: GroupSolution,
): GroupReport => ({
  name: consumer.name,
  node: consumer.node,
  producers,
  unitsBefore: units.length,
  unitsAfter: units.length - removed.length,
  target: planned.target,
  relativeError,
  relativeFloor,
  lambda,
  escalations,
})
