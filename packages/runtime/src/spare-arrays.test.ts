import { createSpareArrays } from './spare-arrays.js'

test('an array is given once, to whom its length fits', () => {
  const spare = createSpareArrays(1000)
  const [three, five] = [new Float32Array(3), new Float32Array(5)]
  spare.give(three)
  spare.give(five)
  expect(spare.take(4)).toBeUndefined()
  expect(spare.take(5)).toBe(five)
  expect(spare.take(5)).toBeUndefined()
  expect(spare.take(3)).toBe(three)
})

test('the oldest go where there are too many bytes; parts of a larger memory are not kept', () => {
  const spare = createSpareArrays(40)
  const arrays = [new Float32Array(4), new Float32Array(5), new Float32Array(4)]
  for (const array of arrays) spare.give(array)
  expect(spare.take(4)).toBe(arrays[2])
  expect(spare.take(4)).toBeUndefined()
  expect(spare.take(5)).toBe(arrays[1])
  spare.give(new Float32Array(20))
  expect(spare.take(20)).toBeUndefined()
  spare.give(new Float32Array(new ArrayBuffer(32), 0, 4))
  expect(spare.take(4)).toBeUndefined()
})
