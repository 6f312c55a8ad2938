import { splat } from './vector'

/**
 * MaxPool and AveragePool: down the rows of a window first, then across.
 * +8 X; +12 Y; +16 planes, number of planes: byte offset in X, in Y; +24 byte offset of each row of X, of Y, at pointers;
 * +32 height, width of X; +40 height, width of Y; +48 kernel; +56 strides; +64 pads at top, left; +72 dilations;
 * +80 whether it is the maximum; +84 factor of each row of Y, of each column of Y (a multiple of 4 of them), at pointers;
 * +92 scratch, bytes of it per part: one line of the padded input, three times.
 */
export function pool(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const planes = load<u32>(command, 16)
  const count = load<i32>(command, 20)
  const xRows = load<u32>(command, 24)
  const yRows = load<u32>(command, 28)
  const height = load<i32>(command, 32)
  const width = load<i32>(command, 36)
  const outHeight = load<i32>(command, 40)
  const outWidth = load<i32>(command, 44)
  const kernelHeight = load<i32>(command, 48)
  const strideHeight = load<i32>(command, 56)
  const top = load<i32>(command, 64)
  const left = load<i32>(command, 68)
  const dilationHeight = load<i32>(command, 72)
  const isMax = load<i32>(command, 80) != 0
  const line = load<u32>(command, 92) + <usize>part * load<u32>(command, 96)
  const inside = line + ((<usize>left) << 2)
  const lineBytes = load<u32>(command, 96) / 3
  const empty = splat(isMax ? -Infinity : 0)
  const last = (count * (part + 1)) / parts
  for (let i = (count * part) / parts; i < last; i++) {
    const x = load<u32>(command, 8) + load<u32>(planes + ((<usize>i) << 3))
    const y = load<u32>(command, 12) + load<u32>(planes + ((<usize>i) << 3), 4)
    for (let oy = 0; oy < outHeight; oy++) {
      for (let o: usize = 0; o < lineBytes; o += 16) v128.store(line + o, empty)
      for (let ky = 0; ky < kernelHeight; ky++) {
        const iy = oy * strideHeight - top + ky * dilationHeight
        if (iy < 0 || iy >= height) continue
        const row = x + load<u32>(xRows + ((<usize>iy) << 2))
        gather(row, inside, width, isMax)
      }
      across(command, line, lineBytes, y + load<u32>(yRows + ((<usize>oy) << 2)), outWidth, isMax, oy)
    }
  }
}

/** One row of X into the line. */
function gather(row: usize, line: usize, width: i32, isMax: bool): void {
  const vectors = (<usize>(width & ~3)) << 2
  const all = (<usize>width) << 2
  let o: usize = 0
  if (isMax) {
    for (; o < vectors; o += 16) v128.store(line + o, f32x4.pmax(v128.load(row + o), v128.load(line + o)))
    for (; o < all; o += 4) store<f32>(line + o, max(load<f32>(line + o), load<f32>(row + o)))
    return
  }
  for (; o < vectors; o += 16) v128.store(line + o, f32x4.add(v128.load(line + o), v128.load(row + o)))
  for (; o < all; o += 4) store<f32>(line + o, load<f32>(line + o) + load<f32>(row + o))
}

/** The windows of one line. With a stride the line is first dealt out by phase, so that a tap is a row of neighbours. */
function across(command: usize, line: usize, lineBytes: usize, y: usize, outWidth: i32, isMax: bool, oy: i32): void {
  const kernelWidth = load<i32>(command, 52)
  const stride = load<i32>(command, 60)
  const dilation = load<i32>(command, 76)
  const sums = line + 2 * lineBytes
  let from = line
  // floats from phase to phase
  let phase: usize = 0
  if (stride > 1) {
    const length = <i32>(lineBytes >> 2)
    phase = (<usize>(length / stride)) << 2
    from = line + lineBytes
    deal(line, from, length, stride, phase)
  }
  const end = (<usize>outWidth) << 2
  for (let kx = 0; kx < kernelWidth; kx++) {
    const tap = kx * dilation
    const at = from + <usize>(tap % stride) * phase + ((<usize>(tap / stride)) << 2)
    // one tap after the other, over all windows: they lie in the cache, and divisions are slow
    if (kx == 0) for (let o: usize = 0; o < end; o += 16) v128.store(sums + o, v128.load(at + o))
    else if (isMax)
      for (let o: usize = 0; o < end; o += 16) v128.store(sums + o, f32x4.pmax(v128.load(at + o), v128.load(sums + o)))
    else
      for (let o: usize = 0; o < end; o += 16) v128.store(sums + o, f32x4.add(v128.load(at + o), v128.load(sums + o)))
  }
  if (isMax) {
    for (let o: usize = 0; o < end; o += 16) v128.store(y + o, v128.load(sums + o))
    return
  }
  const rowFactor = splat(load<f32>(load<u32>(command, 84) + ((<usize>oy) << 2)))
  const columnFactors = load<u32>(command, 88)
  for (let o: usize = 0; o < end; o += 16) {
    v128.store(y + o, f32x4.mul(f32x4.mul(v128.load(sums + o), rowFactor), v128.load(columnFactors + o)))
  }
}

function deal(line: usize, to: usize, length: i32, stride: i32, phase: usize): void {
  if (stride == 2) {
    for (let i = 0; i + 8 <= length; i += 8) {
      const a = v128.load(line + ((<usize>i) << 2))
      const b = v128.load(line + ((<usize>i) << 2), 16)
      v128.store(to + ((<usize>i) << 1), i8x16.shuffle(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27))
      v128.store(
        to + phase + ((<usize>i) << 1),
        i8x16.shuffle(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31),
      )
    }
    return
  }
  const groups = length / stride
  for (let r = 0; r < stride; r++) {
    for (let i = 0; i < groups; i++) {
      store<f32>(to + <usize>r * phase + ((<usize>i) << 2), load<f32>(line + ((<usize>(i * stride + r)) << 2)))
    }
  }
}
