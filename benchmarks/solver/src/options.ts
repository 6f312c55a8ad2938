import { parseArgs } from 'node:util'
import { TacoError } from '@tacojs/errors'
import { formatPattern, parsePattern } from '@tacojs/solver'
import { contenderNames } from './contenders.js'
import { resultsFolder } from './places.js'
import { modelNames } from './subjects.js'

const list = (fallback: string, text: string) => ({ type: 'string', default: fallback, text }) as const
const flag = (text: string) => ({ type: 'boolean', default: false, text }) as const

const definitions = {
  models: list(modelNames.join(), `of ${modelNames.join(', ')}`),
  layers: { type: 'string', text: 'names as in the model, instead of the usual ones' },
  methods: list(contenderNames.join(), `of ${contenderNames.join(', ')}`),
  patterns: list('unstructured,4x1,2:4,1:4', 'as the solver reads them'),
  sparsities: list('0.5,0.75,0.9,0.95', 'shares of zeros; n:m patterns decide theirs alone'),
  'most-seconds': list('20', 'solutions that would take longer, estimated for one quiet core, are left out'),
  threads: list('1', 'of the solver and of the network'),
  markdown: flag('measure nothing: print the tables of all saved results as Markdown'),
  out: list(resultsFolder, 'folder of the results'),
  help: flag('this text'),
} as const

export interface Options {
  readonly models: readonly string[]
  /** Undefined: the usual ones of each model. */
  readonly layers?: readonly string[]
  readonly methods: readonly string[]
  readonly patterns: readonly string[]
  readonly sparsities: readonly number[]
  readonly mostSeconds: number
  readonly threads: number
  readonly markdown: boolean
  readonly out: string
  readonly help: boolean
}

/** Reads the command line. Throws INVALID_ARGUMENT, one line that names the option. */
export function parseOptions(args: readonly string[]): Options {
  const values = parse(args)
  const items = (name: 'models' | 'methods', known: readonly string[]): string[] =>
    values[name].split(',').map((item) => {
      if (!known.includes(item)) wrong(name, item, `one of ${known.join(', ')}`)
      return item
    })
  const number = (name: string, text: string, fits: (value: number) => boolean, use: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !fits(value)) wrong(name, text, use)
    return value
  }
  return {
    models: items('models', modelNames),
    layers: values.layers?.split(','),
    methods: items('methods', contenderNames),
    patterns: values.patterns.split(',').map((text) => formatPattern(parsePattern(text))),
    sparsities: values.sparsities
      .split(',')
      .map((text) => number('sparsities', text, (s) => s >= 0 && s <= 1, 'shares from 0 to 1, such as 0.75')),
    mostSeconds: number('most-seconds', values['most-seconds'], (s) => s > 0, 'a number above 0'),
    threads: number('threads', values.threads, (n) => Number.isInteger(n) && n >= 1, 'a whole number of 1 or more'),
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
  return ['npm run bench:solver -- [options]; lists are separated by commas', ...lines].join('\n')
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
