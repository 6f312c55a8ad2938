import type { Graph } from '@tacojs/graph'
import type { Backend, Program } from '@tacojs/runtime'

export type Kernel = 'dense' | 'sparse'

/** Compiles a one-layer graph so that this kernel runs it, whatever the backend would have chosen. */
export type CompileWith = (backend: Backend, graph: Graph, kernel: Kernel, threads: number) => Promise<Program>

/** By the note on the weight: a backend runs a weight densely that is not said to be sparse. */
export const compileByNote: CompileWith = (backend, graph, kernel, threads) => {
  const noted = kernel === 'sparse' ? graph : withoutNotes(graph)
  return backend.compile(noted, { threads })
}

const withoutNotes = (graph: Graph): Graph => ({
  ...graph,
  initializers: new Map([...graph.initializers].map(([name, { tensor }]) => [name, { tensor }])),
})
