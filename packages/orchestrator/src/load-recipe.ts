import { readFile } from 'node:fs/promises'
import { TacoError } from '@tacojs/errors'
import { parse } from 'yaml'

/** Reads a recipe file, YAML or JSON, as plain data; `parseRecipe` validates it. Throws NOT_FOUND, INVALID_ARGUMENT. */
export async function loadRecipe(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new TacoError('NOT_FOUND', `cannot read the recipe '${path}'`, { cause })
  })
  let value: unknown
  try {
    value = parse(text, { maxAliasCount: 0 })
  } catch (cause) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `the recipe '${path}' is neither YAML nor JSON: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TacoError('INVALID_ARGUMENT', `the recipe '${path}' must hold a map of fields, e.g. 'shots: 16'`)
  }
  return value as Record<string, unknown>
}
