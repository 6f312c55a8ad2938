import type { Command } from 'commander'
import { TacoError } from '@tacojs/errors'

export const modelText = 'ONNX file, timm model, folder or hf-hub:owner/name of either, or bundle'

/** Lets a command take its model as an argument or as `--model`; `chosenModel` says which it was. */
export const withModel = (command: Command): Command =>
  command.argument('[model]', modelText).option('--model <path>', 'the model, where it is no argument')

/** Throws INVALID_ARGUMENT where there is none, or two. */
export function chosenModel(argument: string | undefined, option: string | undefined): string {
  if (argument !== undefined && option !== undefined) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `two models are given, '${argument}' and --model '${option}'; leave one out`,
    )
  }
  const model = argument ?? option
  if (model === undefined) {
    throw new TacoError('INVALID_ARGUMENT', 'no model is given; name an ONNX file, a folder or a bundle')
  }
  return model
}
