import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TacoError } from '@tacojs/errors'
import { classNames, renderSample, SAMPLE_SIZE } from './render.js'

/** Sub-tasks of the generalist: a few of its classes each. */
export const subTasks: Readonly<Record<string, readonly string[]>> = {
  stars: ['solid star', 'striped star', 'checkered star', 'solid hexagon', 'striped hexagon', 'checkered hexagon'],
  round: ['solid disc', 'solid ring', 'solid crescent', 'striped disc', 'striped ring', 'striped crescent'],
}

/** Folder with the bundled generalist: `model.onnx`, and `config.json` with its preprocessing. */
export const generalistFolder: string = fileURLToPath(new URL('../assets/', import.meta.url))

export interface SampleTaskOptions {
  readonly task?: string
  readonly trainPerClass?: number
  readonly testPerClass?: number
}

/** Where everything of a sample task lies, as `taco specialize` takes it. */
export interface SampleTask {
  readonly model: string
  readonly labels: string
  /** `<dir>/<class>/*.png` */
  readonly train: string
  readonly test: string
  /** A flat folder of images of all other classes, as many as the task has for training. */
  readonly control: string
}

/**
 * Writes the images of a sub-task into a folder: training, test and control sets that share no image (and none with
 * the generalist's own training data, which has other seeds). Throws NOT_FOUND for an unknown task.
 */
export async function writeSampleTask(dir: string, options: SampleTaskOptions = {}): Promise<SampleTask> {
  const { task = 'stars', trainPerClass = 16, testPerClass = 50 } = options
  const classes = subTasks[task]
  if (!classes)
    throw new TacoError('NOT_FOUND', `no sample task '${task}'; there are: ${Object.keys(subTasks).join(', ')}`)
  const indices = classes.map((name) => classNames.indexOf(name))
  const others = classNames.map((_, i) => i).filter((i) => !indices.includes(i))
  const at = (name: string): string => join(dir, name)
  for (const index of indices) {
    const folder = classNames[index]!.replaceAll(' ', '_')
    for (let i = 0; i < trainPerClass; i++) await writeImage(join(at('train'), folder), i, index, TRAIN_SEED)
    for (let i = 0; i < testPerClass; i++) await writeImage(join(at('test'), folder), i, index, TEST_SEED)
  }
  for (let i = 0; i < trainPerClass * indices.length; i++) {
    await writeImage(at('control'), i, others[i % others.length]!, TRAIN_SEED)
  }
  await writeFile(at('labels.json'), JSON.stringify(classNames.map((name, index) => ({ index, name }))))
  return {
    model: generalistFolder,
    labels: at('labels.json'),
    train: at('train'),
    test: at('test'),
    control: at('control'),
  }
}

// The generalist was trained on seed 0 and chosen on seed 1 (tools/src/train-sample).
const TRAIN_SEED = 2
const TEST_SEED = 3

async function writeImage(folder: string, i: number, classIndex: number, seed: number): Promise<void> {
  const { default: sharp } = await import('sharp')
  await mkdir(folder, { recursive: true })
  const raw = { width: SAMPLE_SIZE, height: SAMPLE_SIZE, channels: 3 as const }
  await sharp(renderSample(classIndex, i, seed), { raw })
    .png()
    .toFile(join(folder, `${String(i).padStart(3, '0')}.png`))
}
