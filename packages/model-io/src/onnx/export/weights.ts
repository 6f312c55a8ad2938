import { float32, int64, tensor, type Graph, type Tensor } from '@tacojs/graph'
import { narrowHalf } from '../../float16.js'
import { storedForms, type Form, type KeptWeight } from '../../weights/precision.js'
import { quantize } from '../../weights/quantize.js'
import { dataTypeOf } from '../data-types.js'
import type { NodeProto, SparseTensorProto, TensorProto } from '../proto.js'
import { intAttribute, tensorProto } from './proto-parts.js'

/**
 * How weights are written.
 *
 * - `dense`: float32, zeros included. What every runtime takes.
 * - `sparse`: weights with many zeros as sparse_initializer in coordinate form, where that is smaller.
 * - `fp16`: 16 bits and a Cast to float32 behind each weight, so that the computation is float32 as before: inputs,
 *   outputs and kernels are those of the dense model, and every runtime with opset 13 has both.
 * - `int8`: 8 bits by output channel and a DequantizeLinear behind each weight of a layer; other tables as in `fp16`.
 */
export type OnnxWeights = 'dense' | 'sparse' | 'fp16' | 'int8'

export interface WrittenWeights {
  readonly initializer: readonly TensorProto[]
  readonly sparseInitializer: readonly SparseTensorProto[]
  /** What turns stored weights into float32, under the weight's own name. */
  readonly node: readonly NodeProto[]
  readonly kept: readonly KeptWeight[]
}

const FLOAT16 = 10

/** The initializers of a graph in ONNX operators, in the wanted form. */
export function writeWeights(graph: Graph, weights: OnnxWeights): WrittenWeights {
  const precision = weights === 'fp16' || weights === 'int8' ? weights : 'fp32'
  const { forms, kept } = storedForms(graph, precision)
  const initializer: TensorProto[] = []
  const sparseInitializer: SparseTensorProto[] = []
  const node: NodeProto[] = []
  const fresh = freshNames(graph)
  for (const [name, { tensor }] of graph.initializers) {
    const form = forms.get(name)
    const sparse = weights === 'sparse' ? coordinates(name, tensor) : undefined
    if (form) {
      const stored = storedWeight(name, tensor as Tensor<'float32'>, form, fresh)
      initializer.push(...stored.initializer)
      node.push(stored.node)
    } else if (sparse) sparseInitializer.push(sparse)
    else initializer.push(tensorProto(tensor, name))
  }
  return { initializer, sparseInitializer, node, kept }
}

function storedWeight(
  name: string,
  weight: Tensor<'float32'>,
  form: Form,
  fresh: (wanted: string) => string,
): { readonly initializer: readonly TensorProto[]; readonly node: NodeProto } {
  const { shape, data } = weight
  if (form.type === 'float16') {
    const half = fresh(`${name}_fp16`)
    const bits = tensor('uint16', shape, narrowHalf(data))
    return {
      initializer: [{ ...tensorProto(bits, half), dataType: FLOAT16 }],
      node: {
        ...named(fresh(`${name}/Cast`), 'Cast', [half], name),
        attribute: [intAttribute('to', dataTypeOf('float32'))],
      },
    }
  }
  const { scales, values } = quantize(data, shape, form.axis)!
  const [int8, scale] = [fresh(`${name}_int8`), fresh(`${name}_scale`)]
  return {
    initializer: [
      tensorProto(tensor('int8', shape, values), int8),
      tensorProto(float32([scales.length], scales), scale),
    ],
    // without a zero point: it is 0
    node: {
      ...named(fresh(`${name}/DequantizeLinear`), 'DequantizeLinear', [int8, scale], name),
      attribute: [intAttribute('axis', form.axis)],
    },
  }
}

const named = (name: string, opType: string, input: string[], output: string): NodeProto => ({
  name,
  opType,
  input,
  output: [output],
})

/** Values and linear indices, ascending; undefined where the dense form is not larger. -0 is stored, as it is not 0. */
function coordinates(name: string, weight: Tensor): SparseTensorProto | undefined {
  if (weight.dtype !== 'float32') return undefined
  const { shape, data } = weight as Tensor<'float32'>
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  const indices: bigint[] = []
  for (let i = 0; i < bits.length && 12 * indices.length < 4 * data.length; i++) {
    if (bits[i] !== 0) indices.push(BigInt(i))
  }
  // a sparse tensor without any element is a corner that readers do not agree on
  if (indices.length === 0 || shape.length === 0 || 12 * indices.length >= 4 * data.length) return undefined
  const values = Float32Array.from(indices, (i) => data[Number(i)]!)
  return {
    values: tensorProto(float32([indices.length], values), name),
    indices: tensorProto({ ...int64([0], []), shape: [indices.length], data: BigInt64Array.from(indices) }),
    dims: [...shape],
  }
}

/** Names of values and nodes that the graph does not have yet. */
function freshNames(graph: Graph): (wanted: string) => string {
  const taken = new Set([...graph.initializers.keys(), ...graph.inputs.map((v) => v.name)])
  for (const { name, outputs } of graph.nodes) for (const used of [name, ...outputs]) taken.add(used)
  return (wanted) => {
    let name = wanted
    for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`
    taken.add(name)
    return name
  }
}
