import { readFile } from 'node:fs/promises'
import { TacoError } from '@tacojs/errors'
import { parseDocument } from 'yaml'

/** Reads a recipe file, YAML or JSON, as plain data; `parseRecipe` validates it. Throws NOT_FOUND, INVALID_ARGUMENT. */
export async function loadRecipe(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new TacoError('NOT_FOUND', `cannot read the recipe '${path}'`, { cause })
  })
  const value = plainData(text, path)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TacoError('INVALID_ARGUMENT', `the recipe '${path}' must hold a map of fields, e.g. 'shots: 16'`)
  }
  return value as Record<string, unknown>
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
