import { intsAttribute, numberAttribute, windowOf, type Node } from '@tacojs/graph'
import { isEven, merge, reshapeView, type View } from '../layout/view.js'
import { Op } from '../opcodes.js'
import { at, bytes, chunk } from '../plan/words.js'
import type { Context } from './context.js'
import { imageTarget } from './place.js'

const up4 = (n: number): number => Math.ceil(n / 4) * 4

/** What keeps a pooling node from this backend. */
export function poolUnsupported(node: Node): string | undefined {
  if (intsAttribute(node, 'pads', []).some((v) => v < 0)) return `${node.op} with negative pads`
  if (node.outputs.length > 1 && node.outputs[1] !== '') return `${node.op} with indices`
  if (intsAttribute(node, 'kernel_shape', []).length > 2) return `${node.op} over more than two dimensions`
  return undefined
}

/** 1 / (number of cells under each window), along one axis; cells of padding count or not. */
function shares(
  out: number,
  size: number,
  kernel: number,
  stride: number,
  begin: number,
  end: number,
  dilation: number,
  padsCount: boolean,
): Float32Array {
  const factors = new Float32Array(up4(out)).fill(1)
  const [low, high] = padsCount ? [-begin, size + end] : [0, size]
  for (let o = 0; o < out; o++) {
    let cells = 0
    for (let k = 0; k < kernel; k++) {
      const i = o * stride - begin + k * dilation
      if (i >= low && i < high) cells++
    }
    factors[o] = 1 / cells
  }
  return factors
}

export function lowerPool(c: Context, node: Node): void {
  const { p } = c
  const given = p.view(node.inputs[0]!)
  const outShape = p.shapeOf(node.outputs[0]!)
  // one dimension is an image of one row
  const flat = given.shape.length === 3
  const image = (v: readonly number[]): number[] => (flat ? [v[0]!, v[1]!, 1, v[2]!] : [...v])
  let x: View = reshapeView(given, image(given.shape))!
  const isMax = node.op === 'MaxPool'
  const kernelShape = intsAttribute(node, 'kernel_shape')
  const spatial = given.shape.slice(2)
  const spec = windowOf(node, spatial, kernelShape)
  const two = (v: readonly number[], one: number): [number, number] => (flat ? [one, v[0]!] : (v as [number, number]))
  const [kh, kw] = two(spec.kernel, 1)
  const [sh, sw] = two(spec.strides, 1)
  const [dh, dw] = two(spec.dilations, 1)
  const [top, left] = two(spec.pads.slice(0, spatial.length), 0)
  const [bottom, right] = two(spec.pads.slice(spatial.length), 0)
  if (!isEven(x.tables[3]!, 1)) x = reshapeView(p.contiguous(x), x.shape)!
  const shape = image(outShape)
  const y = imageTarget(p, shape as [number, number, number, number])
  const [, , H, W] = x.shape as [number, number, number, number]
  const [B, C, OH, OW] = shape as [number, number, number, number]
  const planes = merge([x.tables[0]!, x.tables[1]!])
  const outs = merge([y.tables[0]!, y.tables[1]!])
  const padsCount = numberAttribute(node, 'count_include_pad', 0) !== 0
  // the line holds what the last, overhanging vector of windows reads; each phase of it is a whole number of floats
  const reach = (up4(OW) - 1) * sw + (kw - 1) * dw + 1
  const line = Math.ceil(Math.max(reach, left + W) / (4 * sw)) * 4 * sw + 8 * sw
  const scratch = p.scratch(line * 3 * p.parts)
  p.command(
    [x.storage],
    [y.storage, scratch],
    Op.Pool,
    B * C >= p.parts * 2 ? p.parts : 1,
    at(x.storage, x.base),
    at(y.storage, y.base),
    chunk(Array.from(planes, (o, i) => [o * 4, outs[i]! * 4]).flat()),
    B * C,
    chunk(bytes(x.tables[2]!)),
    chunk(bytes(y.tables[2]!)),
    H,
    W,
    OH,
    OW,
    kh,
    kw,
    sh,
    sw,
    top,
    left,
    dh,
    dw,
    isMax ? 1 : 0,
    chunk(isMax ? [] : shares(OH, H, kh, sh, top, bottom, dh, padsCount)),
    chunk(isMax ? [] : shares(OW, W, kw, sw, left, right, dw, padsCount)),
    at(scratch, 0),
    line * 12,
  )
  p.zeroMargins(y.storage)
  p.set(node.outputs[0]!, flat ? (reshapeView(y, outShape) ?? reshapeView(p.contiguous(y), outShape)!) : y)
  p.note(node, 'pooling')
}
