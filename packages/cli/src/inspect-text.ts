import type { Inspection } from '@tacojs/orchestrator'
import { formatBytes, formatCount, formatPercent, formatTable } from './format.js'

/** What a model is, for a person; every layer only when that is asked for. */
export function inspectText(info: Inspection, { layers = false }: { layers?: boolean } = {}): string {
  const signature = (values: Inspection['inputs']): string =>
    values.map((v) => `${v.name} ${v.dtype} [${v.shape.join(', ')}]`).join(', ')
  const operators = Object.entries(info.operators).map(([op, count]) => `${op} ×${count}`)
  return [
    `${info.name}: ${signature(info.inputs)} → ${signature(info.outputs)}`,
    `${formatCount(info.parameters)} parameters, ${formatCount(info.nonzeros)} non-zero, ${macs(info)}`,
    `operators: ${operators.join(', ')}`,
    `preprocessing: ${preprocessing(info)}`,
    ...(info.labels ? [`classes: ${info.labels.length}, ${shortened(info.labels.slice(0, 12).join(', '))}`] : []),
    ...Object.entries(info.metadata)
      .filter(([key]) => key !== 'taco.labels' && key !== 'taco.preprocess')
      .map(([key, value]) => `${key}: ${shortened(value)}`),
    `prunable: ${prunable(info)}`,
    ...(info.groups.length > 0 ? [`structured: ${structured(info)}`] : []),
    ...(info.sizes ? ['', sizes(info.sizes)] : []),
    ...(layers ? ['', layerTable(info)] : []),
    '',
    ...Object.entries(info.unsupported).map(([backend, obstacles]) => runsOn(backend, obstacles)),
    ...(layers ? [] : ['(--layers shows each layer)']),
    ...info.warnings.map((text) => `warning: ${text}`),
  ].join('\n')
}

function macs({ macs: count, imageSize }: Inspection): string {
  if (count === undefined) return 'MACs depend on the size of images (--image-size)'
  return `${formatCount(count)} MACs${imageSize ? ` at ${imageSize.join('×')}` : ''}`
}

function preprocessing({ preprocess: p }: Inspection): string {
  if (!p) return 'none declared'
  const { inputSize, interpolation, cropPct, cropMode, mean, std } = p
  return `${inputSize.join('×')}, ${interpolation}, crop ${cropPct} (${cropMode}), mean [${mean.join(', ')}], std [${std.join(', ')}]`
}

/** How much of the model the prunable layers are, and why the others are left out. */
function prunable({ layers, parameters, macs: total }: Inspection): string {
  const chosen = layers.filter((layer) => layer.prunable)
  const weights = chosen.reduce((sum, { rows, cols }) => sum + rows * cols, 0)
  const own = chosen.reduce((sum, layer) => sum + (layer.macs ?? 0), 0)
  const shares = [
    `${formatPercent(parameters === 0 ? 0 : weights / parameters)} of the parameters`,
    ...(total ? [`${formatPercent(own / total)} of the MACs`] : []),
  ]
  const left = new Map<string, number>()
  for (const { whyNot } of layers) if (whyNot !== undefined) left.set(whyNot, (left.get(whyNot) ?? 0) + 1)
  const reasons = [...left].map(([why, count]) => `${count} ${why}`)
  return [`${chosen.length} of ${layers.length} layers, ${shares.join(' and ')}`, ...reasons].join('; ')
}

const structured = ({ groups }: Inspection): string =>
  `${groups.reduce((sum, { units }) => sum + units, 0)} channels, hidden units or heads in ${groups.length} groups`

function sizes({ files, weights }: NonNullable<Inspection['sizes']>): string {
  const rows = files.map(({ name, bytes }) => [name, formatBytes(bytes)])
  const parts = (['values', 'positions', 'header'] as const).map((part) => [`  ${part}`, formatBytes(weights[part])])
  const at = files.findIndex(({ name }) => name === 'weights.taco')
  return formatTable(['file', 'size'], [...rows.slice(0, at + 1), ...parts, ...rows.slice(at + 1)])
}

function layerTable({ layers, sizes: isBundle }: Inspection): string {
  return formatTable(
    [
      'layer',
      'kind',
      'weight',
      'output',
      'MACs',
      'zeros',
      'pattern',
      ...(isBundle ? ['size'] : []),
      'prunable',
      'kernel',
    ],
    layers.map((l) => [
      l.name,
      l.kind,
      `${l.shape.join('×')}${l.groups > 1 ? ` /${l.groups}` : ''}`,
      l.output ? `[${l.output.join(', ')}]` : '',
      l.macs === undefined ? '' : formatCount(l.macs),
      formatPercent(l.sparsity),
      l.pattern ?? '',
      ...(isBundle ? [l.bytes ? formatBytes(l.bytes.values + l.bytes.positions) : ''] : []),
      l.prunable ? 'yes' : 'no',
      l.kernel === undefined ? '' : `${l.kernel}${l.reason ? ` (${l.reason})` : ''}`,
    ]),
  )
}

/** `does not run on tfjs-cpu: no kernel for operator Mod (3 nodes: a, b, …)`. */
function runsOn(backend: string, obstacles: Inspection['unsupported'][string]): string {
  if (obstacles.length === 0) return `runs on ${backend}`
  const reasons = obstacles.map(({ reason, nodes }) => {
    const named = nodes.slice(0, 3).join(', ')
    return `${reason} (${nodes.length === 1 ? `node ${named}` : `${nodes.length} nodes: ${named}${nodes.length > 3 ? ', …' : ''}`})`
  })
  return `does not run on ${backend}: ${reasons.join('; ')}`
}

const shortened = (text: string): string => (text.length > 100 ? `${text.slice(0, 99)}…` : text).replaceAll(/\s+/g, ' ')
