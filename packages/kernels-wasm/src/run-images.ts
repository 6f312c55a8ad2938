import { sizeOf, type Tensor } from '@tacojs/graph'
import type { RunOptions } from '@tacojs/runtime'
import type { Engine } from './engine.js'
import type { PlacedPlan } from './plan/place.js'

export type Shapes = Readonly<Record<string, readonly number[]>>

/** The number of images of a batch: the size of all inputs along axis 0, where it is one. */
export function imagesOf(shapes: Shapes): number | undefined {
  const sizes = new Set(Object.values(shapes).map(([size]) => size))
  return sizes.size === 1 ? [...sizes][0] : undefined
}

export const ofOneImage = (shapes: Shapes): Shapes =>
  Object.fromEntries(Object.entries(shapes).map(([name, [, ...rest]]) => [name, [1, ...rest]]))

/** Whether a plan for one image is one list of commands from its inputs to its outputs, with nothing on the host. */
export const runsInOneList = ({ plan, stages }: PlacedPlan): boolean =>
  stages.length === 1 &&
  'list' in stages[0]! &&
  plan.inputs.every(({ view }) => view) &&
  plan.outputs.every(({ shape, view }) => view && shape[0] === 1)

/** An array for an output of so many floats: a spare one where there is one. */
export const outputArray = (length: number, spare: RunOptions['spare']): Float32Array => {
  const given = spare?.(length)
  return given?.length === length ? given : new Float32Array(length)
}

/**
 * Runs a plan for one image on a batch, in as many places as there are threads or images: as many images at a time, each
 * on one thread. The last ones, where they would leave half of the threads or more without any, go one after the other
 * through all threads. It is one plan either way, and so the results are the same bits. Throws as `Engine.run`.
 */
export function runImages(
  engine: Engine,
  places: readonly PlacedPlan[],
  inputs: Readonly<Record<string, Tensor>>,
  images: number,
  wanted: number,
  spare?: RunOptions['spare'],
): { readonly outputs: Record<string, Tensor>; readonly threads: number } {
  const { plan } = places[0]!
  const outputs = plan.outputs.map(({ name, shape: [, ...rest] }) => {
    const shape = [images, ...rest]
    return { name, shape, data: outputArray(sizeOf(shape), spare) }
  })
  let threads = 0
  for (let first = 0; first < images; first += places.length) {
    const some = places.slice(0, images - first)
    some.forEach(({ floats }, i) => {
      for (const { name, view } of plan.inputs) {
        const target = floats(view!)
        const from = (first + i) * target.length
        target.set((inputs[name]!.data as Float32Array).subarray(from, from + target.length))
      }
    })
    threads = Math.max(threads, runPlaces(engine, some, wanted))
    some.forEach(({ floats }, i) => {
      plan.outputs.forEach(({ view }, k) => {
        const values = floats(view!)
        outputs[k]!.data.set(values, (first + i) * values.length)
      })
    })
  }
  return {
    outputs: Object.fromEntries(
      outputs.map(({ name, shape, data }): [string, Tensor] => [name, { dtype: 'float32', shape, data }]),
    ),
    threads,
  }
}

function runPlaces(engine: Engine, places: readonly PlacedPlan[], wanted: number): number {
  const stages = places.map(({ stages: [stage] }) => stage as { readonly list: number; readonly count: number })
  if (stages.length * 2 <= wanted || stages.length === 1) {
    return Math.max(...stages.map(({ list, count }) => engine.run(list, count)))
  }
  return engine.runLists(
    stages.map(({ list }) => list),
    stages[0]!.count,
  )
}
