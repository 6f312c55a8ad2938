import { readFile } from 'node:fs/promises'
import { nearest } from '@tacojs/calibration'
import { TacoError } from '@tacojs/errors'
import { parseDocument } from 'yaml'
import { layerFields, recipeFields } from './recipe.js'

/**
 * Reads a recipe file, YAML or JSON, as plain data of which only the names are looked at; `parseRecipe` validates it.
 * Throws NOT_FOUND, INVALID_ARGUMENT.
 */
export async function loadRecipe(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new TacoError('NOT_FOUND', `cannot read the recipe '${path}'`, { cause })
  })
  const value = plainData(text, path)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TacoError('INVALID_ARGUMENT', `the recipe '${path}' must hold a map of fields, e.g. 'shots: 16'`)
  }
  checkNames(path, value, recipeFields)
  const { layers = {} } = value as { layers?: unknown }
  for (const [name, own] of Object.entries(layers ?? {})) checkNames(path, own, layerFields, `layers: ${name}: `)
  return value as Record<string, unknown>
}

/** Throws INVALID_ARGUMENT for the first name that is no field's. */
function checkNames(path: string, value: unknown, known: readonly string[], where = ''): void {
  if (typeof value !== 'object' || value === null) return
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const [near] = nearest(unknown, known, 1)
  throw new TacoError(
    'INVALID_ARGUMENT',
    `the recipe '${path}': ${where}there is no field '${unknown}'` +
      (near ? `; is '${near}' meant?` : '; leave it out'),
  )
}

function plainData(text: string, path: string): unknown {
  const document = parseDocument(text)
  try {
    // what is only warned of, such as a tag that says another type, would change what was meant
    const [wrong] = [...document.errors, ...document.warnings]
    if (wrong) throw wrong
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    const { message } = cause as Error
    throw new TacoError('INVALID_ARGUMENT', `the recipe '${path}' is neither YAML nor JSON: ${message}`, { cause })
  }
}
