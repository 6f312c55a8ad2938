import { float32, int64, type Tensor } from '@tacojs/graph'
import { number, numbers, refuse, same, without, type ConvertContext, type Converter } from './converter.js'
import type { RawNode } from '../flatten.js'

/** Adds a constant for an attribute that became an input; '' where the attribute is absent. */
function listInput(node: RawNode, name: string, context: ConvertContext): string {
  const values = numbers(node, name)
  return values ? context.addConstant(`${node.outputs[0]}_${name}`, int64([values.length], values)) : ''
}

const trimmed = (names: string[]): string[] => {
  while (names.at(-1) === '') names.pop()
  return names
}

/** Before the given opset the axes were an attribute. */
export const axesInputSince =
  (opset: number): Converter =>
  (node, context) => {
    if (node.opset >= opset) return [same(node)]
    const inputs = trimmed([node.inputs[0] ?? '', listInput(node, 'axes', context)])
    return [same(node, { inputs, attributes: without(node.attributes, 'axes') })]
  }

/** Split: sizes were an attribute before 13; equal parts are counted by num_outputs since 18. */
export const split: Converter = (node, context) => {
  const inputs = node.opset >= 13 ? node.inputs : trimmed([node.inputs[0] ?? '', listInput(node, 'split', context)])
  const attributes = without(node.attributes, 'split')
  if (inputs.length < 2 && attributes.num_outputs === undefined) attributes.num_outputs = node.outputs.length
  return [same(node, { inputs, attributes })]
}

/** Clip: limits were attributes before 11. Those were those of float32 where absent, so no limit is the same. */
export const clip: Converter = (node, context) => {
  if (node.opset >= 11) return [same(node)]
  const limit = (name: string): string =>
    node.attributes[name] === undefined
      ? ''
      : context.addConstant(`${node.outputs[0]}_${name}`, float32([], [number(node, name, 0)]))
  const inputs = trimmed([node.inputs[0] ?? '', limit('min'), limit('max')])
  return [same(node, { inputs, attributes: without(node.attributes, 'min', 'max') })]
}

/** Slice: everything was an attribute before 10. */
export const slice: Converter = (node, context) => {
  if (node.opset >= 10) return [same(node)]
  const inputs = trimmed([node.inputs[0] ?? '', ...['starts', 'ends', 'axes'].map((n) => listInput(node, n, context))])
  return [same(node, { inputs, attributes: without(node.attributes, 'starts', 'ends', 'axes') })]
}

/** Pad: pads and value were attributes before 11; mode wrap came with 19. */
export const pad: Converter = (node, context) => {
  if (node.attributes.mode === 'wrap') refuse(node, 'mode wrap is not supported')
  if (node.opset >= 11) return [same(node)]
  const value: Tensor = float32([], [number(node, 'value', 0)])
  const inputs = [
    node.inputs[0] ?? '',
    listInput(node, 'pads', context),
    context.addConstant(`${node.outputs[0]}_value`, value),
  ]
  return [same(node, { inputs, attributes: without(node.attributes, 'pads', 'value') })]
}
