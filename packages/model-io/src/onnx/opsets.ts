import { TacoError } from '@tacojs/errors'
import { toNumber, type Int64, type OperatorSetIdProto } from './proto.js'

const [OLDEST, NEWEST] = [1, 23]

/** Where onnxruntime's optimizer and quantizer have their operators, all of one version. */
const MICROSOFT = 'com.microsoft'

export interface Opsets {
  /** The version of the operators of a domain; throws where that was not imported or is not known. */
  versionOf(domain: string, where: string): number
}

export const plainDomain = (domain?: string | null): string => (domain === 'ai.onnx' || !domain ? '' : domain)

/** What `opset_import` states. Throws UNSUPPORTED for a version of ONNX's operators outside of what is known here. */
export function opsetsOf(imports: readonly OperatorSetIdProto[] | null | undefined): Opsets {
  const versions = new Map((imports ?? []).map((o) => [plainDomain(o.domain), toNumber((o.version ?? 0) as Int64)]))
  const version = versions.get('')
  if (version !== undefined && !(version >= OLDEST && version <= NEWEST)) {
    throw new TacoError(
      'UNSUPPORTED',
      `the model uses opset ${version}, ${OLDEST} to ${NEWEST} are supported: convert it with onnx.version_converter`,
    )
  }
  return {
    versionOf(domain, where) {
      if (!versions.has(domain)) {
        throw new TacoError('INVALID_MODEL', `${where}: the model imports no opset of domain "${domain || 'ai.onnx'}"`)
      }
      if (domain === MICROSOFT) return NEWEST
      if (domain !== '') {
        throw new TacoError('UNSUPPORTED', `${where}: operators of domain "${domain}" are not supported`)
      }
      return version!
    },
  }
}
