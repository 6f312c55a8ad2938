import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TacoError } from '@tacojs/errors'

/** The folder `benchmarks`, whether this runs from the sources or from what is compiled. */
const benchmarks = import.meta.url.slice(0, import.meta.url.lastIndexOf('/benchmarks/') + '/benchmarks/'.length)

export const resultsFolder = fileURLToPath(new URL('results/solver', benchmarks))

/** The models and images beside the repository. Throws NOT_FOUND where there are none. */
export function sharedFolder(folder = fileURLToPath(new URL('../../shared/data', benchmarks))): string {
  if (existsSync(folder)) return folder
  throw new TacoError('NOT_FOUND', `there is no '${folder}': the lab needs the models and images that lie there`)
}
