import { type Architecture, type Layers, toPicture } from './architecture.ts'

/** Spatially adaptive feature modulation (Sun et al., 2023), for sizes that are divisible at every level. */
export const safmn: Architecture = {
  name: 'SAFMN',
  summary:
    'SAFMN: super-resolution; to_feat.weight feats.0.safm.mfr.0.weight feats.0.ccm.ccm.0.weight to_img.0.weight',
  build(layers, x) {
    const own = ['to_feat', 'feats.0.safm.mfr.0', 'feats.0.ccm.ccm.0', 'to_img.0']
    if (!layers.hasAll(...own.map((name) => `${name}.weight`))) return undefined
    const channels = layers.shape('to_feat.weight', 4)[1]!
    const levels = layers.run((i) => `feats.0.safm.mfr.${i}`)
    const first = layers.conv('to_feat', x)
    let value = first
    const blocks = layers.run((i) => `feats.${i}.norm1`)
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
    const scale = layers.shuffleFactor('to_img.0', channels)
    const output = layers.shuffle(layers.conv('to_img.0', layers.add(value, first)), scale)
    return toPicture(output, channels, scale, { multiple: 2 ** (levels - 1) })
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
