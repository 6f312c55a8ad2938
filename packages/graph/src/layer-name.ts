/** Names that exporters make up: 'onnx::MatMul_123', 'val_13', '/blocks/…/Constant_output_0', 'MatMul_7'. */
const anonymous = (name: string): boolean => /^(onnx::|val_\d|\/|_)|^[A-Za-z]+_\d+$|^\d+$|_output_\d+$/.test(name)

const stemOf = (name: string | undefined, suffix: string): string | undefined =>
  name && !anonymous(name) && name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined

/**
 * A layer's name as its framework knows it ('blocks.0.attn.qkv', 'layer1.0.conv1'): from the weight's or the bias's
 * name where it is meaningful, else from the node's path ('/blocks/blocks.0/attn/qkv/MatMul').
 */
export function layerName(nodeName: string, weightName: string, biasName?: string): string {
  const stem =
    stemOf(weightName, '.folded.weight') ??
    stemOf(weightName, '.weight') ??
    stemOf(biasName, '.folded.bias') ??
    stemOf(biasName, '.bias')
  if (stem) return stem
  if (!nodeName.startsWith('/')) return nodeName
  // TorchScript repeats a container's name: /blocks/blocks.0/attn/qkv/MatMul → blocks.0.attn.qkv
  const parts = nodeName.split('/').filter((part) => part !== '')
  const path = parts.length > 1 ? parts.slice(0, -1) : parts
  const kept = path.filter((part, i) => !(path[i + 1]?.startsWith(`${part}.`) ?? false))
  return kept.join('.')
}
