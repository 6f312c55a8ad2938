import { TacoError } from '@tacojs/errors'

/** Groups of columns that are taken out of a layer, all rows together. */
export interface GroupChoice {
  /** [count]: the groups in the order of their removal. */
  readonly order: Int32Array
  /** [rows, cols]: exactly 0 on the columns that went. */
  readonly weights: Float64Array
  /** Loss of the weights beside that of the best ones with all columns, damped. */
  readonly loss: number
}

/**
 * The group of each column [cols], −1 for none. Throws INVALID_ARGUMENT for groups that are empty, overlap or have columns
 * that there are not, and for a wrong count.
 */
export function checkGroups(of: string, groups: readonly Int32Array[], count: number, cols: number): Int32Array {
  if (!(Number.isInteger(count) && count >= 0 && count <= groups.length)) {
    throw new TacoError('INVALID_ARGUMENT', `${of}: count is ${count}; give an integer from 0 to ${groups.length}`)
  }
  const groupOf = new Int32Array(cols).fill(-1)
  groups.forEach((group, g) => {
    if (group.length === 0) throw new TacoError('INVALID_ARGUMENT', `${of}: group ${g} is empty`)
    for (const j of group) {
      if (!(j >= 0 && j < cols) || groupOf[j] >= 0) {
        const why = j >= 0 && j < cols ? `also in group ${groupOf[j]}` : `not one of ${cols}`
        throw new TacoError('INVALID_ARGUMENT', `${of}: column ${j} of group ${g} is ${why}`)
      }
      groupOf[j] = g
    }
  })
  return groupOf
}
