import { TacoError } from '@tacojs/errors'
import type { TimmConfig } from './config.js'
import { convnext } from './convnext.js'
import type { Network } from './network.js'
import { resnet } from './resnet.js'
import { vit } from './vit.js'

/** A family builds its network and returns the logits. */
type Family = (net: Network, config: TimmConfig) => string

/** By the architecture's name; those that are not meant have weights of the same names that mean something else. */
const families: readonly (readonly [named: RegExp, family: Family, except?: RegExp])[] = [
  [/^((wide_|eca|se)?resne[tx]|senet154|test_resnet$)/, resnet, /^resnetv2/],
  [/^((vit|deit3?|flexivit|eva|eva02|beit3|aimv2)_|test_vit\d?$)/, vit, /^vit_pe_/],
  [/^(convnext(v2)?_|test_convnext\d?$)/, convnext],
]

/** The family of an architecture. Throws UNSUPPORTED where there is none. */
export function familyOf({ architecture }: TimmConfig): Family {
  const found = families.find(([named, , except]) => named.test(architecture) && !except?.test(architecture))
  if (found) return found[1]
  throw new TacoError(
    'UNSUPPORTED',
    `architecture '${architecture}' is not one that is read from weights (ResNet, ViT, ConvNeXt): export the model to ONNX`,
  )
}
