import type { Graph } from '@tacojs/graph'

/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** A class of the specialist; more fields may say where it comes from. */
export interface BundleLabel {
  /** Position in the logits. */
  readonly index: number
  readonly name: string
  readonly [field: string]: JsonValue
}

/** A specialist: all that is needed to run it and to know what it is. */
export interface Bundle {
  readonly graph: Graph
  /** How an image becomes the graph's input. */
  readonly preprocess: JsonValue
  /** One per logit, in their order. */
  readonly labels: readonly BundleLabel[]
  readonly report: JsonValue
}

/** The files of a bundle beside the manifest. */
export const bundleFiles = ['model.onnx', 'weights.taco', 'preprocess.json', 'labels.json', 'report.json'] as const

export const MANIFEST = 'manifest.json'
export const FORMAT = 'taco-bundle'
export const VERSION = 1
