import type { Backend } from '@tacojs/runtime'
import type { OperatorCase } from './cases/case.js'
import { assertAgree } from './compare.js'
import { runOracle } from './oracle/index.js'

/** Runs one case on the backend. Throws when the backend declines a node, fails, or differs from the oracle. */
export async function runCase(backend: Backend, operatorCase: OperatorCase): Promise<void> {
  const graph = operatorCase.graph()
  for (const node of graph.nodes) {
    const reason = backend.unsupported(node, graph)
    if (reason !== undefined) throw new Error(`${backend.name} does not support node '${node.name}': ${reason}`)
  }
  const program = await backend.compile(graph)
  try {
    const actual = await program.run(operatorCase.inputs())
    assertAgree(graph, actual, runOracle(graph, operatorCase.inputs()), operatorCase.tolerance)
  } finally {
    program.dispose()
  }
}
