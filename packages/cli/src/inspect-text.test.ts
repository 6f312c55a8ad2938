import type { Inspection } from '@tacojs/orchestrator'
import { inspectText } from './inspect-text.js'

const nothing: Inspection = {
  ...{ name: 'm', kind: 'model', inputs: [], outputs: [], parameters: 0, nonzeros: 0, operators: {}, metadata: {} },
  ...{ layers: [], groups: [], unsupported: {}, warnings: [] },
} as const

test('what a backend cannot run is named with some of its nodes', () => {
  const unsupported = {
    good: [],
    bad: [
      { reason: 'no kernel for operator Mod', nodes: ['a', 'b', 'c', 'd'] },
      { reason: 'no kernel for operator Det', nodes: ['e'] },
    ],
  }
  const lines = inspectText({ ...nothing, unsupported }).split('\n')
  expect(lines).toContain('runs on good')
  expect(lines).toContain(
    'does not run on bad: no kernel for operator Mod (4 nodes: a, b, c, …); no kernel for operator Det (node e)',
  )
})

test('what is not known or not declared is said', () => {
  const text = inspectText({ ...nothing, metadata: { 'taco.labels': '[]', note: 'a\nb', long: 'x'.repeat(200) } })
  expect(text).toContain('MACs depend on the size of images (--image-size)')
  expect(text).toContain('preprocessing: none declared')
  expect(text).toContain('prunable: 0 of 0 layers, 0.0 % of the parameters')
  expect(text).toContain('note: a b\n')
  expect(text).toContain(`long: ${'x'.repeat(99)}…\n`)
  expect(text).not.toContain('taco.labels')
})
