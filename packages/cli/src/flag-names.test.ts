import { withFlags } from './flag-names.js'

test.each([
  ['batchSize: expected a whole number', ['--batch-size', '0'], '--batch-size: expected a whole number'],
  ['sparsity: not beside maxDrop', ['--max-drop=2', '--sparsity', '1'], '--sparsity: not beside --max-drop'],
  ['sparsity: not beside maxDrop', ['--max-drop', '2'], 'sparsity: not beside --max-drop'],
  ['batch is 7, too many', ['--batch', '7'], '--batch is 7, too many'],
  [
    "layers: no layer is named 'maxDrop'",
    ['--layer', 'a=1', '--max-drop', '2'],
    "--layer: no layer is named 'maxDrop'",
  ],
  ['cannot write /data/maxMs/out: full', ['--max-ms', '2', '--out', 'x'], 'cannot write /data/maxMs/out: full'],
  ['the model has no layers', ['--model', 'x', '--layer', 'a=1'], 'the model has no layers'],
  ['shots: expected a whole number', ['--recipe', 'shots.yaml'], 'shots: expected a whole number'],
])('%s, after %j', (message, args, expected) => expect(withFlags(message, args)).toBe(expected))
