import { TacoError } from '@tacojs/errors'
import type { Graph } from '@tacojs/graph'

/** Throws UNSUPPORTED for a model that takes anything else than images, as floating-point numbers, alone. */
export function checkImageModel({ inputs }: Graph): void {
  const named = inputs.map(({ name, dtype }) => `${name} (${dtype})`).join(', ')
  if (inputs.length === 1 && inputs[0]!.dtype === 'float32') return
  throw new TacoError(
    'UNSUPPORTED',
    `the model's inputs are ${named}; an image classifier takes images alone, as float32: export it so`,
  )
}
