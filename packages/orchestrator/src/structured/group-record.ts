import type { Tensor } from '@tacojs/graph'
import type { Records } from '../resume/record.js'
import type { GroupReport } from './group-report.js'

/** What pruning makes of one group. */
export interface PrunedGroup {
  /** Of the consumer, in its own shape: zeros for what goes. */
  readonly weight: Tensor
  readonly bias?: Tensor
  /** Places in the group's units. */
  readonly removed: readonly number[]
  readonly report: GroupReport
}

/** The first groups, as an earlier run has left them. @param names of the layers that sum over them */
export async function readPrunedGroups(records: Records | undefined, names: readonly string[]): Promise<PrunedGroup[]> {
  const found: PrunedGroup[] = []
  for (const [i, name] of names.entries()) {
    const pruned = await readPrunedGroup(records, i, name)
    if (!pruned) break
    found.push(pruned)
  }
  return found
}

async function readPrunedGroup(
  records: Records | undefined,
  index: number,
  name: string,
): Promise<PrunedGroup | undefined> {
  const record = await records?.read(groupFile(index))
  const note = record?.note as Pick<PrunedGroup, 'removed' | 'report'> | undefined
  if (!record || note?.report.name !== name) return undefined
  const bias = record.tensors.get('bias')
  return { weight: record.tensors.get('weight')!, ...(bias ? { bias } : {}), ...note }
}

export const writePrunedGroup = async (
  records: Records | undefined,
  index: number,
  { weight, bias, ...note }: PrunedGroup,
): Promise<void> =>
  records?.write(groupFile(index), {
    tensors: new Map([['weight', weight], ...(bias ? [['bias', bias] as const] : [])]),
    note,
  })

const groupFile = (index: number): string => `group-${String(index).padStart(4, '0')}`
