import { layerNorm as columns, softmax as softmaxColumns } from './generated/column'

/**
 * LayerNormalization down the rows of each tile of positions.
 * The command: +8 tiles, number of tiles; +16 X; +20 Y; +24 bytes from row to row of X, of Y; +32 rows; +36 ε; +40 gamma;
 * +44 beta; +48 parts. A tile: byte offset in X, in Y, vectors.
 */
export function layerNorm(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const tiles = load<u32>(command, 8)
  const count = load<i32>(command, 12)
  const x = load<u32>(command, 16)
  const y = load<u32>(command, 20)
  for (let i = (count * part) / parts; i < (count * (part + 1)) / parts; i++) {
    const t = tiles + <usize>i * 12
    columns(
      load<i32>(t, 8),
      x + load<u32>(t),
      load<u32>(command, 24),
      y + load<u32>(t, 4),
      load<u32>(command, 28),
      load<i32>(command, 32),
      load<f32>(command, 36),
      load<u32>(command, 40),
      load<u32>(command, 44),
    )
  }
}

/** Softmax down the rows of each tile, in place; the command as layerNorm's, +20 a buffer of 10 vectors per part. */
export function softmax(command: usize, part: i32): void {
  const parts = load<i32>(command, 4)
  const tiles = load<u32>(command, 8)
  const count = load<i32>(command, 12)
  const x = load<u32>(command, 16)
  const inverse = load<u32>(command, 20) + <usize>part * 160
  const step = load<u32>(command, 24)
  const rows = load<i32>(command, 32)
  for (let i = (count * part) / parts; i < (count * (part + 1)) / parts; i++) {
    const t = tiles + <usize>i * 12
    const vectors = load<i32>(t, 8)
    let line = x + load<u32>(t)
    softmaxColumns(vectors, line, step, rows, 1, inverse)
    for (let r = 0; r < rows; r++, line += step) {
      for (let o: usize = 0; o < (<usize>vectors) << 4; o += 16) {
        v128.store(line + o, f32x4.mul(v128.load(line + o), v128.load(inverse + o)))
      }
    }
  }
}
