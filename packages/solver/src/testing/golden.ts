import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../../../../shared/data/solver-golden/', import.meta.url))

/** One problem of the golden data: its tensors by name (floats widened to f64) and its json. */
export interface Golden {
  readonly name: string
  tensor(name: string): Float64Array
  has(name: string): boolean
  names(): string[]
  // The json's figures are free-form.
  readonly json: {
    rows: number
    cols: number
    samples: number
    lam?: number
    results: Record<string, Record<string, number>>
  }
}

/** Reads a problem, or says that it is missing and gives undefined. */
export function golden(name: string): Golden | undefined {
  if (!existsSync(`${folder}${name}.json`)) {
    console.info(`skipped: ../shared/data/solver-golden/${name} is not here`)
    return undefined
  }
  const bytes = readFileSync(`${folder}${name}.safetensors`)
  const start = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; data_offsets: number[] }
  >
  const types = { F64: Float64Array, F32: Float32Array, I32: Int32Array, U8: Uint8Array }
  return {
    name,
    json: JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as Golden['json'],
    has: (tensor) => tensor in header,
    names: () => Object.keys(header).filter((key) => key !== '__metadata__'),
    tensor: (tensor) => {
      const entry = header[tensor]
      const data = Uint8Array.from(bytes.subarray(start + entry.data_offsets[0], start + entry.data_offsets[1]))
      return Float64Array.from(new types[entry.dtype as keyof typeof types](data.buffer))
    },
  }
}
