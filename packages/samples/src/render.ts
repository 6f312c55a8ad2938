import { createRandom } from './random.js'
import { fills, shapes } from './shapes.js'

/** Width and height of a sample image, pixels. */
export const SAMPLE_SIZE = 32

/** `<fill> <shape>`, e.g. 'striped star': the generalist's classes in the order of its logits. */
export const classNames: readonly string[] = Object.keys(shapes).flatMap((shape) =>
  Object.keys(fills).map((fill) => `${fill} ${shape}`),
)

const names = Object.keys(shapes)
const textures = Object.keys(fills)

/**
 * Draws one image of a class: the shape at a random place, size and angle, in a random bright colour, on a dim background
 * with a gradient, clutter and noise. The same (class, index, seed) gives the same pixels everywhere.
 *
 * @returns RGB, row by row, SAMPLE_SIZE² × 3 bytes
 */
export function renderSample(classIndex: number, index: number, seed: number): Uint8Array {
  const random = createRandom(
    Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(classIndex + 1, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35),
  )
  for (let i = 0; i < 4; i++) random()
  const between = (low: number, high: number): number => low + (high - low) * random()
  const shape = shapes[names[Math.floor(classIndex / textures.length)]!]!
  const fill = fills[textures[classIndex % textures.length]!]!
  const scale = between(8, 13)
  const angle = between(0, 2 * Math.PI)
  const [cx, cy] = [between(12, 20), between(12, 20)]
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale]
  const background = [between(10, 120), between(10, 120), between(10, 120)]
  const colour = [between(140, 255), between(140, 255), between(140, 255)]
  const gradient = [between(-0.8, 0.8), between(-0.8, 0.8)]
  const blobs = Array.from({ length: 4 }, () => ({
    x: between(0, SAMPLE_SIZE),
    y: between(0, SAMPLE_SIZE),
    r: between(1, 4),
    shade: between(-35, 35),
  }))
  const noise = between(4, 18)

  const pixels = new Uint8Array(SAMPLE_SIZE * SAMPLE_SIZE * 3)
  for (let py = 0; py < SAMPLE_SIZE; py++) {
    for (let px = 0; px < SAMPLE_SIZE; px++) {
      const [dx, dy] = [px + 0.5 - cx, py + 0.5 - cy]
      const [x, y] = [dx * cos - dy * sin, dx * sin + dy * cos]
      // one pixel of soft edge: the distance is in units of the shape, scale pixels each
      const cover = Math.min(1, Math.max(0, 0.5 - shape(x, y) * scale)) * fill(x, y)
      let shade = gradient[0]! * (px - SAMPLE_SIZE / 2) + gradient[1]! * (py - SAMPLE_SIZE / 2)
      for (const blob of blobs) if (Math.hypot(px - blob.x, py - blob.y) < blob.r) shade += blob.shade
      for (let c = 0; c < 3; c++) {
        const value = (background[c]! + shade) * (1 - cover) + colour[c]! * cover + noise * (random() + random() - 1)
        pixels[(py * SAMPLE_SIZE + px) * 3 + c] = Math.min(255, Math.max(0, Math.round(value)))
      }
    }
  }
  return pixels
}
