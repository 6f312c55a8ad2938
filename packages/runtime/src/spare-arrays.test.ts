import { createSpareArrays } from './spare-arrays.js'

test('an array is given once, to whom its length fits', () => {
  const spare = createSpareArrays(1000, 8)
  const [three, five] = [new Float32Array(3), new Float32Array(5)]
  spare.give(three)
  spare.give(five)
  expect(spare.take(4)).toBeUndefined()
  expect(spare.take(5)).toBe(five)
  expect(spare.take(5)).toBeUndefined()
  expect(spare.take(3)).toBe(three)
})

test('the oldest go where there are too many bytes; parts of a larger memory are not kept', () => {
  const spare = createSpareArrays(40, 8)
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

test('many large arrays are cut from slabs, and written again like others; few, small or huge ones are not', () => {
  const megabyte = 2 ** 18
  const spare = createSpareArrays(2 ** 24, 40)
  const all = Array.from({ length: 40 }, () => spare.take(megabyte)!)
  expect(new Set(all.map((array) => array.buffer)).size).toBe(2)
  all.forEach((array, i) => array.fill(i))
  all.forEach((array, i) => {
    expect(array).toHaveLength(megabyte)
    expect([array[0], array[megabyte - 1]]).toEqual([i, i])
  })
  spare.give(all[7]!)
  expect(spare.take(megabyte)).toBe(all[7])
  expect(spare.take(megabyte - 3)!.buffer).not.toBe(all[0]!.buffer)
  for (const length of [1, megabyte / 2, 40 * megabyte]) expect(spare.take(length)).toBeUndefined()
  expect(createSpareArrays(2 ** 24, 8).take(megabyte)).toBeUndefined()
  // what is no part of its own is still somebody's
  spare.give(all[3]!.subarray(0, 5))
  expect(spare.take(5)).toBeUndefined()
})
