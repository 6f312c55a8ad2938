/** Pillow's resampling filters. */
export type Interpolation = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos'

export interface Filter {
  /** Half the width of the kernel in source pixels when nothing shrinks; 0: the nearest pixel, no kernel. */
  readonly support: number
  readonly weight: (x: number) => number
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI))

// Keys' cubic convolution (1981, eq. 4) with a = -0.5.
function cubic(x: number): number {
  const a = -0.5
  const t = Math.abs(x)
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a
  return 0
}

function hamming(x: number): number {
  const t = Math.abs(x)
  if (t === 0) return 1
  return t >= 1 ? 0 : sinc(t) * (0.54 + 0.46 * Math.cos(t * Math.PI))
}

export const filters: Readonly<Record<Interpolation, Filter>> = {
  nearest: { support: 0, weight: () => 1 },
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: { support: 1, weight: hamming },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
}
