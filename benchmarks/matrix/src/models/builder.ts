import { createGraph, float32, int64, node, type Attribute, type Graph, type Node, type Tensor } from '@tacojs/graph'
import { createRandom, randomTensor } from '../random.js'

export interface ConvSpec {
  readonly from: number
  readonly to: number
  readonly kernel: number
  readonly stride?: number
  readonly pad?: number
  readonly groups?: number
  /** Scale of the random weights; 1 keeps the variance of what comes in. */
  readonly gain?: number
}

type Attributes = Readonly<Record<string, Attribute>>

/** Builds a classifier of [batch, 3, image, image] from ONNX operators, with random weights that a seed decides. */
export function createBuilder(name: string, image: number) {
  const random = createRandom(1)
  const nodes: Node[] = []
  const initializers = new Map<string, Tensor>()
  let count = 0

  const constant = (key: string, value: Tensor): string => {
    initializers.set(key, value)
    return key
  }
  const weight = (key: string, shape: readonly number[], fanIn: number, gain = 1): string =>
    constant(key, randomTensor(random, shape, gain * Math.sqrt(3 / fanIn)))
  const bias = (layer: string, size: number): string => constant(`${layer}.bias`, randomTensor(random, [size], 0.1))
  /** Adds a node and gives its first output; `outputs` names all of a node that has several. */
  const op = (type: string, inputs: readonly string[], attributes: Attributes = {}, outputs?: string[]): string => {
    const named = outputs ?? [`${type}.${count++}`]
    nodes.push(node(type, inputs, named, { attributes }))
    return named[0]!
  }

  return {
    input: 'input',
    constant,
    op,
    random: (key: string, shape: readonly number[], bound: number): string =>
      constant(key, randomTensor(random, shape, bound)),
    ints: (key: string, values: readonly number[]): string => constant(key, int64([values.length], values)),

    conv(x: string, layer: string, spec: ConvSpec): string {
      const { from, to, kernel, stride = 1, pad = 0, groups = 1, gain } = spec
      const cols = from / groups
      const w = weight(`${layer}.weight`, [to, cols, kernel, kernel], cols * kernel * kernel, gain)
      return op('Conv', [x, w, bias(layer, to)], {
        dilations: [1, 1],
        group: groups,
        kernel_shape: [kernel, kernel],
        pads: [pad, pad, pad, pad],
        strides: [stride, stride],
      })
    },

    /** MatMul and Add, as exporters write a linear layer on more than two dimensions. */
    linear(x: string, layer: string, from: number, to: number): string {
      const product = op('MatMul', [x, weight(`${layer}.matrix`, [from, to], from)])
      return op('Add', [product, bias(layer, to)])
    },

    /** The classifier: Gemm on [batch, features]. */
    head(x: string, layer: string, from: number, to: number): string {
      return op('Gemm', [x, weight(`${layer}.weight`, [to, from], from), bias(layer, to)], { transB: 1 })
    },

    layerNorm(x: string, layer: string, size: number): string {
      const inputs = [
        x,
        constant(`${layer}.weight`, float32([size], new Float32Array(size).fill(1))),
        bias(layer, size),
      ]
      return op('LayerNormalization', inputs, { axis: -1, epsilon: 1e-6 })
    },

    /** x · (1 + erf(x / √2)) / 2, in the order that exporters write and runtimes recognise. */
    gelu(x: string): string {
      const scalar = (key: string, value: number): string => constant(key, float32([], [value]))
      const erf = op('Erf', [op('Div', [x, scalar('sqrt2', Math.SQRT2)])])
      const shifted = op('Add', [erf, scalar('one', 1)])
      return op('Mul', [op('Mul', [x, shifted]), scalar('half', 0.5)])
    },

    finish(logits: string, classes: number): Graph {
      return createGraph({
        name,
        inputs: [{ name: 'input', dtype: 'float32', shape: ['batch', 3, image, image] }],
        outputs: [{ name: logits, dtype: 'float32', shape: ['batch', classes] }],
        nodes,
        initializers,
      })
    },
  }
}

export type Builder = ReturnType<typeof createBuilder>
