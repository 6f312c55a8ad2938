import type { Tensor } from '@tacojs/graph'
import type { Records, WorkRecord } from '../resume/record.js'
import type { LayerReport } from './layer-report.js'
import type { LayerGroup } from './plan.js'
import type { TaskWeights } from './task-weights.js'

/** What pruning makes of one layer. */
export interface PrunedLayer {
  readonly weight: Tensor
  readonly bias?: Tensor
  readonly report: LayerReport
}

/** The first groups, as an earlier run has left them. */
export async function readGroups(
  records: Records | undefined,
  groups: readonly LayerGroup[],
): Promise<(readonly PrunedLayer[])[]> {
  const found: PrunedLayer[][] = []
  let first = 0
  for (const group of groups) {
    const pruned = await readGroup(records, first, group)
    if (!pruned) break
    found.push(pruned)
    first += pruned.length
  }
  return found
}

/** Undefined unless all layers of the group are there. */
async function readGroup(
  records: Records | undefined,
  first: number,
  group: LayerGroup,
): Promise<PrunedLayer[] | undefined> {
  const found: PrunedLayer[] = []
  for (const [m, { layer }] of group.members.entries()) {
    const record = await records?.read(layerFile(first + m))
    const report = record?.note as LayerReport | undefined
    if (!record || report?.name !== layer.name) return undefined
    const bias = record.tensors.get('bias')
    found.push({ weight: record.tensors.get('weight')!, ...(bias ? { bias } : {}), report })
  }
  return found
}

export const writeLayer = async (
  records: Records | undefined,
  index: number,
  { weight, bias, report }: PrunedLayer,
): Promise<void> =>
  records?.write(layerFile(index), {
    tensors: new Map([['weight', weight], ...(bias ? [['bias', bias] as const] : [])]),
    note: report,
  })

const layerFile = (index: number): string => `layer-${String(index).padStart(4, '0')}`

/** The record of the task's weights, which are the same for all sparsities. */
export const WEIGHTS = 'task-weights'

/** That there are no weights, and why. */
export interface NoWeights {
  readonly why: string
}

/** What an earlier run has found of the weights. */
export async function readWeights(records: Records | undefined): Promise<TaskWeights | NoWeights | undefined> {
  const record = await records?.read(WEIGHTS)
  return record && fromRecord(record)
}

export const writeWeights = async (records: Records | undefined, found: TaskWeights | NoWeights): Promise<void> =>
  records?.write(WEIGHTS, 'why' in found ? { tensors: new Map(), note: found } : toRecord(found))

/** One tensor [images, positions] per group, and one [1, rows] per layer. */
function toRecord({ positions, outputs }: TaskWeights): WorkRecord {
  const vectors = [
    ...positions.map((images, g) => [`positions.${g}`, images] as const),
    ...outputs.flatMap((members, g) => members.map((member, m) => [`outputs.${g}.${m}`, [member]] as const)),
  ]
  return {
    tensors: new Map(vectors.map(([name, rows]) => [name, stacked(rows)])),
    note: outputs.map((members) => members.length),
  }
}

function fromRecord({ tensors, note }: WorkRecord): TaskWeights | NoWeights {
  if (!Array.isArray(note)) return note as NoWeights
  const members = note as number[]
  return {
    positions: members.map((_, g) => unstacked(tensors.get(`positions.${g}`)!)),
    outputs: members.map((count, g) =>
      Array.from({ length: count }, (_, m) => unstacked(tensors.get(`outputs.${g}.${m}`)!)[0]!),
    ),
  }
}

function stacked(rows: readonly Float32Array[]): Tensor {
  const width = rows[0]!.length
  const data = new Float32Array(rows.length * width)
  for (const [i, row] of rows.entries()) data.set(row, i * width)
  return { dtype: 'float32', shape: [rows.length, width], data }
}

function unstacked({ shape, data }: Tensor): Float32Array[] {
  const [rows, width] = shape as [number, number]
  return Array.from({ length: rows }, (_, i) => (data as Float32Array).slice(i * width, (i + 1) * width))
}
