import { TacoError } from '@tacojs/errors'
import { matchClasses, type Label } from '@tacojs/calibration'

/** A label of a bundle: `index` is its position in the specialist's logits, `source` that in the original model's. */
export interface SpecialistLabel extends Label {
  readonly folder?: string
  readonly source?: number
}

/**
 * The classes that folders stand for. A specialist knows the folders it was made from, and the original model's indices:
 * a number is one of these, never a position among its own few classes.
 *
 * @param labels the model's labels, or those of a file; a file given with a specialist is the original model's
 * @throws UNKNOWN_CLASS
 */
export function resolveClasses(
  folders: readonly string[],
  labels: readonly Label[],
  specialist?: readonly SpecialistLabel[],
): Label[] {
  if (!specialist) return matchClasses(folders, labels)
  const byFolder = new Map(specialist.map((label) => [label.folder ?? label.name, label]))
  const known = folders.map((folder) => byFolder.get(folder))
  if (known.every((label) => label !== undefined)) return known as Label[]
  // matched as the original model's classes, then found among the specialist's
  const original = labels === specialist ? specialist.map((l) => ({ ...l, index: l.source ?? l.index })) : labels
  return matchClasses(folders, original).map((label, i) => {
    const found = specialist.find((l) => (l.source ?? l.index) === label.index)
    if (found) return found
    const names = specialist.map((l) => l.name).join(', ')
    throw new TacoError('UNKNOWN_CLASS', `class '${folders[i]}' is not among the specialist's classes: ${names}`)
  })
}
