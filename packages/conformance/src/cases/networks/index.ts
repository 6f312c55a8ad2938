import { optimize } from '@tacojs/graph'
import { operatorName } from '../../operator-name.js'
import type { OperatorCase } from '../case.js'
import { network, type Builder } from '../network.js'
import { convnext, convnextBlock } from './convnext.js'
import type { Form } from './parts.js'
import { basicBlock, bottleneckBlock, resnet } from './resnet.js'
import { invertedBottleneck, mobileBlock, squeezeExcite } from './squeeze-excite.js'
import { vit, vitBlock, type VitSpec } from './vit.js'
import { windowAttention } from './windows.js'

type Spec = readonly [name: string, image: readonly number[], write: (b: Builder) => string]

const forms: readonly Form[] = ['exported', 'own']
const block: VitSpec = { form: 'exported', cut: 'Gather', tokens: 5, heads: 2, width: 8 }

const specs: readonly Spec[] = [
  ...forms.flatMap((form): Spec[] => [
    ...(['Gather', 'Split', 'Split of the last axis'] as const).map((cut): Spec => [
      `ViT block, ${form}, ${cut}`,
      [5, 8],
      (b) => vitBlock(b, { ...block, form, cut }, 'x'),
    ]),
    [`ViT block, ${form}, layer scale`, [5, 8], (b) => vitBlock(b, { ...block, form }, 'x', true)],
    [
      `ViT block, ${form}, 41 tokens, 3 heads`,
      [41, 24],
      (b) => vitBlock(b, { form, cut: 'Gather', tokens: 41, heads: 3, width: 24 }, 'x'),
    ],
    [`ViT, ${form}, class token`, [3, 8, 12], (b) => vit(b, form, 'class token')],
    [`ViT, ${form}, mean of tokens`, [3, 8, 12], (b) => vit(b, form, 'mean of tokens')],
    [`attention in windows, ${form}`, [8, 8, 6], (b) => windowAttention(b, form)],
    [`ConvNeXt block, ${form}`, [6, 7, 5], (b) => convnextBlock(b, form, 'x', 6)],
    [`ConvNeXt, ${form}`, [3, 20, 28], (b) => convnext(b, form)],
  ]),
  ['ResNet basic block', [5, 7, 7], (b) => basicBlock(b, 'x', 5, 5, 1)],
  ['ResNet basic block, stride 2', [5, 7, 9], (b) => basicBlock(b, 'x', 5, 8, 2)],
  ['ResNet bottleneck block', [8, 7, 7], (b) => bottleneckBlock(b, 'x', 8, 8, 1)],
  ['ResNet bottleneck block, stride 2', [8, 14, 13], (b) => bottleneckBlock(b, 'x', 8, 12, 2)],
  ['ResNet of basic blocks', [3, 31, 28], (b) => resnet(b, basicBlock)],
  ['ResNet of bottleneck blocks', [3, 31, 28], (b) => resnet(b, bottleneckBlock)],
  ['squeeze-excite', [6, 5, 7], (b) => squeezeExcite(b, 'x', 6, 'GlobalAveragePool')],
  ['inverted bottleneck with squeeze-excite', [6, 7, 9], invertedBottleneck],
  ['mobile block with hard activations', [6, 7, 9], mobileBlock],
]

const batches = [1, 7, 2]

/** What a backend really gets: the graph after the passes. */
const optimized = (plain: OperatorCase): OperatorCase => {
  const graph = (): ReturnType<OperatorCase['graph']> => optimize(plain.graph())
  return {
    ...plain,
    name: `${plain.name}, optimized`,
    operators: [...new Set(graph().nodes.map(operatorName))],
    graph,
  }
}

/** Small networks, each run at several batch sizes on one program: as written, after the passes, and sparse. */
export const networkCases: readonly OperatorCase[] = specs.flatMap(([name, image, write]) => {
  const inputs = { x: [1, ...image] }
  return [
    network(`network/${name}`, inputs, write, { batches }),
    optimized(network(`network/${name}`, inputs, write, { batches })),
    optimized(network(`network/${name}, 80 % zeros`, inputs, write, { batches, sparsity: ['unstructured', 0.8] })),
  ]
})
