import { TacoError } from '@tacojs/errors'

/** A model on the Hugging Face hub. */
export interface HubReference {
  /** `owner/name`, or a name alone. */
  readonly repo: string
  /** A branch, a tag, a pull request's ref or a commit. */
  readonly revision: string
}

const prefix = /^hf[-_]hub:/

/** Whether a model is named as timm names those of the hub: `hf-hub:owner/name@revision`. */
export const isHubReference = (model: string): boolean => prefix.test(model)

/**
 * `hf-hub:owner/name[@revision]`, `hf_hub:` being the same; the revision is `main` unless given. Both become names of
 * folders in the cache, so they are held to what the hub and git allow: nothing that leaves a folder can be written.
 *
 * @throws INVALID_ARGUMENT
 */
export function parseHubReference(model: string): HubReference {
  const [repo = '', revision = 'main', ...more] = model.replace(prefix, '').split('@')
  const parts = repo.split('/')
  if (parts.length > 2 || !parts.every(isRepoName) || repo.length > 96) {
    throw new TacoError(
      'INVALID_ARGUMENT',
      `'${printable(model)}' names no model on the hub: 'hf-hub:owner/name' or 'hf-hub:owner/name@revision' is needed`,
    )
  }
  if (more.length > 0 || !isRevision(revision)) {
    const stated = [revision, ...more].join('@')
    throw new TacoError(
      'INVALID_ARGUMENT',
      `'${printable(stated)}' is no revision of ${repo}: a branch, tag or commit is needed`,
    )
  }
  return { repo, revision }
}

/**
 * The hub's rule: letters, digits, `-`, `_`, `.`; neither `--` (the cache's separator) nor `..`, nor `-` or `.` at the
 * ends.
 */
const isRepoName = (name: string): boolean =>
  /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(name) && !name.includes('--') && !name.includes('..')

/** What of git's rule for refs is safe as a path and in a URL: names parted by `/`, none of them hidden, none `..`. */
const isRevision = (revision: string): boolean =>
  revision.length <= 255 &&
  revision.split('/').every((part) => /^[A-Za-z0-9_+-][A-Za-z0-9._+-]*$/.test(part) && !part.includes('..'))

/** A branch or a tag can move, a commit cannot. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision)

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
