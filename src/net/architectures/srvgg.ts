import { type Architecture, hasAll, pictures } from './architecture.ts'
import { run, shuffleFactor } from './layers.ts'

/** SRVGGNetCompact of Real-ESRGAN (Wang et al., 2021): convolutions with PReLU, a shuffle, and the enlarged input added. */
export const srvgg: Architecture = {
  name: 'SRVGG',
  summary: 'SRVGG, also Compact: super-resolution of Real-ESRGAN; body.0.weight body.1.weight',
  recognises: (weights) =>
    hasAll('body.0.weight', 'body.1.weight', 'body.2.weight')(weights) &&
    weights.shape('body.0.weight')?.length === 4 &&
    weights.shape('body.1.weight')?.length === 1,
  build(layers, x) {
    const last = run(layers.weights, (i) => `body.${i}.weight`) - 1
    const channels = layers.shape('body.0.weight', 4)[1]!
    let value = x
    for (let i = 0; i <= last; i += 2) {
      value = layers.conv(`body.${i}`, value)
      if (i < last) value = layers.prelu(`body.${i + 1}`, value)
    }
    const scale = shuffleFactor(layers.weights, `body.${last}.weight`, channels)
    const output = layers.add(layers.shuffle(value, scale), layers.upsample(x, scale))
    return { output, channels, meaning: pictures(channels, scale) }
  },
}
