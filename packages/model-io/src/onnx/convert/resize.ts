import { fromNumbers, int64, type Dim, type DType } from '@tacojs/graph'
import type { RawNode } from '../flatten.js'
import { fitting, number, numbers, refuse, type ConvertContext, type Converter } from './converter.js'
import { weightsOf, type Sampling } from './sampling.js'
import { Writer } from './writer.js'

/** An axis that is resized. */
interface Line {
  readonly axis: number
  readonly from: number
  readonly to: number
  readonly scale: number
  /** Begin and end of the region that tf_crop_and_resize takes, relative to the axis. */
  readonly region: readonly [number, number]
}

/** Resize: each axis on its own, all modes and coordinate transformations. */
export const resize: Converter = (node, context) => {
  const [x = ''] = node.inputs
  const { shape } = context.typeOf(x)
  // roi came with 11, sizes too
  const [roi, scales, sizes] =
    node.opset < 11 ? [undefined, node.inputs[1], undefined] : [node.inputs[1], node.inputs[2], node.inputs[3]]
  const mode = text(node, 'mode', 'nearest')
  const sampling: Sampling = {
    mode,
    coordinates: text(node, 'coordinate_transformation_mode', node.opset < 11 ? 'asymmetric' : 'half_pixel'),
    nearest: text(node, 'nearest_mode', node.opset < 11 ? 'floor' : 'round_prefer_floor'),
    cubic: number(node, 'cubic_coeff_a', -0.75),
    antialias: number(node, 'antialias', 0) !== 0,
    excludeOutside: number(node, 'exclude_outside', 0) !== 0,
  }
  if (sampling.antialias && sampling.coordinates === 'tf_crop_and_resize') {
    refuse(node, 'antialiasing of a cropped region is not supported')
  }
  const axes = (numbers(node, 'axes') ?? shape.map((_, i) => i)).map((a) => (a < 0 ? a + shape.length : a))
  const regions = sampling.coordinates === 'tf_crop_and_resize' ? listOf(roi, 'roi', node, context) : undefined
  const wanted = isPresent(sizes, context) ? targetSizes(node, sizes!, shape, axes, context) : undefined
  const factors = wanted ? undefined : listOf(scales, 'scales', node, context)
  const lines = axes.map((axis, i): Line | undefined => {
    const region = regions ? ([regions[i]!, regions[i + axes.length]!] as const) : ([0, 1] as const)
    const from = shape[axis]!
    const same = wanted ? wanted[i] === from : factors![i] === 1
    if (same && region[0] === 0 && region[1] === 1) return undefined
    if (typeof from !== 'number')
      refuse(node, `the size of axis ${axis} is not known: export the model with fixed image sizes`)
    if (from === 0) refuse(node, `axis ${axis} is empty`)
    const to = wanted ? wanted[i]! : Math.floor(from * (region[1] - region[0]) * factors![i]!)
    if (typeof to !== 'number') refuse(node, `the size that axis ${axis} gets is not known`)
    return { axis, from, to, scale: wanted ? to / from : factors![i]!, region }
  })
  return write(
    node,
    context,
    lines.filter((line) => line !== undefined),
    sampling,
  )
}

/** Upsample, which Resize has replaced with opset 10. Its scales were an attribute before 9. */
export const upsample: Converter = (node, context) => {
  const [x = '', scales] = node.inputs
  const { shape } = context.typeOf(x)
  const [height, width] = [number(node, 'height_scale', 1), number(node, 'width_scale', 1)]
  const given = numbers(node, 'scales') ?? (node.opset < 7 ? [1, 1, height, width] : undefined)
  const factors = given ?? listOf(scales, 'scales', node, context)
  const mode = text(node, 'mode', 'nearest')
  const lines = factors.map((scale, axis): Line | undefined => {
    const from: Dim | undefined = shape[axis]
    if (scale === 1) return undefined
    if (typeof from !== 'number' || from === 0) refuse(node, `the size of axis ${axis} is not known`)
    return { axis, from, to: Math.floor(from * scale), scale, region: [0, 1] }
  })
  return write(
    node,
    context,
    lines.filter((line) => line !== undefined),
    {
      mode: mode === 'bilinear' ? 'linear' : mode,
      coordinates: 'asymmetric',
      nearest: 'floor',
      cubic: -0.75,
      antialias: false,
      excludeOutside: false,
    },
  )
}

/** Nearest picks elements; the others are products with a matrix of weights for each axis. */
function write(node: RawNode, context: ConvertContext, lines: readonly Line[], sampling: Sampling) {
  const { dtype, shape } = context.typeOf(node.inputs[0] ?? '')
  const w = new Writer(node, context)
  let y = node.inputs[0] ?? ''
  const outside = new Map<number, readonly boolean[]>()
  for (const { axis, from, to, scale, region } of lines) {
    fitting(node, from, to)
    const rows = weightsOf(from, to, scale, region, sampling)
    if (!rows) refuse(node, `mode ${sampling.mode} with coordinates ${sampling.coordinates} is not supported`)
    if (rows.some((row) => row.length === 0))
      outside.set(
        axis,
        rows.map((row) => row.length === 0),
      )
    if (sampling.mode === 'nearest') {
      const indices = rows.map((row) => row[0]?.index ?? 0)
      y = w.add('Gather', [y, w.constant('indices', int64([to], indices))], { axis })
      continue
    }
    // [from, to], the axis moved to the end and back
    const matrix = new Float64Array(from * to)
    rows.forEach((row, column) => row.forEach(({ index, weight }) => (matrix[index * to + column]! += weight)))
    const weights = w.constant('weights', fromNumbers(dtype, [from, to], matrix))
    const last = shape.length - 1
    const perm = shape.map((_, i) => (i === axis ? last : i === last ? axis : i))
    const moved = axis === last ? y : w.add('Transpose', [y], { perm })
    const product = w.add('MatMul', [moved, weights])
    y = axis === last ? product : w.add('Transpose', [product], { perm })
  }
  return outside.size === 0 ? w.is(y) : extrapolated(node, w, y, outside, shape, dtype)
}

/** What lies outside of the region that is cropped has a constant value. */
function extrapolated(
  node: RawNode,
  w: Writer,
  y: string,
  outside: ReadonlyMap<number, readonly boolean[]>,
  shape: readonly Dim[],
  dtype: DType,
) {
  let result = y
  const value = w.scalar('extrapolation', number(node, 'extrapolation_value', 0), dtype)
  for (const [axis, places] of outside) {
    const mask = fromNumbers(
      'bool',
      shape.map((_, i) => (i === axis ? places.length : 1)),
      places.map(Number),
    )
    result = w.add('Where', [w.constant('outside', mask), value, result])
  }
  return w.is(result)
}

function text(node: RawNode, name: string, fallback: string): string {
  const value = node.attributes[name] ?? fallback
  return typeof value === 'string' ? value : refuse(node, `attribute ${name} must be a string`)
}

/** An input that is there and not the empty tensor that stands for an absent one. */
const isPresent = (name: string | undefined, context: ConvertContext): boolean =>
  name !== undefined && name !== '' && !context.typeOf(name).shape.includes(0)

function listOf(name: string | undefined, what: string, node: RawNode, context: ConvertContext): number[] {
  const value = name ? context.value(name) : undefined
  return value
    ? Array.from(value.data as ArrayLike<number | bigint>, Number)
    : refuse(node, `its ${what} are not constant`)
}

/** The sizes that the axes get, where `keep_aspect_ratio_policy` allows them. */
function targetSizes(
  node: RawNode,
  sizes: string,
  shape: readonly Dim[],
  axes: readonly number[],
  context: ConvertContext,
): readonly Dim[] {
  const wanted = context.elements(sizes) ?? refuse(node, 'its sizes are not constant')
  const policy = text(node, 'keep_aspect_ratio_policy', 'stretch')
  if (policy === 'stretch') return wanted
  const ratios = axes.map((axis, i) => Number(wanted[i]) / Number(shape[axis]))
  if (ratios.some(Number.isNaN)) refuse(node, 'its sizes are not constant')
  const ratio = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
  return axes.map((axis) => Math.floor(Number(shape[axis]) * ratio + 0.5))
}
