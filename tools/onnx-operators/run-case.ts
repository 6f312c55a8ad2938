import { runOracle } from '@tacojs/conformance'
import { isTacoError } from '@tacojs/errors'
import { optimize, type Graph, type Tensor, type ValueInfo } from '@tacojs/graph'
import { decodeOnnxTensor, parseOnnx, type StoredTensor } from '@tacojs/model-io'
import type { Backend } from '@tacojs/runtime'
import type { OnnxCase } from './cases.js'
import { asDeclared, compare, inputOf } from './compare.js'

/** What became of a case. */
export type Outcome =
  | { readonly kind: 'passed' }
  /** As `passed`, with all inputs but the first as constants: they are shapes, axes, scales or weights. */
  | { readonly kind: 'passed with constants'; readonly reason: string }
  /** Declined by a typed error. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Another result than the stored one, or an error that is not a refusal. */
  | { readonly kind: 'wrong'; readonly reason: string }

/** Runs a graph, some of whose inputs may be constants by now. */
type Run = (graph: Graph, inputs: Record<string, Tensor>) => Promise<Readonly<Record<string, Tensor>>>

/** The oracle on the graph as imported and after all passes, and each backend on the latter. */
export function runners(backends: readonly Backend[]): Readonly<Record<string, Run>> {
  const oracle = {
    imported: (graph: Graph, inputs: Record<string, Tensor>) => Promise.resolve(runOracle(graph, inputs)),
    optimized: (graph: Graph, inputs: Record<string, Tensor>) => Promise.resolve(runOracle(optimize(graph), inputs)),
  }
  const others = backends.map((backend): [string, Run] => [
    backend.name,
    async (graph, inputs) => {
      const program = await backend.compile(optimize(graph))
      try {
        return await program.run(inputs)
      } finally {
        program.dispose()
      }
    },
  ])
  return { ...oracle, ...Object.fromEntries(others) }
}

/** Imports and runs a case, first as it is, then, where that is refused, with constants. */
export async function runCase(onnxCase: OnnxCase, runner: string, run: Run): Promise<Outcome> {
  const first = await attempt(() => runSets(onnxCase, runner, run, false))
  if (first.kind !== 'refused' || !isOfTensors(onnxCase)) return first
  const second = await attempt(() => runSets(onnxCase, runner, run, true))
  if (second.kind === 'passed') return { kind: 'passed with constants', reason: first.reason }
  return second.kind === 'wrong' ? second : first
}

/** Sequences and optional values are stored otherwise. */
function isOfTensors({ sets }: OnnxCase): boolean {
  try {
    for (const set of sets) set.inputs.forEach(decodeOnnxTensor)
    return true
  } catch (error) {
    if (isTacoError(error)) return false
    throw error
  }
}

async function attempt(runAll: () => Promise<void>): Promise<Outcome> {
  try {
    await runAll()
    return { kind: 'passed' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: isTacoError(error) && error.code === 'UNSUPPORTED' ? 'refused' : 'wrong', reason }
  }
}

async function runSets({ model, sets }: OnnxCase, runner: string, run: Run, constant: boolean): Promise<void> {
  const options = { allowNonFinite: true }
  const declared = inputsOf(model)
  for (const set of sets) {
    const stored = (): StoredTensor[] => set.inputs.map(decodeOnnxTensor)
    const fixed = new Map(
      (constant ? stored().slice(1) : []).map((t) => [t.name, asDeclared(t, declared.get(t.name)).tensor]),
    )
    const graph = parseOnnx(model, { ...options, constants: fixed })
    const given = stored().slice(0, graph.inputs.length)
    if (given.length < graph.inputs.length) {
      throw new Error(`${given.length} inputs are stored, the graph takes ${graph.inputs.length}`)
    }
    const inputs = given.map((t, i) => [graph.inputs[i]!.name, inputOf(t, graph.inputs[i]!)] as const)
    const outputs = await run(graph, Object.fromEntries(inputs))
    set.outputs.forEach((bytes, i) => {
      const { name } = graph.outputs[i]!
      const difference = compare(outputs[name]!, decodeOnnxTensor(bytes), runner)
      if (difference) throw new Error(`output ${name} has ${difference}`)
    })
  }
}

/** The inputs of a model that can be imported as it is. */
function inputsOf(model: Uint8Array): ReadonlyMap<string, ValueInfo> {
  try {
    return new Map(parseOnnx(model, { allowNonFinite: true }).inputs.map((input) => [input.name, input]))
  } catch (error) {
    if (isTacoError(error)) return new Map()
    throw error
  }
}
