import type { AccuracySearch, GroupReport, LayerReport, SpecializeResult, SpeedResult } from '@tacojs/orchestrator'
import { formatBytes, formatCount, formatDuration, formatPercent, formatTable } from './format.js'

/** The result for a person: dense, specialist and control side by side, then what was kept and where it is. */
export function resultTable(result: SpecializeResult): string {
  const row = (name: string, m: SpecializeResult['dense'] | undefined): string[][] =>
    m
      ? [
          [
            name,
            formatPercent(m.top1),
            m.correct === undefined ? '–' : `${m.correct}/${m.images}`,
            formatCount(m.nonzeros),
            formatCount(m.macs),
            formatBytes(m.bytes),
            m.latencyMs === undefined ? '–' : `${m.latencyMs.toFixed(1)} ms`,
          ],
        ]
      : []
  const table = formatTable(
    ['', 'top-1', 'correct', 'non-zeros', 'MACs', 'size', 'latency'],
    [...row('dense', result.dense), ...row('specialist', result.specialist), ...row('control', result.control)],
  )
  const { comparison, controlComparison } = result
  const points = (share: number): string => `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} points`
  return [
    `${result.model.name} for ${result.task.classes.length} classes, ${result.task.images} images, ` + whatWent(result),
    '',
    table,
    '',
    ...(result.search ? [searchTable(result.search), ''] : []),
    ...(result.groups ? [groupTable(result.groups), ...leftAlone(result), ''] : []),
    ...(differ(result.layers) && !rises(result.recipe, result.layers) ? [layerTable(result.layers), ''] : []),
    ...(result.speed ? [speedLine(result.speed)] : []),
    ...(comparison
      ? [
          `specialist against dense: ${points(comparison.difference)} (± ${(comparison.standardError * 100).toFixed(1)}), ${comparison.changed} of ${result.dense.images} predictions changed`,
        ]
      : []),
    ...(controlComparison
      ? [
          `task images against control images: ${points(controlComparison.difference)} (± ${(controlComparison.standardError * 100).toFixed(1)})`,
        ]
      : []),
    `${result.backend}, batch 1 latency; ${formatDuration(result.seconds)} in all: ${stages(result.stages)}`,
    ...(result.out ? [`written: ${result.out}`] : ['nothing written: no --out']),
  ].join('\n')
}

function whatWent({ sparsity, layers, groups, recipe }: SpecializeResult): string {
  if (groups) {
    const method = recipe.method ?? 'group OBS'
    return `${formatPercent(sparsity)} of the units of ${groups.length} groups gone (${method}, structured)`
  }
  const [first, last] = [layers[0]!, layers[layers.length - 1]!].map((layer) => formatPercent(layer.sparsity))
  const rise = rises(recipe, layers) ? `, from ${first} in the first to ${last} in the last` : ''
  return `${formatPercent(sparsity)} zeros in ${layers.length} layers${rise} (${recipe.method}, ${recipe.pattern})`
}

/** Which sparsities were tried, what they lose, and which of them it is. */
function searchTable({ dense, images, maxDrop, sparsity, reached, tried }: AccuracySearch): string {
  const row = (name: string, correct: number, top1: number, drop: number): string[] => [
    name,
    formatPercent(top1),
    `${correct}/${images}`,
    `${drop.toFixed(1)} points`,
  ]
  const chosen = reached ? 'chosen' : `chosen, but it loses more than ${maxDrop} points`
  return formatTable(
    ['sparsity', 'top-1 on dev', 'correct', 'drop'],
    [
      row('dense', dense.correct, dense.top1, 0),
      ...tried.map((t) =>
        row(`${formatPercent(t.sparsity)}${t.sparsity === sparsity ? `, ${chosen}` : ''}`, t.correct, t.top1, t.drop),
      ),
    ],
  )
}

/** `nothing went from the inputs of: a, b (why); c (why)` */
function leftAlone({ leftAlone: layers = [] }: SpecializeResult): string[] {
  const reasons = [...new Set(layers.map(({ why }) => why))]
  const named = reasons.map((why) => {
    const names = layers.filter((layer) => layer.why === why).map(({ name }) => name)
    return `${names.join(', ')} (${why})`
  })
  return named.length > 0 ? [`nothing went from the inputs of: ${named.join('; ')}`] : []
}

const differ = (layers: readonly LayerReport[]): boolean => {
  const shares = layers.map((layer) => layer.sparsity)
  return Math.max(...shares) - Math.min(...shares) > 0.005
}

/** Whether the zeros of the layers are a progression, which its ends say. */
const rises = ({ allocation, layers: own }: SpecializeResult['recipe'], layers: readonly LayerReport[]): boolean =>
  differ(layers) &&
  ['auto', 'progression'].includes(allocation) &&
  Object.values(own).every(({ sparsity, pattern }) => sparsity === undefined && pattern === undefined)

/** The zeros of each layer. */
const layerTable = (layers: readonly LayerReport[]): string =>
  formatTable(
    ['layer', 'weights', 'zeros', 'non-zeros', 'relative error'],
    layers.map((l) => [
      l.name,
      `${l.rows}×${l.cols}`,
      formatPercent(l.sparsity),
      formatCount(l.nonzeros),
      formatPercent(l.relativeError),
    ]),
  )

const speedLine = ({ goalMs, predictedMs, measuredMs, reached }: SpeedResult): string =>
  `one image in ${goalMs.toFixed(1)} ms: predicted ${predictedMs.toFixed(1)}, measured ${measuredMs.toFixed(1)} ms` +
  (reached ? '' : ', which is not what was asked for')

/** How many channels, hidden units or heads each layer still sums over, and what that costs it. */
const groupTable = (groups: readonly GroupReport[]): string =>
  formatTable(
    ['inputs of', 'units', 'left', 'relative error'],
    groups.map((g) => [g.name, String(g.unitsBefore), String(g.unitsAfter), formatPercent(g.relativeError)]),
  )

/** `prune 25s (capture 12s, statistics 5.0s, solve 8.0s)`: each stage with its parts. */
function stages(seconds: Readonly<Record<string, number>>): string {
  const entries = Object.entries(seconds)
  return entries
    .filter(([name]) => !name.includes('/'))
    .map(([name, time]) => {
      const parts = entries.flatMap(([part, own]) => {
        const [stage, label] = part.split('/')
        return stage === name && label ? [`${label} ${formatDuration(own)}`] : []
      })
      return `${name} ${formatDuration(time)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`
    })
    .join(', ')
}
