/**
 * Where the weights of a [kernelHeight, kernelWidth, in, out] filter are that may differ from zero; a matrix [in, out] is
 * the filter of a 1×1 convolution. Weights are in the order of their output, then of tap · in + channel.
 */
export interface Pattern {
  readonly shape: readonly [number, number, number, number]
  /** For each output, how many weights there are up to its last one. */
  readonly ends: Uint32Array
  /** tap · in + channel of each weight. */
  readonly inputs: Uint32Array
}

/** The pattern of what `holds`, asked for each index into the dense filter. */
export function patternOf(shape: Pattern['shape'], holds: (index: number) => boolean): Pattern {
  const [height, width, channels, rows] = shape
  const depth = height * width * channels
  const ends = new Uint32Array(rows)
  const inputs: number[] = []
  for (let row = 0; row < rows; row++) {
    for (let input = 0; input < depth; input++) if (holds(input * rows + row)) inputs.push(input)
    ends[row] = inputs.length
  }
  return { shape, ends, inputs: Uint32Array.from(inputs) }
}

/** Calls `visit` for each weight, in order. */
export function forEachWeight({ ends, inputs }: Pattern, visit: (i: number, row: number, input: number) => void): void {
  let i = 0
  for (let row = 0; row < ends.length; row++) for (; i < ends[row]!; i++) visit(i, row, inputs[i]!)
}
