/**
 * Trains the bundled generalist on the procedural task and writes packages/samples/assets: model.onnx, config.json.
 * `npx tsx --conditions=@tacojs/source tools/src/train-sample/train.ts` (about ten minutes on one core). Deterministic: the same script gives the same weights.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLinalg } from '@tacojs/linalg'
import { exportOnnx } from '@tacojs/model-io'
import { classNames, generalistFolder, renderSample, SAMPLE_SIZE } from '@tacojs/samples'
import { toGraph } from './export.js'
import { crossEntropy } from './layers.js'
import { createNetwork, forward } from './network.js'
import { activation, type Activation, type Tape } from './tape.js'

const TRAIN_PER_CLASS = Number(process.env['PER_CLASS'] ?? 500)
const STEPS = Number(process.env['STEPS'] ?? 3000)
const BATCH = 32
const RATE = 0.05
const DECAY = 5e-4
const MEAN = 0.5
const STD = 0.25

let state = 1
/** Park and Miller's generator: enough for shuffling and initial weights. */
const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647

const render = (perClass: number, seed: number): { pixels: Uint8Array; label: number }[] =>
  classNames.flatMap((_, label) =>
    Array.from({ length: perClass }, (_, i) => ({ pixels: renderSample(label, i, seed), label })),
  )

/** Normalised, channels last; while training each image is flipped and transposed at random. */
function load(images: readonly { pixels: Uint8Array }[], augment: boolean): Activation {
  const s = SAMPLE_SIZE
  const x = activation(images.length, s, s, 3)
  images.forEach(({ pixels }, n) => {
    const [flipX, flipY, swap] = [0, 0, 0].map(() => augment && random() < 0.5)
    for (let y = 0; y < s; y++) {
      for (let c = 0; c < s; c++) {
        const [a, b] = swap ? [c, y] : [y, c]
        const from = ((flipY ? s - 1 - a : a) * s + (flipX ? s - 1 - b : b)) * 3
        const to = ((n * s + y) * s + c) * 3
        for (let k = 0; k < 3; k++) x.data[to + k] = (pixels[from + k]! / 255 - MEAN) / STD
      }
    }
  })
  return x
}

const linalg = await createLinalg()
const train = render(TRAIN_PER_CLASS, 0)
const dev = render(40, 1)
const network = createNetwork([16, 32, 64], classNames.length, random)
const started = performance.now()
for (let step = 0; step < STEPS; step++) {
  const batch = Array.from({ length: BATCH }, () => train[Math.floor(random() * train.length)]!)
  const tape: Tape = { linalg, training: true, steps: [] }
  const logits = forward(tape, network, load(batch, true))
  const { loss, correct } = crossEntropy(
    tape,
    logits,
    network.head.bias,
    batch.map((b) => b.label),
  )
  // SGD with Nesterov momentum 0.9, five per cent warm-up, then cosine
  const rate = RATE * Math.min(1, step / (0.05 * STEPS)) * 0.5 * (1 + Math.cos((Math.PI * step) / STEPS))
  for (const p of network.parameters) {
    for (let i = 0; i < p.data.length; i++) {
      const grad = p.grad[i]! + (p.decay ? DECAY * p.data[i]! : 0)
      p.momentum[i] = 0.9 * p.momentum[i]! + grad
      p.data[i]! -= rate * (grad + 0.9 * p.momentum[i]!)
    }
    p.grad.fill(0)
  }
  if (step % 25 === 24) {
    const seconds = (performance.now() - started) / 1000
    console.info(`step ${step + 1}/${STEPS} loss ${loss.toFixed(3)} right ${correct}/${BATCH} ${seconds.toFixed(0)} s`)
  }
}
let right = 0
for (let at = 0; at < dev.length; at += BATCH) {
  const batch = dev.slice(at, at + BATCH)
  const tape: Tape = { linalg, training: false, steps: [] }
  const logits = forward(tape, network, load(batch, false))
  for (const [n, { label }] of batch.entries()) {
    const row = Array.from({ length: logits.c }, (_, c) => logits.data[n * logits.c + c]! + network.head.bias.data[c]!)
    if (row.indexOf(Math.max(...row)) === label) right++
  }
}
console.info(`dev: ${right} of ${dev.length}`)
await writeFile(join(generalistFolder, 'model.onnx'), exportOnnx(toGraph(network)))
const config = {
  architecture: 'taco_sample_resnet',
  num_classes: classNames.length,
  pretrained_cfg: {
    input_size: [3, SAMPLE_SIZE, SAMPLE_SIZE],
    interpolation: 'bilinear',
    crop_pct: 1,
    crop_mode: 'center',
    mean: [MEAN, MEAN, MEAN],
    std: [STD, STD, STD],
    license: 'apache-2.0',
  },
}
await writeFile(join(generalistFolder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`)
linalg.dispose()
