import { createGraph, float32, int64, node, sizeOf, type Graph, type Node, type Tensor } from '@tacojs/graph'
import type { Engine } from '../engine.js'
import { WasmProgram, type ProgramOptions } from '../program.js'

const { imul } = Math

/** Numbers in [-1, 1) that depend on the seed only; some are 0 where a share of zeros is asked for. */
export function noise(shape: readonly number[], seed = 1, zeros = 0): Tensor {
  let state = imul(seed, 2654435761) ^ 97
  const next = (): number => (state = (imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  return float32(
    shape,
    Array.from({ length: sizeOf(shape) }, () => {
      const value = 2 * next() - 1
      return next() < zeros ? 0 : value
    }),
  )
}

/** A graph of one output 'y' that reads 'x' [batch, ...shape]; the types of values in between are inferred. */
export const graphOf = (
  shape: readonly number[],
  nodes: readonly Node[],
  initializers: Readonly<Record<string, Tensor>>,
  outputRank = shape.length + 1,
): Graph =>
  createGraph({
    inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', ...shape] }],
    outputs: [
      { name: 'y', dtype: 'float32', shape: ['batch', ...Array.from({ length: outputRank - 1 }, (_, i) => `y${i}`)] },
    ],
    nodes,
    initializers,
  })

const fused = (op: string, inputs: string[], output: string, attributes = {}): Node =>
  node(op, inputs, [output], { domain: 'ai.tacojs', attributes })

/**
 * One block of a vision transformer on x [batch, tokens, 16], with two heads; then, as the network's end asks, the class
 * token ('token'), the mean of all ('mean'), or the first two tokens read by two nodes ('two').
 */
export function transformer(end: 'token' | 'mean' | 'two' = 'token', tokens = 9, zeros = 0.5): Graph {
  const width = 16
  const nodes: Node[] = [
    node('LayerNormalization', ['x', 'g', 'b'], ['n1']),
    fused('Linear', ['n1', 'qkvW', 'qkvB'], 'qkv'),
    node('Reshape', ['qkv', 'split'], ['cut']),
    node('Transpose', ['cut'], ['turned'], { attributes: { perm: [2, 0, 3, 1, 4] } }),
    ...['q', 'k', 'v'].map((name, i) => node('Gather', ['turned', `i${i}`], [name], { attributes: { axis: 0 } })),
    fused('Attention', ['q', 'k', 'v'], 'a', { scale: 0.35 }),
    node('Transpose', ['a'], ['back'], { attributes: { perm: [0, 2, 1, 3] } }),
    node('Reshape', ['back', 'joined'], ['flat']),
    fused('Linear', ['flat', 'outW', 'outB'], 'o'),
    node('Add', ['x', 'o'], ['r1']),
    fused('Linear', ['r1', 'upW', 'upB'], 'u'),
    fused('Gelu', ['u'], 'h'),
    fused('Linear', ['h', 'downW', 'downB'], 'd'),
    node('Add', ['r1', 'd'], ['r2']),
    ...ends[end],
  ]
  return graphOf(
    [tokens, width],
    nodes,
    {
      g: noise([width], 11),
      b: noise([width], 12),
      qkvW: noise([3 * width, width], 1, zeros),
      qkvB: noise([3 * width], 2),
      split: int64([5], [0, tokens, 3, 2, width / 2]),
      i0: int64([], [0]),
      i1: int64([], [1]),
      i2: int64([], [2]),
      axes: int64([1], [1]),
      joined: int64([3], [0, tokens, width]),
      outW: noise([width, width], 3, zeros),
      outB: noise([width], 4),
      upW: noise([2 * width, width], 5, zeros),
      upB: noise([2 * width], 6),
      downW: noise([width, 2 * width], 7, zeros),
      downB: noise([width], 8),
      headW: noise([5, width], 9, zeros),
      headB: noise([5], 10),
    },
    2,
  )
}

const head = (input: string, output: string): Node => fused('Linear', [input, 'headW', 'headB'], output)
const token = (index: string, output: string): Node =>
  node('Gather', ['r2', index], [output], { attributes: { axis: 1 } })

const ends: Readonly<Record<'token' | 'mean' | 'two', readonly Node[]>> = {
  token: [token('i0', 'c'), head('c', 'y')],
  mean: [node('ReduceMean', ['r2', 'axes'], ['c'], { attributes: { keepdims: 0 } }), head('c', 'y')],
  two: [token('i0', 'c'), token('i1', 'e'), node('Add', ['c', 'e'], ['s']), head('s', 'y')],
}

/** A small residual network on x [batch, 3, size, size]. */
export function convolutional(size = 9, zeros = 0.5): Graph {
  const conv = (inputs: string[], output: string, attributes = {}): Node =>
    node('Conv', inputs, [output], { attributes: { pads: [1, 1, 1, 1], ...attributes } })
  return graphOf(
    [3, size, size],
    [
      conv(['x', 'w1', 'b1'], 'c1', { strides: [2, 2] }),
      node('Relu', ['c1'], ['r1']),
      conv(['r1', 'w2', 'b2'], 'c2', { group: 2 }),
      node('Add', ['c2', 'r1'], ['s']),
      node('Relu', ['s'], ['r2']),
      node('GlobalAveragePool', ['r2'], ['p']),
      node('Flatten', ['p'], ['f']),
      fused('Linear', ['f', 'w3', 'b3'], 'y'),
    ],
    {
      w1: noise([8, 3, 3, 3], 1, zeros),
      b1: noise([8], 2),
      w2: noise([8, 4, 3, 3], 3, zeros),
      b2: noise([8], 4),
      w3: noise([5, 8], 5, zeros),
      b3: noise([5], 6),
    },
    2,
  )
}

/** Layers whose inputs take more than a first-level cache, sums in several chunks, on x [batch, 8, 7, 7]. */
export function wide(zeros = 0.5): Graph {
  const channels = 120
  return graphOf(
    [8, 7, 7],
    [
      node('Conv', ['x', 'w1', 'b1'], ['c1']),
      node('Conv', ['c1', 'w2', 'b2'], ['c2'], { attributes: { pads: [1, 1, 1, 1] } }),
      node('Add', ['c2', 'c1'], ['s']),
      node('Relu', ['s'], ['r']),
      node('GlobalAveragePool', ['r'], ['p']),
      node('Flatten', ['p'], ['f']),
      fused('Linear', ['f', 'w3', 'b3'], 'l'),
      fused('Gelu', ['l'], 'g'),
      fused('Linear', ['g', 'w4', 'b4'], 'y'),
    ],
    {
      w1: noise([channels, 8, 1, 1], 1, zeros),
      b1: noise([channels], 2),
      w2: noise([channels, channels, 3, 3], 3, zeros),
      b2: noise([channels], 4),
      w3: noise([700, channels], 5, zeros),
      b3: noise([700], 6),
      w4: noise([7, 700], 7, zeros),
      b4: noise([7], 8),
    },
    2,
  )
}

/** A program on an engine whose heap the test can see. */
export const programOn = (engine: Engine, graph: Graph, options: Partial<ProgramOptions> = {}): WasmProgram =>
  new WasmProgram(engine, graph, { threads: 1, mutable: [], form: () => 'auto', released: () => {}, ...options })
