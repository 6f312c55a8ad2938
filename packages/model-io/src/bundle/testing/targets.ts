import { isTacoError } from '@tacojs/errors'
import { createGraph, float32, int64, node, type Initializer } from '@tacojs/graph'
import { isDeepStrictEqual } from 'node:util'
import { roundWeights } from '../../weights/round.js'
import { decodeWeights } from '../../weights/decode.js'
import { deflate } from '../../weights/deflate/deflate.js'
import { inflate } from '../../weights/deflate/inflate.js'
import { encodeWeights } from '../../weights/encode.js'
import { weightsLayout } from '../../weights/layout.js'
import { mutated, seededRandom, type FuzzTarget, type Random } from '../../testing/fuzz.js'
import { bundleFiles, type Bundle } from '../bundle.js'
import { decodeBundle, withWeights } from '../decode.js'
import { encodeBundle } from '../encode.js'
import { changedJson } from './change-json.js'
import { openedWeights, sealedBundle, sealedWeights } from './seal.js'

const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))

const sparse = (k: number, shape: readonly number[]): Initializer => {
  const size = shape.reduce((a, b) => a * b, 1)
  const data = Float32Array.from({ length: size }, (_, i) => (i % k ? 0 : Math.sin(i + 1)))
  return { tensor: float32(shape, data), sparsity: { pattern: 'unstructured', nonzeros: Math.ceil(size / k) } }
}

/** A specialist with weights of every coding; `precision` gives it every form of values. */
function specialist(precision: 'fp32' | 'fp16' | 'int8'): Bundle {
  const graph = createGraph({
    name: 'specialist',
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 16] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
    nodes: [
      node('Gemm', ['x', 'a'], ['h']),
      node('Gemm', ['h', 'b'], ['i']),
      node('Reshape', ['i', 'shape'], ['j']),
      node('Gemm', ['j', 'c', 'bias'], ['y']),
    ],
    initializers: {
      ...{ a: sparse(3, [16, 24]), b: sparse(20, [24, 40]), c: sparse(1, [40, 2]) },
      ...{ bias: float32([2], [0.5, -0]), shape: int64([2], [0, 40]) },
    },
  })
  return {
    graph: roundWeights(graph, precision).graph,
    preprocess: { inputSize: [3, 8, 8], interpolation: 'bicubic', cropPct: 0.9, cropMode: 'center', mean: [0, 0, 0] },
    labels: [
      { index: 0, name: 'a', wnid: 'n01', source: 7 },
      { index: 1, name: 'b' },
    ],
    report: { model: { name: 'net' }, recipe: { seed: 1 }, nonzeros: 3, warnings: [] },
  }
}

const bundles = (['fp32', 'fp16', 'int8'] as const).map((precision) => encodeBundle(specialist(precision)))
const weights = bundles.map((files) => files.get('weights.taco')!)
const opened = weights.map((bytes) => openedWeights(bytes, inflate))

/** The same tensors as version 1 has them: at multiples of 8, nothing compressed. */
const first = {
  text: text({
    tensors: [
      {
        ...{ name: 'm', dtype: 'float32', shape: [4, 4], coding: 'bitmask', stored: 2 },
        ...{ positions: { offset: 0, length: 2 }, values: { offset: 8, length: 8 } },
        sparsity: { pattern: '2:16', nonzeros: 2 },
      },
      {
        ...{ name: 'd', dtype: 'float32', shape: [300], coding: 'delta', stored: 2 },
        ...{ positions: { offset: 16, length: 3 }, values: { offset: 24, length: 8 } },
      },
      { name: 's', dtype: 'int64', shape: [1], coding: 'dense', stored: 1, values: { offset: 32, length: 8 } },
    ],
  }),
  payload: Uint8Array.from(
    [
      [1, 128, 0, 0, 0, 0, 0, 0],
      [0, 0, 128, 63, 0, 0, 0, 64],
      [7, 163, 2, 0, 0, 0, 0, 0],
    ]
      .flat()
      .concat([0, 0, 128, 63, 0, 0, 0, 64], [1, 0, 0, 0, 0, 0, 0, 0]),
  ),
}

/** What was read can be written, and read again as it was. */
function checkWeights(bytes: Uint8Array): void {
  const read = decodeWeights(bytes)
  weightsLayout(bytes)
  if (!isDeepStrictEqual(decodeWeights(encodeWeights(read)), read)) throw new Error('it does not come back')
}

function checkBundle(files: ReadonlyMap<string, Uint8Array>): void {
  const bundle = decodeBundle(files)
  withWeights(bundle.graph, bundle.graph.initializers)
  decodeBundle(encodeBundle(bundle))
}

const jsonWords = [
  ...['"__proto__":{"polluted":1},', '"constructor":{"prototype":{"x":1}},', '1e999', '-1', '0.5', '4294967296'],
  ...['9007199254740993', 'null', 'true', '[]', '{}', '"\\u0000"', '[[[[[[[[', '"length":0', '"inflated":1', 'true'],
  ...['"as":"int8","axis":0,', '"as":"float16",', '"coding":"delta"', '"coding":"dense"', '"shape":[65536,65536]'],
  ...['"scales":{"length":4},', '"shape":[]', '"stored":0', '"dtype":"int64"', '"index":0', '"name":"x"'],
].map(text)

const bytesOf = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** Files of two bundles, taken away, mixed up, cut and damaged, as `bytes` say: four of them for each change. */
function mixed(bytes: Uint8Array, random: Random): Map<string, Uint8Array> {
  const at = (i: number): number => bytes[i % Math.max(1, bytes.length)] ?? 0
  const files = new Map(bundles[at(0) % bundles.length])
  const other = bundles[at(1) % bundles.length]!
  const names = [...files.keys()]
  for (let i = 2; i + 3 < bytes.length && i < 14; i += 4) {
    const name = names[at(i) % names.length]!
    const file = files.get(name) ?? new Uint8Array()
    const kind = at(i + 1) % 6
    if (kind === 0) files.delete(name)
    else if (kind === 1) files.set(name, other.get(name)!)
    else if (kind === 2) files.set(name, other.get(names[at(i + 2) % names.length]!)!)
    else if (kind === 3) files.set(name, file.subarray(0, Math.floor((file.length * at(i + 2)) / 256)))
    else {
      const seeds = [file, other.get(name)!]
      files.set(name, mutated({ name, seeds, words: jsonWords, run: () => undefined }, random))
    }
  }
  return at(bytes.length - 1) % 4 === 0 ? files : sealedBundle(files)
}

/** Inputs that stand for choices: what is made of them follows from their bytes. */
const choices = Array.from({ length: 16 }, (_, i) => bytesOf(i, 3 * i, 7 * i + 1, 0, 11 * i))
const randomOf = (bytes: Uint8Array): Random => seededRandom(bytes.reduce((sum, b) => Math.imul(sum, 31) + b + 1, 7))

/** The parsers of what a bundle is made of. Where a checksum would refuse every change, it is made to fit. */
export const bundleTargets: readonly FuzzTarget[] = [
  {
    name: 'deflate streams',
    seeds: [1, 7, 40].map((k) => deflate([Uint8Array.from({ length: 4096 }, (_, i) => (i * i * k) % (k + 60))])),
    words: [bytesOf(1, 0, 0, 255, 255), bytesOf(3, 0), bytesOf(0xed, 0xff), bytesOf(7)],
    run: (bytes) => {
      for (const size of [0, 1, 1 << 20]) attempt(() => inflate(bytes, size))
      return inflate(bytes, 4096)
    },
  },
  {
    name: 'headers of weights',
    seeds: opened.map(({ text: header }) => header),
    words: jsonWords,
    run: (bytes) => {
      for (const { payload } of opened) attempt(() => checkWeights(sealedWeights(2, bytes, payload)))
      checkWeights(sealedWeights(2, bytes, nearest('text', bytes).payload))
    },
  },
  {
    name: 'headers of weights, version 1',
    seeds: [first.text],
    words: [...jsonWords, text('"offset":8'), text('"offset":0')],
    run: (bytes) => checkWeights(sealedWeights(1, bytes, first.payload)),
  },
  {
    name: 'values and positions of weights',
    seeds: [...opened.map(({ payload }) => payload), first.payload],
    words: [bytesOf(128, 128, 128, 128, 128, 1), bytesOf(255, 255, 255, 127), bytesOf(0, 0, 192, 127)],
    run: (bytes) => {
      attempt(() => checkWeights(sealedWeights(1, first.text, bytes)))
      checkWeights(sealedWeights(2, nearest('payload', bytes).text, bytes))
    },
  },
  {
    name: 'files of weights',
    seeds: weights,
    words: [bytesOf(0x54, 0x41, 0x43, 0x4f, 0x57, 0x54, 0x53, 1), bytesOf(0, 0, 0, 0)],
    run: checkWeights,
  },
  ...bundleFiles
    .filter((name) => name.endsWith('.json'))
    .map((name): FuzzTarget => ({
      name: `${name} of a bundle`,
      seeds: bundles.slice(0, 1).map((files) => files.get(name)!),
      words: jsonWords,
      run: (bytes) => checkBundle(sealedBundle(new Map(bundles[0]).set(name, bytes))),
    })),
  {
    name: 'headers of weights, by their values',
    seeds: choices,
    words: choices,
    run: (bytes) => {
      const random = randomOf(bytes)
      const version = random(4) ? 2 : 1
      const { text: header, payload } = version === 1 ? first : opened[random(opened.length)]!
      checkWeights(sealedWeights(version, text(changedJson(new TextDecoder().decode(header), random)), payload))
    },
  },
  {
    name: 'JSON files of a bundle, by their values',
    seeds: choices,
    words: choices,
    run: (bytes) => {
      const random = randomOf(bytes)
      const names = [...bundleFiles.filter((name) => name.endsWith('.json')), 'manifest.json']
      const name = names[random(names.length)]!
      const files = new Map(bundles[0])
      files.set(name, text(changedJson(new TextDecoder().decode(files.get(name)), random)))
      checkBundle(name === 'manifest.json' ? files : sealedBundle(files))
    },
  },
  {
    name: 'manifests',
    seeds: [bundles[0]!.get('manifest.json')!],
    words: [...jsonWords, text('"version":1'), text('"format":"taco-bundle"')],
    run: (bytes) => checkBundle(new Map(bundles[0]).set('manifest.json', bytes)),
  },
  {
    name: 'folders of bundles',
    // the first changes nothing
    seeds: Array.from({ length: 24 }, (_, i) =>
      Uint8Array.from({ length: i === 0 ? 2 : 15 }, (_unused, k) => (i * (37 + k * 22) + k * 11 * Math.sign(i)) % 256),
    ),
    words: bundleFiles.map((_, i) => bytesOf(i, 4, i, 0)),
    run: (bytes) => checkBundle(mixed(bytes, randomOf(bytes))),
  },
]

/** The weights file one of whose parts is most nearly as long. */
function nearest(part: 'text' | 'payload', bytes: Uint8Array): (typeof opened)[number] {
  const distance = (file: (typeof opened)[number]): number => Math.abs(file[part].length - bytes.length)
  return opened.reduce((best, file) => (distance(file) < distance(best) ? file : best))
}

/** A first try whose refusal is no end: bugs are. */
function attempt(run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!isTacoError(error)) throw error
  }
}
