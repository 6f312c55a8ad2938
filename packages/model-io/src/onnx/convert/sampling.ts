/** How ONNX Resize samples a line. */
export interface Sampling {
  readonly mode: string
  readonly coordinates: string
  readonly nearest: string
  /** a of the cubic kernel (Keys 1981, eq. 4). */
  readonly cubic: number
  readonly antialias: boolean
  readonly excludeOutside: boolean
}

export interface Weighted {
  readonly index: number
  readonly weight: number
}

/**
 * For each of `to` places the elements of a line of `from` that it is made of, and their weights; none for a place
 * outside of a cropped region. Undefined for a mode or a transformation that ONNX does not define.
 */
export function weightsOf(
  from: number,
  to: number,
  scale: number,
  region: readonly [number, number],
  sampling: Sampling,
): Weighted[][] | undefined {
  const position = coordinate(from, to, scale, region, sampling.coordinates)
  const kernel = kernelOf(sampling)
  if (!position || (sampling.mode !== 'nearest' && !kernel)) return undefined
  return Array.from({ length: to }, (_, i) => {
    const at = position(i)
    if (sampling.coordinates === 'tf_crop_and_resize' && (at < 0 || at > from - 1)) return []
    if (sampling.mode === 'nearest') return [{ index: clamp(nearest(at, sampling.nearest), from), weight: 1 }]
    return sample(at, from, kernel!, sampling.antialias ? Math.min(1, scale) : 1, sampling.excludeOutside)
  })
}

const clamp = (index: number, size: number): number => Math.min(Math.max(index, 0), size - 1)

/** Where a place of the result lies in the line. */
function coordinate(
  from: number,
  to: number,
  scale: number,
  [begin, end]: readonly [number, number],
  transformation: string,
): ((i: number) => number) | undefined {
  switch (transformation) {
    case 'half_pixel':
      return (i) => (i + 0.5) / scale - 0.5
    case 'half_pixel_symmetric': {
      // the result is centred although its size was rounded
      const adjustment = to / (scale * from)
      return (i) => (from / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5
    }
    case 'pytorch_half_pixel':
      return (i) => (to > 1 ? (i + 0.5) / scale - 0.5 : 0)
    case 'align_corners':
      // the length is what the scale gives, before it is rounded
      return (i) => (to > 1 ? (i * (from - 1)) / (from * scale - 1) : 0)
    case 'asymmetric':
      return (i) => i / scale
    case 'tf_half_pixel_for_nn':
      return (i) => (i + 0.5) / scale
    case 'tf_crop_and_resize':
      return (i) =>
        to > 1 ? begin * (from - 1) + (i * (end - begin) * (from - 1)) / (to - 1) : 0.5 * (begin + end) * (from - 1)
  }
  return undefined
}

function nearest(at: number, mode: string): number {
  switch (mode) {
    case 'floor':
      return Math.floor(at)
    case 'ceil':
      return Math.ceil(at)
    case 'round_prefer_ceil':
      return Math.floor(at + 0.5)
    default:
      return Math.ceil(at - 0.5)
  }
}

interface Interpolation {
  /** Half the width that it reaches, in elements. */
  readonly reach: number
  readonly weight: (distance: number) => number
}

function kernelOf({ mode, cubic: a }: Sampling): Interpolation | undefined {
  if (mode === 'linear') return { reach: 1, weight: (d) => Math.max(0, 1 - Math.abs(d)) }
  if (mode !== 'cubic') return undefined
  return {
    reach: 2,
    weight(distance) {
      const d = Math.abs(distance)
      if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1
      return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
    },
  }
}

/** Elements beyond the ends are those at the ends, or left out. A shrink below 1 widens the kernel against aliasing. */
function sample(at: number, size: number, kernel: Interpolation, shrink: number, excludeOutside: boolean): Weighted[] {
  const reach = kernel.reach / shrink
  const taken: Weighted[] = []
  for (let i = Math.ceil(at - reach); i <= Math.floor(at + reach); i++) {
    if (excludeOutside && (i < 0 || i >= size)) continue
    taken.push({ index: clamp(i, size), weight: kernel.weight((i - at) * shrink) })
  }
  const sum = taken.reduce((total, { weight }) => total + weight, 0)
  return taken.map(({ index, weight }) => ({ index, weight: weight / sum }))
}
