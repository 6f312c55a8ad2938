import { TacoError } from '@tacojs/errors'
import { checkSizes } from './check.js'
import { hostMatrix } from './host.js'
import type { Loaded } from './kernels.js'
import { upload } from './transfer.js'
import type { PosvPrincipalOptions } from './types.js'

/** Words of a system, as assembly/principal.ts has it. */
const WORDS = 5

/** See `Linalg.posvPrincipal`. */
export function posvPrincipal(on: Loaded, { n, a, shift = 0, systems }: PosvPrincipalOptions): Uint8Array {
  checkSizes('posvPrincipal', { n })
  const host = hostMatrix('A of posvPrincipal', a, n, n)
  let [most, indices, values, work] = [0, 0, 0, 0]
  for (const [s, { support, nrhs, b }] of systems.entries()) {
    const k = support.length
    checkSizes('posvPrincipal', { nrhs })
    if (b.length !== nrhs * k || support.some((i) => !(i >= 0 && i < n))) {
      throw new TacoError(
        'INVALID_ARGUMENT',
        `posvPrincipal: system ${s} has ${b.length} values for ${nrhs}×${k}; its support must be indices below ${n}`,
      )
    }
    most = Math.max(most, k)
    indices += k
    values += b.length
    work += k ** 3 / 6 + nrhs * k * k
  }
  const k = on.f64
  const { memory } = k
  const matrix = upload(k, host)
  const table = memory.alloc(4 * WORDS * systems.length)
  const supports = memory.alloc(4 * indices)
  const sides = memory.alloc(8 * values)
  const words = memory.int32(table, WORDS * systems.length)
  const [index, value] = [memory.int32(supports, indices), memory.float64(sides, values)]
  for (let s = 0, i = 0, v = 0; s < systems.length; s++) {
    const { support, nrhs, b } = systems[s]!
    words.set([supports + 4 * i, support.length, sides + 8 * v, nrhs, 0], WORDS * s)
    index.set(support, i)
    value.set(b, v)
    i += support.length
    v += b.length
  }
  k.run('principal', { m: systems.length, n: most, alpha: shift, a: matrix, d: table, flags: on.most, work })

  // what was seen of the memory before may be out of date
  const [after, solutions] = [memory.int32(table, WORDS * systems.length), memory.float64(sides, values)]
  const solved = new Uint8Array(systems.length)
  for (let s = 0, v = 0; s < systems.length; s++) {
    const { b } = systems[s]!
    solved[s] = after[WORDS * s + 4]!
    b.set(solutions.subarray(v, v + b.length))
    v += b.length
  }
  return solved
}
