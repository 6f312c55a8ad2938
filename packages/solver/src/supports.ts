/** The columns that a row keeps, ascending. */
export function supportOf(mask: Uint8Array, row: number, cols: number): Int32Array {
  let k = 0
  for (let i = row * cols; i < (row + 1) * cols; i++) k += mask[i]
  const support = new Int32Array(k)
  for (let j = 0, i = row * cols, at = 0; j < cols; j++, i++) if (mask[i]) support[at++] = j
  return support
}

/** Those of the rows that keep the same columns, together; groups in the order of their first rows. */
export function rowsBySupport(mask: Uint8Array, rows: Int32Array, cols: number): number[][] {
  const groups: number[][] = []
  const byHash = new Map<number, number[][]>()
  for (const row of rows) {
    const hash = hashOf(mask, row * cols, cols)
    const alike = byHash.get(hash) ?? []
    const group = alike.find(([first]) => same(mask, first * cols, row * cols, cols))
    if (group) {
      group.push(row)
      continue
    }
    groups.push([row])
    alike.push(groups[groups.length - 1])
    byHash.set(hash, alike)
  }
  return groups
}

/** Σ k³ over the different supports: six times the multiply-adds of their factorisations. */
export function cubesOfSupports(mask: Uint8Array, groups: readonly (readonly number[])[], cols: number): number {
  let cost = 0
  for (const [row] of groups) cost += supportOf(mask, row, cols).length ** 3
  return cost
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, from: number, length: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < from + length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  return hash
}

function same(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false
  return true
}
