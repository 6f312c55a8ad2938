// A convolution over NHWC without im2col in memory: x at the positions of a grid, seen through a list of taps.
// Positions lie in the lanes of vectors, 32 to a tile; a tile's inputs are gathered into a panel of one row of 128 bytes
// for each (tap, channel), and the stream of weights reads rows of it by their byte offset.

/** What a kernel is told, as 32-bit numbers in this order; `src/ops/job.ts` writes it. Pointers and strides are bytes. */
@unmanaged
export class Job {
  /** [images, height, width, channels] */
  x: usize
  /** Written by `multiply`, read by `valuesGradient`. */
  y: usize
  /** [rows], or 0 for none */
  bias: usize
  /** One weight for each offset. */
  values: usize
  /** For each row, where its weights end, as a count. */
  ends: usize
  /** The row of the panel that each weight multiplies. */
  offsets: usize
  /** Pairs (down, right): where a tap looks, seen from stride · position. */
  taps: usize
  /** [values], written by `valuesGradient` */
  gradient: usize
  cursor: usize
  seats: usize
  /** Four rows of a tile. */
  buffer: usize
  /** As many zeros as there are channels or rows. */
  zeros: usize
  panel: usize
  tapCount: i32
  channels: i32
  rows: i32
  images: i32
  height: i32
  width: i32
  gridHeight: i32
  gridWidth: i32
  strideDown: i32
  strideRight: i32
  yImage: usize
  yRow: usize
  yPixel: usize
}

/** The next position of the grid that has no tile yet. */
@unmanaged
class Cursor {
  image: i32
  down: i32
  right: i32
}

/** A position of a tile: its image in x, stride · its place in the grid, and its pixel of y; y is 0 in an empty seat. */
@unmanaged
class Seat {
  image: usize
  down: i32
  right: i32
  y: usize
}

export const SEATS: i32 = 32
export const PITCH: usize = 128

export function seat(seats: usize, i: i32): Seat {
  return changetype<Seat>(seats + ((<usize>i) << 4))
}

export function begin(job: Job): void {
  if (!job.gridHeight || !job.gridWidth) job.images = 0
  memory.fill(job.zeros, 0, (<usize>max(job.channels, job.rows)) << 2)
  memory.fill(job.cursor, 0, 12)
}

/** Fills the seats with the next positions; gives how many there are, 0 at the end. */
export function advance(job: Job): i32 {
  const cursor = changetype<Cursor>(job.cursor)
  const imageBytes = (<usize>(job.height * job.width * job.channels)) << 2
  let count = 0
  for (let i = 0; i < SEATS; i++) {
    const s = seat(job.seats, i)
    if (cursor.image >= job.images) {
      s.y = 0
      continue
    }
    s.image = job.x + <usize>cursor.image * imageBytes
    s.down = cursor.down * job.strideDown
    s.right = cursor.right * job.strideRight
    s.y = job.y + <usize>cursor.image * job.yImage + <usize>cursor.down * job.yRow + <usize>cursor.right * job.yPixel
    count++
    if (++cursor.right < job.gridWidth) continue
    cursor.right = 0
    if (++cursor.down < job.gridHeight) continue
    cursor.down = 0
    cursor.image++
  }
  return count
}
