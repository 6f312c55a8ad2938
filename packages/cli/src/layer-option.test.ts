import { layerOverride, withLayers } from './layer-option.js'

test('a value is a sparsity, dense, a method or a pattern; several of one name are joined', () => {
  const given = ['*=0.5', 'a.*=dense', 'b=2:4', '*=magnitude', 'c=4x1'].reduce(
    (all, text) => layerOverride(text, all),
    {},
  )
  expect(Object.entries(given)).toEqual([
    ['a.*', { keep: true }],
    ['b', { pattern: '2:4', keep: false }],
    ['*', { sparsity: 0.5, keep: false, method: 'magnitude' }],
    ['c', { pattern: '4x1', keep: false }],
  ])
  for (const wrong of ['a', '=0.5', 'a=', 'a= ', 'a=b=c']) expect(() => layerOverride(wrong)).toThrow(/name=value/)
})

test('the later ones win: whatever follows dense undoes it, and an n:m pattern a sparsity', () => {
  const joined = (...texts: string[]) => texts.reduce((all, text) => layerOverride(text, all), {})
  expect(joined('a=0.5', 'a=4x1', 'a=dense')).toEqual({ a: { keep: true } })
  expect(joined('a=dense', 'a=2:4')).toEqual({ a: { keep: false, pattern: '2:4' } })
  expect(joined('a=dense', 'a=fastobc')).toEqual({ a: { keep: false, method: 'fastobc' } })
  expect(joined('a=0.5', 'a=2:4')).toEqual({ a: { keep: false, pattern: '2:4' } })
  expect(joined('a=0.5', 'a=4x1')).toEqual({ a: { keep: false, pattern: '4x1', sparsity: 0.5 } })
})

test('those of the command line come behind those of the recipe file', () => {
  const file = { 'a.*': { sparsity: 0.1 }, b: { sparsity: 0.2 } }
  expect(Object.entries(withLayers(file, { 'a.*': { method: 'fastobc' } }) as object)).toEqual([
    ['b', { sparsity: 0.2 }],
    ['a.*', { sparsity: 0.1, method: 'fastobc' }],
  ])
  expect(withLayers({ a: { sparsity: 0.5 } }, layerOverride('a=2:4'))).toEqual({ a: { keep: false, pattern: '2:4' } })
  expect([withLayers(undefined, { b: {} }), withLayers(5, { b: {} })]).toEqual([{ b: {} }, 5])
})
