import { make, num, values, type Kernels } from './kernel.js'
import { asPlane, axes } from './window.js'

export const conv: Kernels = {
  /** X [N, C, ...], W [M, C/groups, ...], optional B [M]. */
  Conv: (node, [x, w, b]) => {
    const spatial = axes(node, x!.shape.slice(2), w!.shape.slice(2))
    const [h, v] = asPlane(spatial)
    const [batch, channels] = x!.shape as [number, number]
    const [filters, perGroup] = w!.shape as [number, number]
    const groups = num(node, 'group', 1)
    if (perGroup * groups !== channels)
      throw new Error(`${channels} channels do not fit ${groups} groups of ${perGroup}`)
    const [input, weight, bias] = [values(x!), values(w!), b && values(b)]
    const out = new Float64Array(batch * filters * h.out * v.out)
    let o = 0
    for (let n = 0; n < batch; n++) {
      for (let f = 0; f < filters; f++) {
        const first = Math.floor(f / (filters / groups)) * perGroup
        for (let i = 0; i < h.out; i++) {
          for (let j = 0; j < v.out; j++) {
            let sum = bias ? bias[f]! : 0
            for (let c = 0; c < perGroup; c++) {
              for (let p = 0; p < h.kernel; p++) {
                const row = i * h.stride + p * h.dilation - h.begin
                if (row < 0 || row >= h.size) continue
                for (let q = 0; q < v.kernel; q++) {
                  const col = j * v.stride + q * v.dilation - v.begin
                  if (col < 0 || col >= v.size) continue
                  const pixel = input[((n * channels + first + c) * h.size + row) * v.size + col]!
                  sum += pixel * weight[((f * perGroup + c) * h.kernel + p) * v.kernel + q]!
                }
              }
            }
            out[o++] = sum
          }
        }
      }
    }
    return [make(x!.dtype, [batch, filters, ...spatial.map((a) => a.out)], out)]
  },
}
