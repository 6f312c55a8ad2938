import { TacoError } from '@tacojs/errors'
import { fromNumbers, int64, type Attribute, type Tensor } from '@tacojs/graph'
import { readAttribute } from './attributes.js'
import { readConstant } from './constant.js'
import type { Probe } from './convert-nodes.js'
import { opsetsOf, plainDomain, type Opsets } from './opsets.js'
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto } from './proto.js'
import { Sequences } from './sequences.js'
import { freshNames } from './names.js'
import { describe, sortNodes } from './sort.js'
import { readSparse } from './sparse.js'
import { readTensor, type LoadExternal } from './tensor-data.js'

/** A node as the file has it, at version `opset` of its domain; bodies and functions are inlined. */
export interface RawNode {
  readonly name: string
  /** With its domain where that is not ONNX's own: `com.microsoft.FusedConv`. */
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
  /** Inputs that have a constant value. */
  readonly constants: ReadonlyMap<string, Tensor>
  /** What sparse tensors may still become when dense. */
  readonly budget: { bytes: number }
  readonly load?: LoadExternal
  /** What is known of a value of the nodes so far. */
  readonly probe: (flat: Flat, name: string) => Probe
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
const MAX_TRIPS = 1000
const MAX_PROBED = 2_000_000

/**
 * The main graph with functions, the taken branches of constant Ifs and the trips of constant Loops put in place,
 * without sequences; nodes in topological order.
 */
export function flatten(model: ModelProto, graph: GraphProto, options: FlattenOptions): Flat {
  const { inputs, budget, load } = options
  const functions = new Map((model.functions ?? []).map((f) => [keyOf(f.domain, f.name, f.overload), f]))
  const flat: Flat = { nodes: [], constants: new Map(options.constants) }
  let probed = 0
  const look = (name: string): Probe => {
    const found = options.probe(flat, name)
    probed += found.cost
    if (probed > MAX_PROBED) throw new TacoError('UNSUPPORTED', 'the model has too many conditions for its size')
    return found
  }
  // A function called many times shares the values of its Constant nodes.
  const shared = new Map<TensorProto, Tensor>()
  const taken = new Set<string>([...inputs, ...options.constants.keys()])
  for (const t of graph.initializer ?? []) taken.add(t.name ?? '')
  for (const t of graph.sparseInitializer ?? []) taken.add(t.values?.name ?? '')
  for (const node of graph.node ?? []) for (const output of node.output ?? []) taken.add(output)

  const fresh = freshNames(taken)
  const sequences = new Sequences(flat, look, fresh)

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
    const domain = plainDomain(node.domain)
    const opset = scope.opsets.versionOf(domain, where)
    if (domain === '' && op === 'Constant') {
      const [output, ...rest] = node.output ?? []
      if (!output || rest.length) throw new TacoError('INVALID_MODEL', `${where} must have one output`)
      const source = attributes[0]?.t
      const value = (source && shared.get(source)) ?? readConstant(attributes, where, budget, load)
      if (source) shared.set(source, value)
      flat.constants.set(declare(scope, output), value)
      return
    }
    if (domain === '' && op === 'If') return branch(node, inputs, attributes, scope)
    if (domain === '' && op === 'Loop') return loop(node, attributes, scope)
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
    const full = domain === '' ? op : `${domain}.${op}`
    sequences.add({ name, op: full, opset, inputs, outputs, attributes: Object.fromEntries(read) }, where)
  }

  const alias = (from: string, to: string, where: string): void =>
    sequences.add({ name: '', op: 'Identity', opset: 18, inputs: [from], outputs: [to], attributes: {} }, where)

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
    for (const [from, to] of copies) alias(resolve(body, from, describe(node)), to, describe(node))
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
    const condition = look(inputs[0] ?? '').value
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

  /** Writes out the trips of a Loop whose number and conditions are constant. */
  const loop = (node: NodeProto, attributes: readonly AttributeProto[], scope: Scope): void => {
    const where = describe(node)
    const body = attributes.find((a) => a.name === 'body')?.g
    if (!body) throw new TacoError('INVALID_MODEL', `${where} lacks a body`)
    const [trips = '', condition = '', ...initial] = (node.input ?? []).map((local) => resolve(scope, local, where))
    const parameters = (body.input ?? []).map((v) => v.name ?? '')
    const results = (body.output ?? []).map((v) => v.name ?? '')
    const wanted = node.output ?? []
    if (parameters.length !== initial.length + 2 || results.length < initial.length + 1) {
      throw new TacoError('INVALID_MODEL', `${where} does not fit its body`)
    }
    if (wanted.length >= results.length) throw new TacoError('INVALID_MODEL', `${where} has more outputs than its body`)
    const constant = (name: string, what: string): number => {
      const value = look(name).value
      if (value?.data.length === 1) return Number(value.data[0])
      throw new TacoError('UNSUPPORTED', `${where}: operator Loop is not supported unless its ${what} is constant`)
    }
    const count = trips === '' ? Infinity : constant(trips, 'number of trips')
    const scans: string[][] = results.slice(initial.length + 1).map(() => [])
    let carried = initial
    let goesOn = condition === '' || constant(condition, 'condition') !== 0
    for (let trip = 0; trip < count && goesOn; trip++) {
      if (trip >= MAX_TRIPS) throw new TacoError('UNSUPPORTED', `${where} makes more than ${MAX_TRIPS} trips`)
      const prefix = `${scope.prefix}${node.name || wanted[0] || 'Loop'}/${trip}/`
      const values = new Map<string, string>()
      const inner: Scope = { ...scope, values, bound: new Map(), parent: scope, prefix }
      flat.constants.set(declare(inner, parameters[0]!), int64([], [trip]))
      flat.constants.set(declare(inner, parameters[1]!), fromNumbers('bool', [], [1]))
      parameters.slice(2).forEach((name, i) => values.set(name, carried[i]!))
      addConstants(body, inner)
      addNodes(body.node ?? [], inner)
      const made = results.map((name) => resolve(inner, name, where))
      carried = made.slice(1, initial.length + 1)
      made.slice(initial.length + 1).forEach((name, i) => scans[i]!.push(name))
      // without a condition this is a counted loop, whatever the body says
      if (condition !== '') goesOn = constant(made[0]!, 'condition') !== 0
    }
    wanted.forEach((local, i) => {
      if (local === '') return
      const to = declare(scope, local)
      const scan = scans[i - initial.length]
      if (scan) sequences.stack(scan, to, where)
      else alias(carried[i]!, to, where)
    })
  }

  const top: Scope = {
    values: new Map([...inputs, ...options.constants.keys()].map((name) => [name, name])),
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
