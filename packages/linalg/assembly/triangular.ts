// Unblocked kernels on small matrices with any strides (in elements, negative ones included).

/** Cholesky, lower, in place: A = L·Lᵀ. Returns the first column whose pivot is not positive and finite, or -1. */
export function cholesky<T>(n: i32, a: usize, rs: isize, cs: isize): i32 {
  const size = <isize>sizeof<T>()
  const row = rs * size
  const col = cs * size
  for (let j = 0; j < n; j++) {
    const aj = <isize>a + <isize>j * row
    let pivot = load<T>(<usize>(aj + <isize>j * col))
    for (let p = 0; p < j; p++) {
      const v = load<T>(<usize>(aj + <isize>p * col))
      pivot -= v * v
    }
    if (!(pivot > <T>0 && pivot < <T>Infinity)) return j
    const root = <T>Math.sqrt(<f64>pivot)
    store<T>(<usize>(aj + <isize>j * col), root)
    for (let i = j + 1; i < n; i++) {
      const ai = <isize>a + <isize>i * row
      let sum = load<T>(<usize>(ai + <isize>j * col))
      for (let p = 0; p < j; p++) sum -= load<T>(<usize>(ai + <isize>p * col)) * load<T>(<usize>(aj + <isize>p * col))
      store<T>(<usize>(ai + <isize>j * col), sum / root)
    }
  }
  return -1
}

/** X ← L⁻¹·X, L [m × m] lower (unit diagonal if asked), X [m × n] in place. */
export function solveLower<T>(
  m: i32,
  n: i32,
  l: usize,
  lrs: isize,
  lcs: isize,
  unit: i32,
  x: usize,
  xrs: isize,
  xcs: isize,
): void {
  const size = <isize>sizeof<T>()
  const vectors = xcs == 1 ? n & ~((16 / <i32>size - 1)) : 0
  for (let i = 0; i < m; i++) {
    const li = <isize>l + <isize>i * lrs * size
    const xi = <isize>x + <isize>i * xrs * size
    const divisor = unit ? <T>1 : load<T>(<usize>(li + <isize>i * lcs * size))
    for (let p = 0; p < i; p++) {
      const factor = load<T>(<usize>(li + <isize>p * lcs * size))
      const xp = <isize>x + <isize>p * xrs * size
      const f = v128.splat<T>(factor)
      for (let j = 0; j < vectors; j += 16 / <i32>size) {
        const to = <usize>(xi + <isize>j * size)
        v128.store(to, v128.sub<T>(v128.load(to), v128.mul<T>(f, v128.load(<usize>(xp + <isize>j * size)))))
      }
      for (let j = vectors; j < n; j++) {
        const to = <usize>(xi + <isize>j * xcs * size)
        store<T>(to, load<T>(to) - factor * load<T>(<usize>(xp + <isize>j * xcs * size)))
      }
    }
    if (!unit) {
      for (let j = 0; j < n; j++) {
        const to = <usize>(xi + <isize>j * xcs * size)
        store<T>(to, load<T>(to) / divisor)
      }
    }
  }
}

/** L ← L⁻¹ in place, lower triangular; what is above the diagonal is left alone. */
export function invertLower<T>(n: i32, l: usize, rs: isize, cs: isize): void {
  const size = <isize>sizeof<T>()
  const row = rs * size
  const col = cs * size
  for (let j = 0; j < n; j++) {
    const diagonal = <usize>(<isize>l + <isize>j * (row + col))
    store<T>(diagonal, <T>1 / load<T>(diagonal))
  }
  for (let j = 0; j < n; j++) {
    const first = load<T>(<usize>(<isize>l + <isize>j * (row + col)))
    for (let i = j + 1; i < n; i++) {
      const li = <isize>l + <isize>i * row
      let sum = load<T>(<usize>(li + <isize>j * col)) * first
      for (let p = j + 1; p < i; p++) {
        sum += load<T>(<usize>(li + <isize>p * col)) * load<T>(<usize>(<isize>l + <isize>p * row + <isize>j * col))
      }
      store<T>(<usize>(li + <isize>j * col), -sum * load<T>(<usize>(li + <isize>i * col)))
    }
  }
}
