import type { Dim } from '../graph.js'
import type { Contribution, Piece, Writer } from './context.js'
import { int64 } from '../tensor.js'

/** The sum of all that nodes add to the gradient of a value. */
export function total(writer: Writer, name: string, shape: readonly Dim[], parts: readonly Contribution[]): string {
  const stem = `${name}/gradient`
  const add = (op: string, inputs: readonly string[], attributes = {}): string =>
    writer.add(stem, op, inputs, attributes, '')
  const pad = (piece: Piece, before: number, after: number): string => {
    if (before === 0 && after === 0) return piece.value
    const pads = shape.map((_, axis) => (axis === piece.axis ? before : 0))
    const ends = shape.map((_, axis) => (axis === piece.axis ? after : 0))
    const amounts = writer.unique(`${stem}/pads`)
    writer.constants.set(amounts, int64([2 * shape.length], [...pads, ...ends]))
    return add('Pad', [piece.value, amounts])
  }
  const values = parts.filter((part) => typeof part === 'string')
  const pieces = parts.flatMap((part) => (part === null || typeof part === 'string' ? [] : part))
  for (const row of rowsOf(pieces)) {
    const size = shape[row[0]!.axis] as number
    // each piece with the zeros up to the next one
    const padded = row.map((piece, i) => {
      const end = row[i + 1]?.begin ?? size
      return pad(piece, i === 0 ? piece.begin : 0, end - piece.begin - piece.length)
    })
    values.push(padded.length === 1 ? padded[0]! : add('Concat', padded, { axis: row[0]!.axis }))
  }
  return values.reduce((sum, value) => add('Add', [sum, value]))
}

/** Pieces of one axis that do not overlap, in order: those of a tensor that was split make one row, and no zeros. */
function rowsOf(pieces: readonly Piece[]): Piece[][] {
  const rows: Piece[][] = []
  for (const piece of [...pieces].sort((a, b) => a.begin - b.begin)) {
    const row = rows.find((r) => {
      const last = r[r.length - 1]!
      return last.axis === piece.axis && last.begin + last.length <= piece.begin
    })
    if (row) row.push(piece)
    else rows.push([piece])
  }
  return rows
}
