import type { Graph } from '../graph.js'
import { foldBatchNormalization } from './fold-batch-normalization.js'
import { foldConstants } from './fold-constants.js'
import { foldShapes } from './fold-shapes.js'
import { mergeTransposes } from './merge-transposes.js'
import { recognizeAttention } from './recognize-attention.js'
import { recognizeGelu } from './recognize-gelu.js'
import { recognizeLayerNormalization } from './recognize-layer-normalization.js'
import { recognizeLayerScale } from './recognize-layer-scale.js'
import { recognizeLinear } from './recognize-linear.js'
import { recognizeView } from './recognize-view.js'
import { removeBroadcast } from './remove-broadcast.js'
import { removeDead } from './remove-dead.js'
import { removeIdentity } from './remove-identity.js'
import { simplifyTranspose } from './simplify-transpose.js'

export interface Pass {
  readonly name: string
  readonly run: (graph: Graph) => Graph
}

/** All passes in the order they run. None changes what is computed. */
export const passes: readonly Pass[] = [
  { name: 'foldConstants', run: foldConstants },
  { name: 'foldShapes', run: foldShapes },
  { name: 'recognizeView', run: recognizeView },
  { name: 'removeIdentity', run: removeIdentity },
  { name: 'removeBroadcast', run: removeBroadcast },
  { name: 'simplifyTranspose', run: simplifyTranspose },
  { name: 'mergeTransposes', run: mergeTransposes },
  { name: 'removeDead', run: removeDead },
  { name: 'recognizeGelu', run: recognizeGelu },
  { name: 'recognizeLayerNormalization', run: recognizeLayerNormalization },
  { name: 'recognizeLinear', run: recognizeLinear },
  { name: 'foldBatchNormalization', run: foldBatchNormalization },
  { name: 'recognizeAttention', run: recognizeAttention },
  { name: 'recognizeLayerScale', run: recognizeLayerScale },
  { name: 'removeDead', run: removeDead },
]

/** The graph that backends and solvers work on: all passes, in order. Throws as `inferTypes` does. */
export const optimize = (graph: Graph): Graph => passes.reduce((g, pass) => pass.run(g), graph)
