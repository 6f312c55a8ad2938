import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { TacoError } from '@tacojs/errors'
import { modelNames } from './models/index.js'
import { onnxruntimeNames } from './onnxruntime.js'
import { parseSparsity, type Sparsity } from './sparsity.js'

const peerNames: readonly string[] = [...onnxruntimeNames, 'tfjs-wasm']

const list = (fallback: string, text: string) => ({ type: 'string', default: fallback, text }) as const
const flag = (text: string) => ({ type: 'boolean', default: false, text }) as const
const committed = fileURLToPath(new URL('../../results/matrix', import.meta.url))

const definitions = {
  models: list(modelNames.join(), `of ${modelNames.join(', ')}`),
  sparsities: {
    type: 'string',
    text: '0 is dense, 0.9 unstructured, 4x1@0.9 in blocks of 4 output channels (0,0.8,0.9,0.95,4x1@0.9,4x1@0.95)',
  },
  backends: list('wasm', 'ours to measure'),
  peers: list(peerNames.join(), `of ${peerNames.join(', ')}; none leaves them out`),
  threads: list('1,2', 'numbers of threads, each in a process of its own'),
  batches: list('1', 'images per run'),
  rounds: list('30', 'timed rounds, in each of which everything runs once'),
  warmup: list('5', 'rounds before them'),
  'no-first-run': flag('leave out the first runs, which take a process each'),
  'plain-simd': flag('without relaxed SIMD'),
  'break-even': flag('instead: at which sparsity the sparse kernel passes our own dense one, per layer shape'),
  markdown: flag('measure nothing: print the tables of all saved results as Markdown'),
  out: list(committed, 'folder of the results'),
  help: flag('this text'),
} as const

export interface Options {
  readonly models: readonly string[]
  /** Undefined: the usual ones. */
  readonly sparsities?: readonly Sparsity[]
  readonly backends: readonly string[]
  readonly peers: readonly string[]
  readonly threads: readonly number[]
  readonly batches: readonly number[]
  readonly rounds: number
  readonly warmup: number
  readonly firstRun: boolean
  readonly relaxedSimd: boolean
  readonly breakEven: boolean
  readonly markdown: boolean
  readonly out: string
  readonly help: boolean
}

/** Reads the command line. Throws INVALID_ARGUMENT, one line that names the option. */
export function parseOptions(args: readonly string[]): Options {
  const values = parse(args)
  const items = (name: 'models' | 'backends' | 'peers' | 'threads' | 'batches', known?: readonly string[]) =>
    values[name].split(',').map((item) => {
      if (known && !known.includes(item)) wrong(name, item, `one of ${known.join(', ')}`)
      return item
    })
  const count = (name: string, text: string, least = 1): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < least) {
      wrong(name, text, `a whole number of ${least} or more`)
    }
    return value
  }
  return {
    models: items('models', modelNames),
    sparsities: values.sparsities?.split(',').map(parseSparsity),
    backends: items('backends'),
    peers: values.peers === 'none' ? [] : items('peers', peerNames),
    threads: items('threads').map((text) => count('threads', text)),
    batches: items('batches').map((text) => count('batches', text)),
    rounds: count('rounds', values.rounds),
    warmup: count('warmup', values.warmup, 0),
    firstRun: !values['no-first-run'],
    relaxedSimd: !values['plain-simd'],
    breakEven: values['break-even'],
    markdown: values.markdown,
    out: values.out,
    help: values.help,
  }
}

export function helpText(): string {
  const lines = Object.entries(definitions).map(([name, definition]) => {
    const fallback =
      'default' in definition && definition.type === 'string' && name !== 'out' ? ` (${definition.default})` : ''
    return `  --${name.padEnd(13)} ${definition.text}${fallback}`
  })
  return ['npm run bench -- [options]; lists are separated by commas', ...lines].join('\n')
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: definitions, strict: true }).values
  } catch (error) {
    // what parseArgs says is one sentence that names the option
    throw new TacoError('INVALID_ARGUMENT', (error as Error).message, { cause: error })
  }
}

const wrong = (name: string, text: string, use: string): never => {
  throw new TacoError('INVALID_ARGUMENT', `--${name} '${text}': use ${use}`)
}
