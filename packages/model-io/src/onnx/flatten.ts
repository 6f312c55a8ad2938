import { TacoError } from '@tacojs/errors'
import type { Attribute, Tensor } from '@tacojs/graph'
import { readAttribute } from './attributes.js'
import { readConstant } from './constant.js'
import { opsetsOf, plainDomain, type Opsets } from './opsets.js'
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto } from './proto.js'
import { describe, sortNodes } from './sort.js'
import { readSparse } from './sparse.js'
import { readTensor, type LoadExternal } from './tensor-data.js'

/** A node as the file has it, of the domain '' at version `opset`; bodies and functions are inlined. */
export interface RawNode {
  readonly name: string
  readonly op: string
  readonly opset: number
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export interface Flat {
  readonly nodes: RawNode[]
  /** Initializers and the values of Constant nodes. */
  readonly constants: Map<string, Tensor>
}

export interface FlattenOptions {
  /** Names of the graph's inputs, without initializers. */
  readonly inputs: readonly string[]
  /** What sparse tensors may still become when dense. */
  readonly budget: { bytes: number }
  readonly load?: LoadExternal
  /** The value of a condition that depends on constants and shapes only. */
  readonly valueOf: (flat: Flat, name: string) => Tensor | undefined
}

interface Scope {
  /** Value names of this body → names in the flat graph. */
  readonly values: Map<string, string>
  /** Names that this body's outputs have outside. */
  readonly bound: ReadonlyMap<string, string>
  /** What an If body may capture from. */
  readonly parent?: Scope
  readonly opsets: Opsets
  /** Attributes given to the function. */
  readonly given: ReadonlyMap<string, AttributeProto>
  readonly prefix: string
  /** Functions being inlined, to find recursion. */
  readonly calls: readonly string[]
}

/** Limits of inlining, which can make much out of few bytes. */
const MAX_NODES = 100_000
const MAX_CALLS = 64

/** The main graph with functions and the taken branches of constant Ifs put in place, nodes in topological order. */
export function flatten(model: ModelProto, graph: GraphProto, options: FlattenOptions): Flat {
  const { inputs, budget, load, valueOf } = options
  const functions = new Map((model.functions ?? []).map((f) => [keyOf(f.domain, f.name, f.overload), f]))
  const flat: Flat = { nodes: [], constants: new Map() }
  // A function called many times shares the values of its Constant nodes.
  const shared = new Map<TensorProto, Tensor>()
  const taken = new Set<string>(inputs)
  for (const t of graph.initializer ?? []) taken.add(t.name ?? '')
  for (const t of graph.sparseInitializer ?? []) taken.add(t.values?.name ?? '')
  for (const node of graph.node ?? []) for (const output of node.output ?? []) taken.add(output)

  const fresh = (wanted: string): string => {
    let name = wanted
    for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`
    taken.add(name)
    return name
  }

  const declare = (scope: Scope, local: string): string => {
    if (scope.values.has(local)) throw new TacoError('INVALID_MODEL', `value "${local}" is produced twice`)
    const name = scope.bound.get(local) ?? (scope.prefix === '' ? local : fresh(scope.prefix + local))
    scope.values.set(local, name)
    return name
  }

  const resolve = (scope: Scope, local: string, where: string): string => {
    if (local === '') return ''
    for (let s: Scope | undefined = scope; s; s = s.parent) {
      const name = s.values.get(local)
      if (name !== undefined) return name
    }
    throw new TacoError('INVALID_MODEL', `${where} needs the value "${local}", which nothing produces`)
  }

  const addConstants = (body: GraphProto, scope: Scope): void => {
    for (const t of body.initializer ?? []) {
      const where = `initializer "${t.name ?? ''}"`
      if (!t.name) throw new TacoError('INVALID_MODEL', 'an initializer has no name')
      flat.constants.set(declare(scope, t.name), readTensor(t, where, load))
    }
    for (const t of body.sparseInitializer ?? []) {
      const name = t.values?.name
      if (!name) throw new TacoError('INVALID_MODEL', 'a sparse initializer has no name')
      flat.constants.set(declare(scope, name), readSparse(t, `sparse initializer "${name}"`, budget, load))
    }
  }

  const addNodes = (nodes: readonly NodeProto[], scope: Scope): void => {
    for (const node of sortNodes(nodes)) {
      if (flat.nodes.length + flat.constants.size > MAX_NODES) {
        throw new TacoError(
          'UNSUPPORTED',
          `the model has more than ${MAX_NODES} nodes and constants with its functions inlined`,
        )
      }
      addNode(node, scope)
    }
  }

  const addNode = (node: NodeProto, scope: Scope): void => {
    const where = describe(node)
    const op = node.opType ?? ''
    const inputs = trimmed((node.input ?? []).map((local) => resolve(scope, local, where)))
    const key = keyOf(node.domain, op, node.overload)
    const called = functions.get(key)
    const attributes = givenAttributes(node, scope)
    if (called) return call(called, key, inputs, node, attributes, scope)
    const opset = scope.opsets.versionOf(plainDomain(node.domain), `${where}`)
    if (op === 'Constant') {
      const [output, ...rest] = node.output ?? []
      if (!output || rest.length) throw new TacoError('INVALID_MODEL', `${where} must have one output`)
      const source = attributes[0]?.t
      const value = (source && shared.get(source)) ?? readConstant(attributes, where, budget, load)
      if (source) shared.set(source, value)
      flat.constants.set(declare(scope, output), value)
      return
    }
    if (op === 'If') return branch(node, inputs, attributes, scope)
    const read: [string, Attribute][] = []
    for (const proto of attributes) {
      const value = readAttribute(proto, where, load)
      if (typeof value === 'object' && 'graph' in value) {
        throw new TacoError('UNSUPPORTED', `${where}: operator ${op} is not supported (it holds a graph of its own)`)
      }
      read.push([proto.name ?? '', value])
    }
    const outputs = trimmed((node.output ?? []).map((local) => (local === '' ? '' : declare(scope, local))))
    const name = node.name ? scope.prefix + node.name : ''
    flat.nodes.push({ name, op, opset, inputs, outputs, attributes: Object.fromEntries(read) })
  }

  /** Puts a body in place of a node: its outputs take the names that the node's outputs have. */
  const inline = (
    node: NodeProto,
    scope: Scope,
    outputs: readonly string[],
    inner: Omit<Scope, 'bound' | 'prefix'>,
    fill: (scope: Scope) => void,
  ): void => {
    const bound = new Map<string, string>()
    const copies: [from: string, to: string][] = []
    ;(node.output ?? []).forEach((local, i) => {
      if (local === '') return
      const from = outputs[i]
      if (from === undefined) throw new TacoError('INVALID_MODEL', `${describe(node)} has more outputs than its body`)
      const to = declare(scope, local)
      if (inner.values.has(from) || bound.has(from)) copies.push([from, to])
      else bound.set(from, to)
    })
    const body: Scope = { ...inner, bound, prefix: `${scope.prefix}${node.name || node.output?.[0] || node.opType}/` }
    fill(body)
    for (const [from, to] of bound) if (!body.values.has(from)) copies.push([from, to])
    for (const [from, to] of copies) {
      const input = resolve(body, from, describe(node))
      flat.nodes.push({ name: '', op: 'Identity', opset: 18, inputs: [input], outputs: [to], attributes: {} })
    }
  }

  const call = (
    body: FunctionProto,
    key: string,
    inputs: readonly string[],
    node: NodeProto,
    attributes: readonly AttributeProto[],
    scope: Scope,
  ): void => {
    if (scope.calls.includes(key)) throw new TacoError('INVALID_MODEL', `function ${body.name} calls itself`)
    if (scope.calls.length >= MAX_CALLS) throw new TacoError('UNSUPPORTED', `functions are nested beyond ${MAX_CALLS}`)
    const parameters = body.input ?? []
    if (inputs.length > parameters.length) {
      throw new TacoError('INVALID_MODEL', `${describe(node)} gives ${inputs.length} inputs to ${body.name}`)
    }
    const given = new Map((body.attributeProto ?? []).map((a) => [a.name ?? '', a]))
    for (const a of attributes) given.set(a.name ?? '', a)
    const values = new Map(parameters.map((p, i) => [p, inputs[i] ?? '']))
    const inner = { values, opsets: opsetsOf(body.opsetImport), given, calls: [...scope.calls, key] }
    inline(node, scope, body.output ?? [], inner, (s) => addNodes(body.node ?? [], s))
  }

  const branch = (
    node: NodeProto,
    inputs: readonly string[],
    attributes: readonly AttributeProto[],
    scope: Scope,
  ): void => {
    const bodies = ['then_branch', 'else_branch'].map((name) => attributes.find((a) => a.name === name)?.g)
    if (!bodies[0] || !bodies[1]) throw new TacoError('INVALID_MODEL', `${describe(node)} lacks a branch`)
    const condition = valueOf(flat, inputs[0] ?? '')
    if (condition?.data.length !== 1) {
      throw new TacoError(
        'UNSUPPORTED',
        `${describe(node)}: operator If is not supported unless its condition is constant`,
      )
    }
    const body = condition.data[0] ? bodies[0] : bodies[1]
    const inner = { ...scope, values: new Map<string, string>(), parent: scope }
    const outputs = (body.output ?? []).map((v) => v.name ?? '')
    inline(node, scope, outputs, inner, (s) => {
      addConstants(body, s)
      addNodes(body.node ?? [], s)
    })
  }

  const top: Scope = {
    values: new Map(inputs.map((name) => [name, name])),
    bound: new Map(),
    opsets: opsetsOf(model.opsetImport),
    given: new Map(),
    prefix: '',
    calls: [],
  }
  addConstants(graph, top)
  addNodes(graph.node ?? [], top)
  return flat
}

/** With references to the function's own attributes replaced by what was given; one that was not given is left out. */
function givenAttributes(node: NodeProto, scope: Scope): AttributeProto[] {
  return (node.attribute ?? []).flatMap((a) => {
    if (!a.refAttrName) return [a]
    const value = scope.given.get(a.refAttrName)
    return value ? [{ ...value, name: a.name }] : []
  })
}

const keyOf = (domain?: string | null, name?: string | null, overload?: string | null): string =>
  JSON.stringify([plainDomain(domain), name ?? '', overload ?? ''])

/** Without the absent optional ones at the end. */
function trimmed(names: readonly string[]): readonly string[] {
  let end = names.length
  while (end > 0 && names[end - 1] === '') end--
  return names.slice(0, end)
}
