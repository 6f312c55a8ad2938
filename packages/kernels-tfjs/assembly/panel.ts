import { pack } from './lanes'
import { Job, PITCH, seat } from './job'

/** The pixel that seat i sees through a tap; zeros where that is outside of the image or nobody sits. */
function pixel(job: Job, i: i32, down: i32, right: i32): usize {
  const s = seat(job.seats, i)
  if (!s.y) return job.zeros
  const row = s.down + down
  const column = s.right + right
  if (<u32>row >= <u32>job.height || <u32>column >= <u32>job.width) return job.zeros
  return s.image + ((<usize>((row * job.width + column) * job.channels)) << 2)
}

/** Gathers the inputs of the first `vectors` · 4 seats. */
export function gatherPanel(job: Job, vectors: i32): void {
  let to = job.panel
  let tap = job.taps
  for (let t = 0; t < job.tapCount; t++) {
    const down = load<i32>(tap)
    const right = load<i32>(tap, 4)
    for (let v = 0; v < vectors; v++) {
      const i = v << 2
      pack(
        pixel(job, i, down, right),
        pixel(job, i + 1, down, right),
        pixel(job, i + 2, down, right),
        pixel(job, i + 3, down, right),
        job.channels,
        to + ((<usize>v) << 4),
        PITCH,
      )
    }
    to += <usize>job.channels * PITCH
    tap += 8
  }
}

/** Writes `count` ≤ 4 rows of the buffer, from row `first` of y on, to the pixels of the seats. */
export function scatterRows(job: Job, first: i32, count: i32, vectors: i32): void {
  const at = (<usize>first) << 2
  for (let v = 0; v < vectors; v++) {
    const from = job.buffer + ((<usize>v) << 4)
    const i = v << 2
    if (count == 4) {
      const v0 = v128.load(from)
      const v1 = v128.load(from + PITCH)
      const v2 = v128.load(from + 2 * PITCH)
      const v3 = v128.load(from + 3 * PITCH)
      const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5)
      const high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7)
      const low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5)
      const high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7)
      const y0 = seat(job.seats, i).y
      const y1 = seat(job.seats, i + 1).y
      const y2 = seat(job.seats, i + 2).y
      const y3 = seat(job.seats, i + 3).y
      if (y0) v128.store(y0 + at, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5))
      if (y1) v128.store(y1 + at, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7))
      if (y2) v128.store(y2 + at, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5))
      if (y3) v128.store(y3 + at, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7))
      continue
    }
    for (let p = 0; p < 4; p++) {
      const y = seat(job.seats, i + p).y
      if (!y) continue
      for (let r = 0; r < count; r++) {
        store<f32>(y + at + ((<usize>r) << 2), load<f32>(from + <usize>r * PITCH + ((<usize>p) << 2)))
      }
    }
  }
}

/** The reverse: reads `count` ≤ 4 rows of y into the buffer; an empty seat gives zeros. */
export function gatherRows(job: Job, first: i32, count: i32, vectors: i32): void {
  const at = (<usize>first) << 2
  for (let v = 0; v < vectors; v++) {
    const i = v << 2
    const y0 = seat(job.seats, i).y
    const y1 = seat(job.seats, i + 1).y
    const y2 = seat(job.seats, i + 2).y
    const y3 = seat(job.seats, i + 3).y
    pack(
      (y0 ? y0 : job.zeros) + at,
      (y1 ? y1 : job.zeros) + at,
      (y2 ? y2 : job.zeros) + at,
      (y3 ? y3 : job.zeros) + at,
      count,
      job.buffer + ((<usize>v) << 4),
      PITCH,
    )
  }
}
