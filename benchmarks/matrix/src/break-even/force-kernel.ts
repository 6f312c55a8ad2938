import type { Graph } from '@tacojs/graph'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import type { Backend, Program } from '@tacojs/runtime'

export type Kernel = 'dense' | 'sparse'

/** Compiles a one-layer graph so that this kernel runs it, whatever the backend would have chosen. */
export type CompileWith = (backend: Backend, graph: Graph, kernel: Kernel, threads: number) => Promise<Program>

const forced: Readonly<Record<Kernel, Backend>> = {
  dense: kernelsWasm({ form: () => 'dense' }),
  sparse: kernelsWasm({ form: () => 'sparse' }),
}

/** On the backend 'wasm' the form of the weights is asked for; others run a weight densely that is not said to be sparse. */
export const compileForced: CompileWith = (backend, graph, kernel, threads) => {
  if (backend.name === 'wasm') return forced[kernel].compile(graph, { threads })
  return backend.compile(kernel === 'sparse' ? graph : withoutNotes(graph), { threads })
}

const withoutNotes = (graph: Graph): Graph => ({
  ...graph,
  initializers: new Map([...graph.initializers].map(([name, { tensor }]) => [name, { tensor }])),
})
