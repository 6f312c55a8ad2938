import type { Tensor } from '@tacojs/graph'
import type { Records, WorkRecord } from '../work/record.js'
import type { LayerReport } from './layer-report.js'
import type { LayerGroup } from './plan.js'
import type { PositionWeights } from './position-weights.js'

/** What pruning makes of one layer. */
export interface PrunedLayer {
  readonly weight: Tensor
  readonly bias?: Tensor
  readonly report: LayerReport
}

/** The layers of a group as an earlier run has left them; undefined unless all are there. */
export async function readGroup(
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

const WEIGHTS = 'position-weights'

/** Those of an earlier run, or what `compute` gives, which is then kept. */
export async function keptWeights(
  records: Records | undefined,
  compute: () => Promise<PositionWeights | undefined>,
): Promise<PositionWeights | undefined> {
  const record = await records?.read(WEIGHTS)
  if (record) return fromRecord(record)
  const weights = await compute()
  if (weights) await records?.write(WEIGHTS, toRecord(weights))
  return weights
}

/** One tensor [images, positions] per group. */
function toRecord(weights: PositionWeights): WorkRecord {
  const tensors = weights.map((images, g): [string, Tensor] => {
    const positions = images[0]!.length
    const data = new Float32Array(images.length * positions)
    for (const [i, image] of images.entries()) data.set(image, i * positions)
    return [String(g), { dtype: 'float32', shape: [images.length, positions], data }]
  })
  return { tensors: new Map(tensors), note: weights.length }
}

const fromRecord = ({ tensors, note }: WorkRecord): PositionWeights =>
  Array.from({ length: note as number }, (_, g) => {
    const { shape, data } = tensors.get(String(g))!
    const [images, positions] = shape as [number, number]
    return Array.from({ length: images }, (_, i) => (data as Float32Array).slice(i * positions, (i + 1) * positions))
  })
