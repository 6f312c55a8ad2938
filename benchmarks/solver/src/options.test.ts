import { contenderNames } from './contenders.js'
import { helpText, parseOptions } from './options.js'

test('what is measured where nothing is said', () => {
  expect(parseOptions([])).toMatchObject({
    models: ['vit_tiny_patch16_224', 'resnet18'],
    layers: undefined,
    methods: contenderNames,
    patterns: ['unstructured', '4x1', '2:4', '1:4'],
    sparsities: [0.5, 0.75, 0.9, 0.95],
    ...{ mostSeconds: 20, threads: 1, markdown: false, help: false },
  })
})

test('lists', () => {
  const text = '--models resnet18 --layers layer1.0.conv1,layer4.1.conv2 --methods admm --patterns 8x1 --sparsities 0.9'
  expect(parseOptions(text.split(' '))).toMatchObject({
    ...{ models: ['resnet18'], layers: ['layer1.0.conv1', 'layer4.1.conv2'], methods: ['admm'] },
    ...{ patterns: ['8x1'], sparsities: [0.9] },
  })
})

test.each([
  [['--models', 'vgg'], "--models 'vgg': use one of vit_tiny_patch16_224, resnet18"],
  [['--methods', 'admm,best'], "--methods 'best': use one of magnitude, magnitude+refit, fastobc"],
  [['--patterns', '4:2'], 'pattern "4:2": use'],
  [['--sparsities', '90'], "--sparsities '90': use shares from 0 to 1, such as 0.75"],
  [['--sparsities', '0.5,'], "--sparsities '': use shares from 0 to 1"],
  [['--threads', '0'], "--threads '0': use a whole number of 1 or more"],
  [['--most-seconds', '0'], "--most-seconds '0': use a number above 0"],
  [['--fast'], "Unknown option '--fast'"],
])('%j is one line', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message)
})

test('the help names every option', () => {
  const names = ['models', 'layers', 'methods', 'patterns', 'sparsities', 'most-seconds', 'threads', 'markdown', 'out']
  for (const name of names) expect(helpText()).toContain(`--${name}`)
})
