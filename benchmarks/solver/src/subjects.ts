/** A model, the task whose images it is pruned with, and the layers that are looked at unless others are named. */
export interface Subject {
  readonly task: string
  readonly layers: readonly string[]
}

/** Models of ../shared; layers that differ in place, in shape and in how hard they are to prune. */
export const subjects: Readonly<Record<string, Subject>> = {
  vit_tiny_patch16_224: {
    task: 'imagenette',
    layers: ['blocks.1.attn.qkv', 'blocks.6.attn.qkv', 'blocks.1.mlp.fc1', 'blocks.6.mlp.fc2', 'blocks.6.attn.proj'],
  },
  resnet18: { task: 'imagewoof', layers: ['layer1.0.conv1', 'layer3.0.conv2', 'layer4.1.conv2'] },
}

export const modelNames: readonly string[] = Object.keys(subjects)
