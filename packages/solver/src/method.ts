import type { Linalg } from '@tacojs/linalg'
import type { Budget } from './counts.js'
import type { DampedProblem } from './damp.js'
import type { Pattern } from './pattern.js'

/** What a method is given. */
export interface MethodContext {
  readonly linalg: Linalg
  readonly problem: DampedProblem
  readonly pattern: Pattern
  readonly budget: Budget
  /** [rows, cols]: 1 = may be kept; the zeros of a warm start stay zero. All may be kept unless given. */
  readonly allowed?: Uint8Array
  /** Columns that are decided together; FastOBC. */
  readonly blockSize: number
  /** Weights of inputs that are dead (see `deadInputs`) are pruned first ('first'), or have no privilege ('plain'). */
  readonly deadInputs: 'first' | 'plain'
  /** ADMM: the ρ to try, of which that with the lowest loss counts; 0.7 unless given. */
  readonly rho?: readonly number[]
  readonly signal?: AbortSignal
}

/** How weights were fitted on a mask: exactly, nearly so, or not at all. */
export type RefitKind = 'cholesky' | 'conjugate-gradient' | 'none'

/** A method's answer. */
export interface Candidate {
  /** Ŵ [rows, cols]: exactly 0 where pruned. */
  readonly weights: Float64Array
  /** [rows, cols]: 1 = kept, 0 = pruned. */
  readonly mask: Uint8Array
  /** tr((Ŵ − W*)H(Ŵ − W*)ᵀ) with the damped H. */
  readonly loss: number
  /** [rows]: the loss of each row, where the method knows; their sum is the loss. */
  readonly rowLosses?: Float64Array
  /** How the weights were fitted on the mask, where the method has done that itself: nothing is left to refit then. */
  readonly refit?: RefitKind
  /** In which order weights left and what each cost, where the method knows; its shape is the method's own. */
  readonly trace?: unknown
}

/** One way to choose the weights that stay. To add one: a file with a function of this type, and a line in `methods`. */
export type Method = (context: MethodContext) => Candidate
