import { optimize } from '@tacojs/graph'
import { kernelsWasm } from '@tacojs/kernels-wasm'
import { decodeBundle } from '@tacojs/model-io/bundle'

/** The specialist of a bundle, given the bytes of its files by name; `options` are those of kernelsWasm. */
export async function openSpecialist(files, options) {
  const { graph: stored, preprocess } = decodeBundle(files)
  const graph = optimize(stored)
  const program = await kernelsWasm(options).compile(graph)
  const shape = [1, ...preprocess.inputSize]
  const size = shape.reduce((a, b) => a * b)
  return {
    /** Logits of each of the images that lie one behind the other in `pixels`, normalized already. */
    async classify(pixels) {
      const logits = []
      for (let at = 0; at < pixels.length; at += size) {
        const image = { dtype: 'float32', shape, data: pixels.subarray(at, at + size) }
        const outputs = await program.run({ [graph.inputs[0].name]: image })
        logits.push([...outputs[graph.outputs[0].name].data])
      }
      return logits
    },
    /** What it runs on. */
    facts: () => ({ threads: program.threads, why: program.whyFewerThreads, build: program.build }),
    dispose: () => program.dispose(),
  }
}

/** Opens, classifies, disposes. */
export async function classifyOnce(files, pixels, options) {
  const specialist = await openSpecialist(files, options)
  const logits = await specialist.classify(pixels)
  const facts = specialist.facts()
  specialist.dispose()
  return { logits, ...facts }
}
