import type { Node } from '@tacojs/graph'
import type { View } from '../layout/view.js'
import type { Form } from '../pack/stream.js'
import type { Planner } from '../plan/planner.js'
import type { Uses } from '../plan/uses.js'
import type { Epilogue } from './epilogue.js'

/** What lowering a node may look at. */
export interface Context {
  readonly p: Planner
  readonly uses: Uses
  /** Whether a value is there before the present node. */
  readonly ready: (name: string) => boolean
  /** Nodes that a command before has done as well. */
  readonly done: Set<Node>
  /** Whether a node may look at the zeros around the images of a value. */
  readonly readsMargins: (name: string) => boolean
  /** Which form a layer's weights get. */
  form(node: Node, weightName: string): Form
}

/** The output of a command and of the nodes that it has taken over. */
export function finish(c: Context, target: View, epilogue: Epilogue): void {
  if (c.readsMargins(epilogue.output)) c.p.zeroMargins(target.storage)
  for (const node of epilogue.nodes) c.done.add(node)
  c.p.set(epilogue.output, target)
}
