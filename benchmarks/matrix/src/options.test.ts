import { helpText, parseOptions } from './options.js'

test('what is measured where nothing is said', () => {
  expect(parseOptions([])).toMatchObject({
    models: ['deit_tiny', 'resnet18', 'resnet50', 'convnext_atto', 'sample'],
    sparsities: undefined,
    backends: ['wasm'],
    peers: ['ort-web', 'ort-node', 'tfjs-wasm'],
    ...{ threads: [1, 2], batches: [1], rounds: 30, warmup: 5, firstRun: true, relaxedSimd: true, breakEven: false },
  })
})

test('lists and flags', () => {
  const text = '--models sample,resnet18 --sparsities 0,4x1@0.9 --threads 1 --peers none --no-first-run --warmup 0'
  expect(parseOptions(text.split(' '))).toMatchObject({
    models: ['sample', 'resnet18'],
    sparsities: [
      { share: 0, rows: 1 },
      { share: 0.9, rows: 4 },
    ],
    ...{ threads: [1], peers: [], firstRun: false, warmup: 0 },
  })
})

test.each([
  [['--models', 'vgg'], "--models 'vgg': use one of deit_tiny, resnet18, resnet50, convnext_atto, sample"],
  [['--peers', 'ort-web,numpy'], "--peers 'numpy': use one of ort-web, ort-node, tfjs-wasm"],
  [['--threads', '1,0'], "--threads '0': use a whole number of 1 or more"],
  [['--rounds', 'many'], "--rounds 'many': use a whole number of 1 or more"],
  [['--sparsities', '90'], "sparsity '90': use a share such as 0 or 0.9"],
  [['--fast'], "Unknown option '--fast'"],
])('%j is one line', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message)
})

test('the help names every option', () => {
  for (const name of ['models', 'sparsities', 'backends', 'threads', 'batches', 'rounds', 'break-even', 'markdown']) {
    expect(helpText()).toContain(`--${name}`)
  }
})
