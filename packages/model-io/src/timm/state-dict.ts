import { TacoError } from '@tacojs/errors'
import type { Tensor } from '@tacojs/graph'
import { checkFinite } from '../check-finite.js'

/**
 * The weights of a model by timm's names. What is taken is remembered, so that in the end nothing is overlooked: a
 * weight that nobody asked for means that the model computes something else than what was built.
 */
export class StateDict {
  readonly #taken = new Set<string>()

  /** @param where names the source in errors */
  constructor(
    readonly tensors: ReadonlyMap<string, Tensor>,
    readonly where: string,
  ) {}

  get bytes(): number {
    return [...this.tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0)
  }

  has(name: string): boolean {
    return this.tensors.has(name)
  }

  /** The shape of a weight that is there or not, which is how variants are told apart; [] where it is not. */
  shapeOf(name: string): readonly number[] {
    return this.tensors.get(name)?.shape ?? []
  }

  /**
   * A float32 weight of the given shape; undefined is any size. Throws INVALID_WEIGHTS where it is missing, of another
   * data type, NaN or infinite, SHAPE_MISMATCH for another shape.
   */
  take(name: string, shape: readonly (number | undefined)[]): Tensor<'float32'> {
    const tensor = this.tensors.get(name)
    if (!tensor) throw new TacoError('INVALID_WEIGHTS', `${this.where}: weight '${name}' is missing`)
    if (tensor.dtype !== 'float32') {
      throw new TacoError('INVALID_WEIGHTS', `${this.where}: weight '${name}' is ${tensor.dtype}, not a float`)
    }
    const found = tensor.shape
    if (found.length !== shape.length || shape.some((size, i) => size !== undefined && size !== found[i])) {
      const wanted = shape.map((size) => size ?? 'any').join(', ')
      throw new TacoError(
        'SHAPE_MISMATCH',
        `${this.where}: weight '${name}' has shape [${found.join(', ')}], [${wanted}] is needed`,
      )
    }
    checkFinite(name, tensor)
    this.#taken.add(name)
    return tensor as Tensor<'float32'>
  }

  /** Throws UNSUPPORTED where weights are left over, naming them. Counters of batches, which only training reads, may be. */
  checkAllTaken(architecture: string): void {
    const left = [...this.tensors.keys()].filter((n) => !this.#taken.has(n) && !n.endsWith('.num_batches_tracked'))
    if (left.length === 0) return
    const shown = left.slice(0, 12).join(', ') + (left.length > 12 ? ` and ${left.length - 12} more` : '')
    throw new TacoError(
      'UNSUPPORTED',
      `${this.where}: as '${architecture}' the model does not use all of its weights; it is another variant, or one that is not supported: ${shown}`,
    )
  }
}
