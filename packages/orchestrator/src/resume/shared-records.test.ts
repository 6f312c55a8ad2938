import { float32 } from '@tacojs/graph'
import { memoryRecords, withShared } from './shared-records.js'

const record = (value: number) => ({ tensors: new Map([['w', float32([1], [value])]]), note: value })

test('what is shared is seen by all, the rest by its owner only', async () => {
  const [shared, first, second] = [memoryRecords(), memoryRecords(), memoryRecords()]
  const [one, two] = [first, second].map((own) => withShared(own, shared, ['weights']))
  await one!.write('weights', record(1))
  await one!.write('layer', record(2))
  expect(await two!.read('weights')).toEqual(record(1))
  expect(await two!.read('layer')).toBeUndefined()
  expect(await one!.read('layer')).toEqual(record(2))
  expect(await first.read('weights')).toBeUndefined()
})

test('without a place of its own only what is shared is kept', async () => {
  const records = withShared(undefined, memoryRecords(), ['weights'])
  await records.write('weights', record(1))
  await records.write('layer', record(2))
  expect(await records.read('weights')).toEqual(record(1))
  expect(await records.read('layer')).toBeUndefined()
})
