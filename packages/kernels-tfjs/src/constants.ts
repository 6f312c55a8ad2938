import { TacoError } from '@tacojs/errors'
import type { Graph, Tensor } from '@tacojs/graph'
import { hostValue, type Tf, type TfTensor, type Value } from './value.js'

/**
 * A program's initializers: the host's tensors, and the forms of them on the device that kernels asked for (as it is,
 * transposed, channels last …), each made and uploaded once.
 */
export class Constants {
  private readonly values = new Map<string, Value>()
  private readonly forms = new Map<string, Map<string, TfTensor>>()

  constructor(
    graph: Graph,
    private readonly mutable: readonly string[],
  ) {
    for (const [name, { tensor }] of graph.initializers) this.values.set(name, hostValue(tensor))
    for (const name of mutable) {
      if (!this.values.has(name)) throw new TacoError('INVALID_ARGUMENT', `no initializer '${name}' to be mutable`)
    }
  }

  get(name: string): Value | undefined {
    return this.values.get(name)
  }

  form(tf: Tf, name: string, form: string, make: (value: Value) => TfTensor): TfTensor {
    let made = this.forms.get(name)
    if (!made) this.forms.set(name, (made = new Map()))
    let tensor = made.get(form)
    if (!tensor) made.set(form, (tensor = tf.keep(make(this.values.get(name)!))))
    return tensor
  }

  write(name: string, values: Tensor): void {
    const old = this.read(name)
    if (values.dtype !== old.dtype || values.shape.join() !== old.shape.join()) {
      throw new TacoError(
        'SHAPE_MISMATCH',
        `'${name}' is ${old.dtype} [${old.shape.join(', ')}], cannot write ${values.dtype} [${values.shape.join(', ')}]`,
      )
    }
    this.values.set(name, hostValue({ ...values, data: values.data.slice() } as Tensor))
    this.free(name)
  }

  read(name: string): Tensor {
    if (!this.mutable.includes(name)) {
      throw new TacoError('INVALID_ARGUMENT', `'${name}' is not mutable; name it in the options of compile`)
    }
    return this.values.get(name)!.host!
  }

  private free(name: string): void {
    for (const tensor of this.forms.get(name)?.values() ?? []) tensor.dispose()
    this.forms.delete(name)
  }

  dispose(): void {
    for (const name of [...this.forms.keys()]) this.free(name)
  }
}
