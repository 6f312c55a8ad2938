import { TacoError } from '@tacojs/errors'
import { int64, toNumbers } from '@tacojs/graph'
import type { Probe } from './convert-nodes.js'
import type { Flat, RawNode } from './flatten.js'

/** Of a SplitToSequence. */
const MAX_PARTS = 10_000

/**
 * Sequences of tensors while a model is flattened. Exporters write them where a length is known (chunks, as_strided), so
 * a sequence is a list of names here and none is left in the flat graph.
 */
export class Sequences {
  /** Flat name of a sequence → flat names of its tensors. */
  private readonly lists = new Map<string, readonly string[]>()

  constructor(
    private readonly flat: Flat,
    private readonly look: (name: string) => Probe,
    private readonly fresh: (wanted: string) => string,
  ) {}

  /** Adds a node to the flat graph; one that makes or takes sequences becomes what it means for their tensors. */
  add(node: RawNode, where: string): void {
    const { op, inputs, outputs } = node
    const [x = '', second = '', third = ''] = inputs
    const [y = ''] = outputs
    const set = (list: readonly string[]): void => void this.lists.set(y, list)
    const number = (name: string, what: string): number => {
      const value = this.look(name).value
      if (value?.data.length === 1) return Number(value.data[0])
      throw new TacoError('UNSUPPORTED', `${where}: operator ${op} is not supported unless its ${what} is constant`)
    }
    const place = (list: readonly string[], end: number): number => {
      const at = number(op === 'SequenceInsert' ? third : second, 'position')
      const positive = at < 0 ? at + list.length : at
      if (positive >= 0 && positive < end) return positive
      throw new TacoError('INVALID_MODEL', `${where}: position ${at} is outside of a sequence of ${list.length}`)
    }
    switch (op) {
      case 'SequenceEmpty':
        return set([])
      case 'SequenceConstruct':
        return set(inputs)
      case 'SplitToSequence':
        return this.split(node, where)
    }
    const list = this.lists.get(x)
    if (!list) {
      const wrong = inputs.find((name) => this.lists.has(name))
      if (wrong !== undefined) throw new TacoError('UNSUPPORTED', `${where} takes the sequence "${wrong}"`)
      this.flat.nodes.push(node)
      return
    }
    switch (op) {
      case 'Identity':
        return set(list)
      case 'SequenceInsert':
        return set(list.toSpliced(third === '' ? list.length : place(list, list.length + 1), 0, second))
      case 'SequenceErase':
        return set(list.toSpliced(second === '' ? list.length - 1 : place(list, list.length), 1))
      case 'SequenceAt':
        return this.rename(list[place(list, list.length)]!, y)
      case 'SequenceLength':
        this.flat.constants.set(y, int64([], [list.length]))
        return
      case 'ConcatFromSequence': {
        if (list.length === 0) throw new TacoError('UNSUPPORTED', `${where} joins an empty sequence`)
        const axis = Number(node.attributes.axis ?? 0)
        if (node.attributes.new_axis) return this.stack(list, y, where, axis)
        this.flat.nodes.push({ ...node, op: 'Concat', opset: 18, inputs: list, attributes: { axis } })
        return
      }
    }
    throw new TacoError('UNSUPPORTED', `${where}: operator ${op} is not supported for sequences`)
  }

  /** Joins tensors along a new axis. */
  stack(list: readonly string[], to: string, where: string, axis = 0): void {
    if (list.length === 0) throw new TacoError('UNSUPPORTED', `${where} stacks no tensor at all`)
    const axes = this.fresh(`${to}/axes`)
    this.flat.constants.set(axes, int64([1], [axis]))
    const parts = list.map((name, i) => {
      const part = this.fresh(`${to}/${i}`)
      this.push('Unsqueeze', [name, axes], [part])
      return part
    })
    this.push('Concat', parts, [to], { axis })
  }

  /** SplitToSequence: parts of a constant size, or of the given sizes; an axis of known length. */
  private split(node: RawNode, where: string): void {
    const [x = '', sizes = ''] = node.inputs
    const [y = ''] = node.outputs
    const { shape } = this.look(x).type
    const given = Number(node.attributes.axis ?? 0)
    const axis = given < 0 ? given + shape.length : given
    const length = shape[axis]
    const value = sizes === '' ? undefined : this.look(sizes).value
    if (length === undefined) throw new TacoError('INVALID_MODEL', `${where}: axis ${given} is outside of its input`)
    if (typeof length !== 'number' || (sizes !== '' && !value)) {
      throw new TacoError('UNSUPPORTED', `${where}: operator SplitToSequence is not supported unless sizes are known`)
    }
    const each = value ? (value.shape.length === 0 ? Number(value.data[0]) : undefined) : 1
    if (each !== undefined && !(each > 0)) {
      throw new TacoError('INVALID_MODEL', `${where} splits into parts of ${each}`)
    }
    if (length / (each ?? length) > MAX_PARTS) {
      throw new TacoError('UNSUPPORTED', `${where} splits into more than ${MAX_PARTS} parts`)
    }
    let parts = each === undefined ? toNumbers(value!) : []
    if (each !== undefined) {
      parts = Array.from({ length: Math.ceil(length / each) }, (_, i) => Math.min(each, length - i * each))
    }
    const names = parts.map((_, i) => this.fresh(`${y}/${i}`))
    const split = this.fresh(`${y}/sizes`)
    this.flat.constants.set(split, int64([parts.length], parts))
    this.push('Split', [x, split], names, { axis })
    // single slices lose their axis unless keepdims says otherwise
    if (value || Number(node.attributes.keepdims ?? 1) !== 0) return void this.lists.set(y, names)
    const axes = this.fresh(`${y}/axes`)
    this.flat.constants.set(axes, int64([1], [axis]))
    this.lists.set(
      y,
      names.map((name) => {
        const squeezed = this.fresh(name)
        this.push('Squeeze', [name, axes], [squeezed])
        return squeezed
      }),
    )
  }

  private rename(from: string, to: string): void {
    this.push('Identity', [from], [to])
  }

  private push(op: string, inputs: readonly string[], outputs: readonly string[], attributes = {}): void {
    this.flat.nodes.push({ name: '', op, opset: 18, inputs, outputs, attributes })
  }
}
