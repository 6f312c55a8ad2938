import { opDefinition, type Node, type Tensor } from '@tacojs/graph'
import { type View } from '../layout/view.js'
import type { Context } from './context.js'

/**
 * A node computed by its operator's own definition, on the host: integers, booleans, and operators too rare for a kernel.
 */
export function lowerOnHost(c: Context, node: Node): void {
  const { p } = c
  const evaluate = opDefinition(node.op, node.domain)?.evaluate
  if (!evaluate) return p.unsupported(node, 'no kernel for it, nor a definition to compute it by')
  const views = node.inputs.map((name): View | undefined => {
    if (name === '' || p.onHost(name)) return undefined
    return p.contiguous(p.view(name))
  })
  const targets = node.outputs.map((name): View | undefined => {
    if (name === '' || p.types.get(name)?.dtype !== 'float32') return undefined
    const view = p.plain(p.shapeOf(name))
    p.set(name, view)
    return view
  })
  node.outputs.forEach((name, i) => {
    if (name !== '' && !targets[i]) p.values.set(name, { host: true })
  })
  p.steps.push({
    node: node.name,
    reads: views.flatMap((v) => (v ? [v.storage] : [])),
    writes: targets.flatMap((v) => (v ? [v.storage] : [])),
    host: (io) => {
      const inputs = node.inputs.map((name, i): Tensor | undefined => {
        const view = views[i]
        if (view) return { dtype: 'float32', shape: view.shape, data: io.floats(view).slice() } as Tensor
        return name === '' ? undefined : (io.values.get(name) ?? p.initializer(name)!.tensor)
      })
      evaluate(node, inputs).forEach((t, i) => {
        const target = targets[i]
        if (target) io.floats(target).set(t.data as Float32Array)
        else if (node.outputs[i]) io.values.set(node.outputs[i], t)
      })
    },
  })
  p.note(node, 'host', 'computed by its definition')
}
