import { opDefinitions } from '@tacojs/graph'
import { kernelOf } from './index.js'

test('every operator that a graph can hold has a kernel', () => {
  const missing = opDefinitions.filter(
    ({ op, domain }) => !kernelOf({ name: op, op, domain, inputs: [], outputs: [], attributes: {} }),
  )
  expect(missing.map(({ op }) => op)).toEqual([])
})
