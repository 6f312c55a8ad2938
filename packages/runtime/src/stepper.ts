import { checkpoint, TacoError } from '@tacojs/errors'
import { subgraph, withInitializers, type Graph, type Initializer, type Tensor } from '@tacojs/graph'
import type { Backend, CompileOptions } from './backend.js'
import { liveValues } from './live-values.js'
import { createSpareArrays } from './spare-arrays.js'

/** A stream of activations that advances through the network node by node; nothing is ever run twice. */
export interface Stepper {
  readonly batches: number
  /** Runs everything before the node: its inputs become readable. */
  advanceBefore(node: string): Promise<void>
  /** Runs everything up to the node and the node itself: its outputs become readable. */
  advancePast(node: string): Promise<void>
  /**
   * A value of the present frontier (an activation that a later node still needs), for one batch. What it holds is lost
   * when the stepper goes on: its memory is used again.
   */
  value(batch: number, name: string): Tensor
  /** Replaces weights of nodes that have not run yet. */
  replace(weights: ReadonlyMap<string, Tensor | Initializer>): void
  /** A second stream from the present frontier on: what both have in common so far is neither run nor held twice. */
  fork(): Stepper
}

/** Bytes of arrays that are kept to be written again. */
const SPARE = 2 ** 26

/**
 * Two of these, one with the dense weights and one that receives pruned ones, are the two streams of the method:
 * they advance together, so the statistics of a layer see everything before it pruned, at the cost of one forward
 * pass each. Between two steps only the frontier is held, on the host.
 *
 * @param inputs one record of graph inputs per batch
 * @throws INVALID_ARGUMENT when asked to go back, to read a value that is not at the frontier, or for anything after
 *   an advance has failed
 */
export function createStepper(
  backend: Backend,
  graph: Graph,
  inputs: readonly Readonly<Record<string, Tensor>>[],
  options: { readonly compile?: CompileOptions; readonly signal?: AbortSignal } = {},
): Stepper {
  return stepperFrom(backend, options, { graph, position: 0, held: inputs })
}

/** Whether two arrays share memory. */
const overlap = (a: Tensor['data'], b: Tensor['data']): boolean =>
  a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength

interface Start {
  readonly graph: Graph
  /** Nodes that have run. */
  readonly position: number
  readonly held: readonly Readonly<Record<string, Tensor>>[]
}

function stepperFrom(
  backend: Backend,
  options: { readonly compile?: CompileOptions; readonly signal?: AbortSignal },
  start: Start,
): Stepper {
  const { graph } = start
  const positions = new Map(graph.nodes.map((node, i) => [node.name, i]))
  const inputNames = graph.inputs.map((i) => i.name)
  let current = graph
  let position = start.position
  let frontier = liveValues(graph, position)
  let failed = false
  const held: Record<string, Tensor>[] = start.held.map((batch) => ({ ...batch }))
  const spare = createSpareArrays(SPARE, held.length)
  /** Arrays of this stepper alone: neither inputs nor what it has in common with a fork. */
  let own = new WeakSet<Float32Array>()

  /** Takes a value from a batch; where nobody else has its array, that is written again. */
  function drop(batch: Record<string, Tensor>, name: string): void {
    const data = batch[name]!.data as Float32Array
    delete batch[name]
    if (own.delete(data) && !Object.values(batch).some((other) => overlap(other.data, data))) spare.give(data)
  }

  const positionOf = (name: string): number => {
    const found = positions.get(name)
    if (found === undefined) throw new TacoError('INVALID_ARGUMENT', `the graph has no node '${name}'`)
    return found
  }

  function checkWhole(): void {
    if (failed) throw new TacoError('INVALID_ARGUMENT', 'the stepper has failed and cannot go on: make another')
  }

  async function advance(target: number): Promise<void> {
    checkWhole()
    if (target < position) {
      throw new TacoError('INVALID_ARGUMENT', `the stepper is at node ${position} and cannot go back to ${target}`)
    }
    if (target === position) return
    const next = liveValues(current, target)
    const computed = next.filter((name) => !frontier.includes(name))
    const leave = (batch: Record<string, Tensor>): void => {
      for (const name of Object.keys(batch)) if (!next.includes(name)) drop(batch, name)
    }
    if (computed.length === 0) held.forEach(leave)
    else await run(subgraph(current, frontier, computed), leave)
    position = target
    frontier = next
  }

  /** Computes what a slice gives and leaves what is not needed any more, batch by batch. */
  async function run(slice: Graph, leave: (batch: Record<string, Tensor>) => void): Promise<void> {
    const program = await backend.compile(slice, options.compile)
    try {
      // until all batches are there, they stand at different places
      failed = true
      for (const batch of held) {
        await checkpoint(options.signal)
        const feeds = Object.fromEntries(slice.inputs.map(({ name }) => [name, batch[name]!]))
        const made = await program.run(feeds, { spare: spare.take })
        for (const { data } of Object.values(made)) if (data instanceof Float32Array) own.add(data)
        Object.assign(batch, made)
        leave(batch)
      }
      failed = false
    } finally {
      program.dispose()
    }
  }

  return {
    batches: held.length,
    advanceBefore: async (node) => advance(positionOf(node)),
    advancePast: async (node) => advance(positionOf(node) + 1),
    value(batch, name) {
      checkWhole()
      const found = held[batch]?.[name]
      if (!found) {
        const known = [...new Set([...frontier, ...(position === 0 ? inputNames : [])])].join(', ')
        throw new TacoError('INVALID_ARGUMENT', `'${name}' is not at the frontier of batch ${batch}; there: ${known}`)
      }
      return found
    },
    replace(weights) {
      checkWhole()
      current = withInitializers(current, weights)
    },
    fork() {
      checkWhole()
      own = new WeakSet()
      return stepperFrom(backend, options, { graph: current, position, held })
    },
  }
}
