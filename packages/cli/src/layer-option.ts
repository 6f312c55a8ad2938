import { InvalidArgumentError } from 'commander'
import { methodNames } from '@tacojs/orchestrator'

/** As in a recipe's `layers`: name pattern → fields. */
export type LayerOverrides = Readonly<Record<string, Fields>>

type Fields = Readonly<Record<string, unknown>>

/**
 * One `--layer name=value` more: a share ('0.5') is a sparsity, 'dense' keeps the layer, a method's name or a pattern is
 * that, and undoes a 'dense' before it. Several for one name are joined.
 */
export function layerOverride(text: string, previous: LayerOverrides = {}): LayerOverrides {
  const [name, value, ...more] = text.split('=').map((part) => part.trim())
  if (!name || !value || more.length > 0) {
    throw new InvalidArgumentError(`'${text}' is no name=value such as 'blocks.0.*=0.5' or 'blocks.0.*=dense'.`)
  }
  const { [name]: own, ...others } = previous
  // the last one given wins, so it goes last
  return { ...others, [name]: joined(own, fieldOf(value)) }
}

/** Fields of one layer with later ones; dense undoes all, and an n:m pattern decides alone how many zeros there are. */
function joined(before: Fields | undefined, later: Fields): Fields {
  if (later['keep'] === true) return later
  const { sparsity: _, ...others } = before ?? {}
  const alone = /^\d+:\d+$/.test(String(later['pattern'])) && later['sparsity'] === undefined
  return { ...(alone ? others : before), ...later }
}

function fieldOf(value: string): Fields {
  if (value === 'dense') return { keep: true }
  if ((methodNames as readonly string[]).includes(value)) return { method: value, keep: false }
  const sparsity = Number(value)
  return { ...(Number.isFinite(sparsity) ? { sparsity } : { pattern: value }), keep: false }
}

/** The overrides of a recipe file with those of the command line behind them, so that these win. */
export function withLayers(base: unknown, own: LayerOverrides): unknown {
  // what is no map is for the recipe's validation to refuse
  if (typeof base !== 'object' || base === null) return base ?? own
  const file = base as LayerOverrides
  const others = Object.entries(file).filter(([name]) => !Object.hasOwn(own, name))
  const newer = Object.entries(own).map(([name, fields]) => [name, joined(file[name], fields)] as const)
  return Object.fromEntries([...others, ...newer])
}
