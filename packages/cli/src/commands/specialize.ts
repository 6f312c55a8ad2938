import { Command } from 'commander'
import { loadRecipe, specialize, type SpecializeOptions, type SpecializeResult } from '@tacojs/orchestrator'
import { withLayers, type LayerOverrides } from '../layer-option.js'
import { print, say, warn } from '../print.js'
import { progressPrinter } from '../progress.js'
import { resultTable } from '../result-table.js'
import { withSpecializeOptions } from './specialize-options.js'

/** @param end called with 1 where there is a result, but not what was asked for */
export const specializeCommand = (signal: AbortSignal, end: (status: number) => void): Command =>
  withSpecializeOptions(new Command('specialize'))
    .description('prune a model for the classes of an image folder and write the specialist bundle')
    .action(async (flags: Flags) => {
      const {
        recipe: file,
        json,
        quiet,
        skipCorrupt,
        refit,
        out,
        fresh,
        eval: evalDir,
        control,
        threads,
        layer,
        ...rest
      } = flags
      const base = file ? await loadRecipe(file) : {}
      const input = {
        ...base,
        ...rest,
        ...(layer ? { layers: withLayers(base['layers'], layer) } : {}),
        ...(refit === undefined ? {} : { refit }),
        ...(skipCorrupt ? { onCorrupt: 'skip' } : {}),
      }
      const options: SpecializeOptions = {
        out,
        fresh,
        eval: evalDir,
        control,
        threads,
        signal,
        onProgress: quiet ? undefined : printer(out),
        onWarning: warn,
      }
      const result = await specialize(input, options)
      print(json ? JSON.stringify(result) : resultTable(result))
      if (missed(result)) end(1)
    })

/** Progress; before its first step, when all options are known to be right, whether anything will be written. */
function printer(out: string | undefined): NonNullable<SpecializeOptions['onProgress']> {
  const progress = progressPrinter()
  let begun = false
  return (event) => {
    if (!begun && out === undefined) say('without --out no bundle is written; the result is only shown')
    begun = true
    progress(event)
  }
}

/** Whether it is less than what was asked for. */
function missed({ search, speed, recipe, specialist }: SpecializeResult): boolean {
  const tooLarge = recipe.maxBytes !== undefined && specialist.bytes > recipe.maxBytes
  return tooLarge || search?.reached === false || speed?.reached === false
}

interface Flags {
  readonly recipe?: string
  readonly out?: string
  readonly eval?: string
  readonly control?: string
  readonly threads?: number
  readonly json?: boolean
  readonly quiet?: boolean
  readonly skipCorrupt?: boolean
  readonly refit?: boolean
  readonly fresh?: boolean
  readonly layer?: LayerOverrides
  /** The rest are the recipe's own fields. */
  readonly [field: string]: unknown
}
