import { add, batchNorm, conv, globalAveragePool, relu, type BatchNorm } from './layers.js'
import { parameter, type Activation, type Parameter, type Tape } from './tape.js'

/** A convolution followed by batch normalisation. */
export interface ConvNorm {
  readonly name: string
  readonly k: number
  readonly stride: number
  readonly inputs: number
  readonly outputs: number
  readonly weight: Parameter
  readonly bn: BatchNorm
}

export interface Block {
  readonly first: ConvNorm
  readonly second: ConvNorm
  readonly shortcut?: ConvNorm
}

/** A small ResNet: a stride-2 stem and three stages of two basic blocks (He et al. 2015). */
export interface Network {
  readonly stem: ConvNorm
  readonly blocks: readonly Block[]
  readonly head: {
    readonly weight: Parameter
    readonly bias: Parameter
    readonly inputs: number
    readonly classes: number
  }
  readonly parameters: readonly Parameter[]
}

export function createNetwork(widths: readonly number[], classes: number, random: () => number): Network {
  const parameters: Parameter[] = []
  const keep = (p: Parameter): Parameter => {
    parameters.push(p)
    return p
  }
  // normal by Box and Muller, scaled by He's rule
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const unit = (name: string, inputs: number, outputs: number, k: number, stride: number): ConvNorm => {
    const fan = k * k * inputs
    const weight = Float32Array.from({ length: fan * outputs }, () => normal() * Math.sqrt(2 / fan))
    const bn = {
      scale: keep(parameter(`${name}.bn.weight`, new Float32Array(outputs).fill(1))),
      shift: keep(parameter(`${name}.bn.bias`, new Float32Array(outputs))),
      mean: new Float32Array(outputs),
      variance: new Float32Array(outputs).fill(1),
    }
    return { name, k, stride, inputs, outputs, weight: keep(parameter(`${name}.weight`, weight, true)), bn }
  }
  const stem = unit('conv1', 3, widths[0]!, 3, 2)
  const blocks: Block[] = []
  let width = widths[0]!
  widths.forEach((outputs, stage) => {
    for (let b = 0; b < 2; b++) {
      const name = `layer${stage + 1}.${b}`
      const stride = stage > 0 && b === 0 ? 2 : 1
      const change = stride !== 1 || width !== outputs
      blocks.push({
        first: unit(`${name}.conv1`, width, outputs, 3, stride),
        second: unit(`${name}.conv2`, outputs, outputs, 3, 1),
        ...(change ? { shortcut: unit(`${name}.downsample.0`, width, outputs, 1, stride) } : {}),
      })
      width = outputs
    }
  })
  const weight = Float32Array.from({ length: width * classes }, () => normal() * Math.sqrt(1 / width))
  const head = {
    weight: keep(parameter('fc.weight', weight, true)),
    bias: keep(parameter('fc.bias', new Float32Array(classes))),
    inputs: width,
    classes,
  }
  return { stem, blocks, head, parameters }
}

/** Logits [n, 1, 1, classes], without the head's bias (the loss adds it). */
export function forward(tape: Tape, network: Network, x: Activation): Activation {
  const unit = (input: Activation, u: ConvNorm): Activation =>
    batchNorm(tape, conv(tape, input, u.weight, u.k, u.stride), u.bn)
  let value = relu(tape, unit(x, network.stem))
  for (const { first, second, shortcut } of network.blocks) {
    const inner = unit(relu(tape, unit(value, first)), second)
    value = relu(tape, add(tape, inner, shortcut ? unit(value, shortcut) : value))
  }
  return conv(tape, globalAveragePool(tape, value), network.head.weight, 1, 1)
}
