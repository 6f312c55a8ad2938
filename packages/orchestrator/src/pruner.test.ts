import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNumerics } from '@tacojs/solver'
import { residualNetwork } from './allocate/testing/network.js'
import { openBackend } from './backends.js'
import { StageTimer } from './progress.js'
import { createPruner } from './pruner.js'
import { parseRecipe } from './recipe.js'
import { openWorkFolder, workFolderOf } from './resume/work-folder.js'
import { randomTensors } from './testing/layers.js'

const graph = residualNetwork(16)
const random = randomTensors(3)
const inputs = [random([4, 3, 6, 6]), random([3, 3, 6, 6])]
let parent: string
beforeEach(async () => (parent = await mkdtemp(join(tmpdir(), 'taco-pruner-'))))
afterEach(() => rm(parent, { recursive: true, force: true }))

/** Prunes to the end, or to what stops it; gives the stages whose work is kept, and what was measured on the way. */
async function run(
  fields: object,
  warmStart = false,
): Promise<{ kept: string[]; measured: string[]; error?: unknown }> {
  const out = join(parent, 'bundle')
  const work = await openWorkFolder(out)
  const linalg = await createNumerics()
  const measured: string[] = []
  let error: unknown
  try {
    const recipe = parseRecipe({ model: '-', data: '-', target: 'dense', allocation: 'marginal', ...fields })
    const prune = await createPruner(graph, inputs, 'prune', {
      ...{ backend: openBackend('tfjs-cpu'), linalg, recipe, warmStart, threads: 1, work, timer: new StageTimer() },
      progress: (stage) => (_done, _total, detail) => void (stage === 'allocate' && measured.push(String(detail))),
      warn: () => undefined,
    })
    await prune()
  } catch (cause) {
    error = cause
  } finally {
    linalg.dispose()
    await work.release()
  }
  const kept = (await readdir(workFolderOf(out))).sort()
  return { kept, measured, ...(error === undefined ? {} : { error }) }
}

test('what was measured of the layers is the next target’s as well, whatever that is', async () => {
  const refused = await run({ maxBytes: 10 })
  expect(refused).toMatchObject({ error: { code: 'OUT_OF_REACH' }, kept: ['prune-measured'] })
  expect(refused.measured).toContain('block.conv1')
  for (const fields of [{ maxBytes: 11 }, { maxDrop: 1 }, { allocation: 'dp', budget: 'macs', maxBytes: 12 }]) {
    expect((await run(fields)).measured).toEqual([])
  }
  expect(await run({ sparsity: 0.9 })).toMatchObject({ measured: [], kept: ['prune', 'prune-measured'] })
})

test('whether zeros stay is a difference, however that was decided', async () => {
  await run({ sparsity: 0.9 })
  expect(await run({ sparsity: 0.9 }, true)).toMatchObject({
    error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('recipe.warmStart (false before, true now)') },
  })
})
