import { type Architecture, hasAll, pictures } from './architecture.ts'
import { type Layers, run, shuffleFactor } from './layers.ts'

/** Spatially adaptive feature modulation (Sun et al., 2023), for sizes that are divisible at every level. */
export const safmn: Architecture = {
  name: 'SAFMN',
  summary:
    'SAFMN: super-resolution; to_feat.weight feats.0.safm.mfr.0.weight feats.0.ccm.ccm.0.weight to_img.0.weight',
  recognises: hasAll(
    'to_feat.weight',
    'feats.0.safm.mfr.0.weight',
    'feats.0.ccm.ccm.0.weight',
    'to_img.0.weight',
  ),
  build(layers, x) {
    const channels = layers.shape('to_feat.weight', 4)[1]!
    const levels = run(layers.weights, (i) => `feats.0.safm.mfr.${i}.weight`)
    const first = layers.conv('to_feat', x)
    let value = first
    const blocks = run(layers.weights, (i) => `feats.${i}.norm1.weight`)
    for (let i = 0; i < blocks; i++) {
      const name = `feats.${i}`
      value = layers.add(
        modulated(layers, `${name}.safm`, layers.channelNorm(`${name}.norm1`, value, 1e-6), levels),
        value,
      )
      const wide = layers.node('Gelu', [
        layers.conv(`${name}.ccm.ccm.0`, layers.channelNorm(`${name}.norm2`, value, 1e-6)),
      ])
      value = layers.add(layers.conv(`${name}.ccm.ccm.2`, wide), value)
    }
    const scale = shuffleFactor(layers.weights, 'to_img.0.weight', channels)
    const output = layers.shuffle(layers.conv('to_img.0', layers.add(value, first)), scale)
    return { output, channels, meaning: { ...pictures(channels, scale), multiple: 2 ** (levels - 1) } }
  },
}

/** Filters parts of the channels, each at half the size of the one before it, and multiplies the input by the result. */
function modulated(layers: Layers, name: string, x: string, levels: number): string {
  const parts = layers.split(
    x,
    Array.from({ length: levels }, (_, i) => layers.shape(`${name}.mfr.${i}.weight`, 4)[0]!),
  )
  const seen = parts.map((part, i) => {
    const size = 2 ** i
    const small = i === 0 ? part : layers.maxPool(part, size)
    return layers.upsample(layers.depthwise(`${name}.mfr.${i}`, small), size)
  })
  return layers.multiply(layers.node('Gelu', [layers.conv(`${name}.aggr`, layers.concat(...seen))]), x)
}
