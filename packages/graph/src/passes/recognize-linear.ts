import type { Graph, Node } from '../graph.js'
import { inferTypes } from '../infer.js'
import { layerName } from '../layer-name.js'
import { onlyFor, rewrite, type Matcher, type Replacement } from '../match.js'
import { numberAttribute } from '../ops/attributes.js'
import { mapIndex } from '../ops/index-map.js'
import { float32, toNumbers, type Tensor } from '../tensor.js'

/**
 * MatMul with a constant matrix, with or without an Add of a constant vector after it, and Gemm with constant weights
 * become Linear, whose weight is [out, in].
 */
export const recognizeLinear = (graph: Graph): Graph => {
  const taken = new Set(graph.initializers.keys())
  const types = inferTypes(graph)
  const rank = (value: string): number => types.get(value)!.shape.length
  return rewrite(graph, (node, m) => {
    if (node.domain !== '') return undefined
    if (node.op === 'Gemm') return fromGemm(node, m, taken)
    if (node.op === 'Add') return fromAdd(node, m, taken, rank)
    return node.op === 'MatMul' ? fromMatMul(node, m, taken, rank) : undefined
  })
}

const transpose = (t: Tensor): Tensor => {
  const [rows, cols] = t.shape as [number, number]
  return mapIndex(t, [cols, rows], ([c, r]) => r! * cols + c!)
}

/** A constant [in, out] of a MatMul's right side. */
const matrix = (m: Matcher, matMul: Node): Tensor | undefined => {
  const w = m.constant(matMul.inputs[1])
  return w?.shape.length === 2 && w.dtype === 'float32' && !m.constant(matMul.inputs[0]) ? w : undefined
}

type Rank = (value: string) => number

/** A constant that is added to every position: [out], or [1, …, out] of no more dimensions than what it is added to. */
function vector(m: Matcher, value: string | undefined, out: number, rank: number): Tensor | undefined {
  const t = m.constant(value)
  const fits = t && t.data.length === out && t.shape.every((d, i) => d === (i === t.shape.length - 1 ? out : 1))
  return fits && t.shape.length > 0 && t.shape.length <= rank ? t : undefined
}

function linear(
  m: Matcher,
  taken: Set<string>,
  node: Node,
  parts: { x: string; weight: Tensor; weightName: string; bias?: Tensor; biasName?: string; path: string },
): Omit<Replacement, 'swallowed'> {
  const initializers = new Map<string, Tensor>()
  const name = layerName(parts.path, parts.weightName, parts.biasName)
  const keep = (wanted: string, value: Tensor): string => {
    let unique = wanted
    for (let i = 2; taken.has(unique); i++) unique = `${wanted}.${i}`
    taken.add(unique)
    initializers.set(unique, value)
    return unique
  }
  // a weight that is already [out, in] under its own name stays
  const same = m.constant(parts.weightName) === parts.weight
  const weight = same ? parts.weightName : keep(`${name}.weight`, parts.weight)
  const inputs = [parts.x, weight]
  if (parts.bias) {
    const own = m.constant(parts.biasName) === parts.bias && parts.bias.shape.length === 1
    inputs.push(own ? parts.biasName! : keep(`${name}.bias`, float32([parts.bias.data.length], toNumbers(parts.bias))))
  }
  return {
    node: { ...node, name: parts.path, op: 'Linear', domain: 'ai.tacojs', inputs, attributes: {} },
    initializers,
  }
}

function fromMatMul(node: Node, m: Matcher, taken: Set<string>, rank: Rank): Replacement | undefined {
  const w = matrix(m, node)
  if (!w) return undefined
  if (m.uses(node.outputs[0]!) === 1) {
    const add = m.graph.nodes.find((n) => n.inputs.includes(node.outputs[0]!))
    if (add?.op === 'Add' && add.domain === '') {
      const other = add.inputs[add.inputs[0] === node.outputs[0] ? 1 : 0]
      if (vector(m, other, w.shape[1]!, rank(node.outputs[0]!))) return undefined
    }
  }
  const parts = { x: node.inputs[0]!, weight: transpose(w), weightName: node.inputs[1]!, path: node.name }
  return { ...linear(m, taken, node, parts), swallowed: [] }
}

function fromAdd(node: Node, m: Matcher, taken: Set<string>, rank: Rank): Replacement | undefined {
  for (const [value, biasName] of [node.inputs, [...node.inputs].reverse()] as [string, string][]) {
    const matMul = m.madeBy(value, 'MatMul')
    const w = matMul && matrix(m, matMul)
    const bias = w && vector(m, biasName, w.shape[1]!, rank(value))
    if (!matMul || !w || !bias || !onlyFor(m, matMul)) continue
    const parts = {
      x: matMul.inputs[0]!,
      weight: transpose(w),
      weightName: matMul.inputs[1]!,
      bias,
      biasName,
      path: matMul.name,
    }
    return { ...linear(m, taken, node, parts), swallowed: [matMul] }
  }
  return undefined
}

function fromGemm(node: Node, m: Matcher, taken: Set<string>): Replacement | undefined {
  const [x, weightName, biasName] = node.inputs as [string, string, string | undefined]
  const w = m.constant(weightName)
  if (!w || w.dtype !== 'float32' || m.constant(x) || numberAttribute(node, 'transA', 0)) return undefined
  const [alpha, beta] = [numberAttribute(node, 'alpha', 1), numberAttribute(node, 'beta', 1)]
  const oriented = numberAttribute(node, 'transB', 0) ? w : transpose(w)
  const weight =
    alpha === 1
      ? oriented
      : float32(
          oriented.shape,
          toNumbers(oriented).map((v) => v * alpha),
        )
  const out = weight.shape[0]!
  const c = biasName ? m.constant(biasName) : undefined
  if (biasName && (!c || (c.data.length !== 1 && !vector(m, biasName, out, 2)))) return undefined
  const plain = c && beta === 1 && c.shape.length === 1 && c.data.length === out
  const bias =
    c &&
    (plain
      ? c
      : float32(
          [out],
          Array.from({ length: out }, (_, i) => Number(c.data[c.data.length === 1 ? 0 : i]) * beta),
        ))
  const parts = { x, weight, weightName, ...(bias ? { bias, biasName } : {}), path: node.name }
  return { ...linear(m, taken, node, parts), swallowed: [] }
}
