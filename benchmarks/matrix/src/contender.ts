import type { Graph, Tensor } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'

/** A compiled model with its input, ready to be timed. */
export interface Contender {
  /** Runs once and gives the logits. */
  run(): Promise<Float32Array>
  dispose(): Promise<void> | void
}

export async function compileOurs(backend: Backend, graph: Graph, input: Tensor, threads: number): Promise<Contender> {
  const program = await backend.compile(graph, { threads })
  const [from, to] = [graph.inputs[0]!.name, graph.outputs[0]!.name]
  return {
    run: async () => (await program.run({ [from]: input }))[to]!.data as Float32Array,
    dispose: () => program.dispose(),
  }
}
