import { isTacoError } from '@tacojs/errors'
import { optimize } from '@tacojs/graph'
import { fuzzOnnx } from '../testing/fuzz-onnx.js'
import { nest } from '../testing/mutate.js'
import { body, int, ints, model, names, node, seedModels, text, value } from '../testing/seed-models.js'
import { decodeWire, encodeWire } from '../testing/wire.js'
import { parseOnnx } from './parse.js'
import type { GraphProto, TensorProto } from './proto.js'

test('a thousand damaged models end in a typed error of one line or in a model', () => {
  const { crashes, read, inputs, largest } = fuzzOnnx(1000)
  expect(crashes.map(({ seed, error }) => `seed ${seed}: ${String(error)}`)).toEqual([])
  // neither everything nor nothing survives, so the damage reaches what is behind the parser
  expect(read).toBeGreaterThan(inputs / 20)
  expect(read).toBeLessThan(inputs / 2)
  expect(largest.bytes).toBeLessThan(64 << 20)
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  expect(Object.keys(Object.prototype)).toEqual([])
})

const huge = 2 ** 31
const number = (name: string, v: number): TensorProto => ({ name, dims: [1], dataType: 1, floatData: [v] })
const scales = (...floatData: number[]): TensorProto => ({ name: 's', dims: [4], dataType: 1, floatData })
const resize = (...attributes: Parameters<typeof node>[3][]) =>
  node(
    'Resize',
    ['x', '', 's'],
    ['y'],
    attributes.flatMap((a) => a ?? []),
  )

/** The nodes of a model in bodies of bodies. */
function nested(depth: number): Uint8Array {
  const fields = decodeWire(seedModels[0]!, 'Model')
  for (const f of fields) if (f.wire === 2 && f.kind === 'Graph') f.children = nest(f.children, depth)
  return encodeWire(fields)
}

/** Trips of trips of trips. */
function loops(depth: number): GraphProto {
  let inner: GraphProto = { input: names('k', 'go', 'a'), output: names('go', 'a') }
  for (let i = 0; i < depth; i++) {
    inner = {
      input: names('k', 'go', 'a'),
      node: [node('Loop', ['many', '', 'a'], ['b'], [body('body', inner)])],
      output: names('go', 'b'),
    }
  }
  return inner
}

/** Few bytes that ask for much, wherever importing takes a size from the file. */
const hostile: Record<string, Uint8Array> = {
  'OneHot of a huge depth': model({
    node: [node('ArgMax', ['x'], ['i']), node('OneHot', ['i', 'd', 'v'], ['y'])],
    initializer: [ints('d', [], [2 ** 53]), { name: 'v', dims: [2], dataType: 1, floatData: [0, 1] }],
  }),
  'OneHot of a negative depth': model({
    node: [node('ArgMax', ['x'], ['i']), node('OneHot', ['i', 'd', 'v'], ['y'])],
    initializer: [ints('d', [], [-3]), { name: 'v', dims: [2], dataType: 1, floatData: [0, 1] }],
  }),
  'Trilu of a huge matrix': model({
    input: [value('x', huge, huge)],
    output: [value('y', 'a', 'b')],
    node: [node('Trilu', ['x'], ['y'])],
  }),
  'EyeLike of a huge matrix': model({
    input: [value('x', huge, huge)],
    output: [value('y', 'a', 'b')],
    node: [node('EyeLike', ['x'], ['y'])],
  }),
  'CumSum along a huge axis': model({
    input: [value('x', huge)],
    output: [value('y', 'a')],
    node: [node('CumSum', ['x', 'axis'], ['y'])],
    initializer: [ints('axis', [], [0])],
  }),
  'Hardmax along a huge axis': model({
    input: [value('x', huge)],
    output: [value('y', 'a')],
    node: [node('Hardmax', ['x'], ['y'])],
  }),
  'GroupNormalization of huge groups': model(
    {
      input: [value('x', 1, huge, 1)],
      output: [value('y', 'a', 'b', 'c')],
      node: [node('GroupNormalization', ['x', 's', 's'], ['y'], [int('num_groups', huge)])],
      initializer: [number('s', 1)],
    },
    18,
  ),
  'Attention with huge heads': model(
    {
      input: [value('x', 1, huge, 1, 4), value('k', 1, 1, 1, 4)],
      node: [node('Attention', ['x', 'k', 'k'], ['y'])],
    },
    23,
  ),
  'Resize to a huge size': model({ node: [resize([text('mode', 'linear')])], initializer: [scales(1, 1, 1e9, 1)] }),
  'Resize by NaN': model({ node: [resize()], initializer: [scales(1, 1, NaN, 1)] }),
  'Resize by a negative scale': model({ node: [resize()], initializer: [scales(1, 1, -2, 1)] }),
  'SplitToSequence into a huge number of parts': model({
    input: [value('x', huge)],
    output: [value('y', 'a')],
    node: [node('SplitToSequence', ['x'], ['q']), node('ConcatFromSequence', ['q'], ['y'], [int('axis', 0)])],
  }),
  'SplitToSequence into parts of nothing': model({
    node: [
      node('SplitToSequence', ['x', 'zero'], ['q'], [int('axis', 1)]),
      node('ConcatFromSequence', ['q'], ['y'], [int('axis', 1)]),
    ],
    initializer: [ints('zero', [], [0])],
  }),
  'triangles that add up': model({
    input: [value('x', 1448)],
    output: [value('y', 'a')],
    node: Array.from({ length: 200 }, (_, i) =>
      node('CumSum', [i ? `y${i}` : 'x', 'axis'], [i === 199 ? 'y' : `y${i + 1}`]),
    ),
    initializer: [ints('axis', [], [0])],
  }),
  'a shape of a huge rank': model({
    input: [value('x', 2), value('to', huge)],
    output: [value('y', 'a')],
    node: [node('Cast', ['to'], ['shape'], [int('to', 7)]), node('Reshape', ['x', 'shape'], ['y'])],
  }),
  'a sum that lacks a part': model({ node: [node('Sum', ['x', '', 'x'], ['y'])] }),
  'parts of different data types': model({
    node: [
      node('Shape', ['x'], ['s']),
      node('Concat', ['one', 'half'], ['to'], [int('axis', 0)]),
      node('Expand', ['x', 'to'], ['y']),
    ],
    initializer: [ints('one', [1], [1]), number('half', 0.5)],
  }),
  'Range without end': model({
    output: [value('y', 'a')],
    node: [node('Range', ['zero', 'limit', 'step'], ['y'])],
    initializer: [0, Infinity, 1e-30].map((v, i) => ({ ...number(['zero', 'limit', 'step'][i]!, v), dims: [] })),
  }),
  'nested bodies': nested(40),
  'bodies nested beyond what the format allows': nested(600),
  'loops in loops': model({
    node: [node('Loop', ['many', '', 'x'], ['y'], [body('body', loops(4))])],
    initializer: [ints('many', [], [1000])],
  }),
  'a value called __proto__': model({
    node: [
      node('Neg', ['x'], ['__proto__']),
      node('Abs', ['__proto__'], ['constructor']),
      node('Neg', ['toString'], ['y']),
    ],
  }),
  'an operator called __proto__': model({ node: [node('__proto__', ['x'], ['y'])] }),
  'an attribute called __proto__': model({ node: [node('Relu', ['x'], ['y'], [int('__proto__', 1)])] }),
}

test.each(Object.entries(hostile))('%s is refused in one line', (_, bytes) => {
  let error: unknown
  try {
    optimize(parseOnnx(bytes))
  } catch (caught) {
    error = caught
  }
  if (!isTacoError(error)) throw error ?? new Error('it was read')
  expect(error.message).not.toContain('\n')
})

test('names of JavaScript’s own are names like others', () => {
  const graph = parseOnnx(
    model({
      node: [
        node('Neg', ['x'], ['__proto__']),
        node('Abs', ['__proto__'], ['constructor']),
        node('Neg', ['constructor'], ['y']),
      ],
    }),
  )
  expect(optimize(graph).nodes.map((n) => n.inputs[0])).toEqual(['x', '__proto__', 'constructor'])
})
