import type { Tensor } from '@tacojs/graph'
import type { Backend } from '@tacojs/runtime'
import type { OperatorCase } from './cases/case.js'
import { assertAgree, sameBytes } from './compare.js'
import { runOracle } from './oracle/index.js'

/**
 * Runs one case on the backend: every batch in turn on one program, and at the end the first again, which must give
 * the same bytes. Throws when the backend declines a node, fails, or differs from the oracle.
 */
export async function runCase(backend: Backend, operatorCase: OperatorCase): Promise<void> {
  const graph = operatorCase.graph()
  for (const node of graph.nodes) {
    const reason = backend.unsupported(node, graph)
    if (reason !== undefined) throw new Error(`${backend.name} does not support node '${node.name}': ${reason}`)
  }
  const program = await backend.compile(graph)
  try {
    let first: Record<string, Tensor> | undefined
    for (const batch of operatorCase.batches ?? [undefined]) {
      const inputs = operatorCase.inputs(batch)
      const actual = await program.run(inputs)
      const wanted = runOracle(graph, operatorCase.inputs(batch))
      assertAgree(graph, actual, wanted, operatorCase.tolerance, batch === undefined ? '' : ` at batch ${batch}`)
      first ??= actual
    }
    const again = await program.run(operatorCase.inputs())
    for (const { name } of graph.outputs) {
      if (!sameBytes(again[name], first![name])) throw new Error(`output '${name}' of a second run has other bytes`)
    }
  } finally {
    program.dispose()
  }
}
