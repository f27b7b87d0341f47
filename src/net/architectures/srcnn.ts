import { type Architecture, hasAll, pictures } from './architecture.ts'
import type { Weights } from './weights.ts'

const kernel = (weights: Weights, name: string) => weights.shape(`${name}.weight`)?.[2]

/** SRCNN (Dong et al., 2014): sharpens a picture that was enlarged before by a bicubic kernel. */
export const srcnn: Architecture = {
  name: 'SRCNN',
  summary: 'SRCNN: sharpens enlarged pictures; conv1.weight 9x9, conv2.weight, conv3.weight',
  recognises: (weights) =>
    hasAll('conv1.weight', 'conv2.weight', 'conv3.weight')(weights) &&
    weights.shape('conv4.weight') === undefined &&
    kernel(weights, 'conv1') === 9 &&
    weights.shape('conv1.weight')?.[1] === weights.shape('conv3.weight')?.[0],
  build(layers, x) {
    const [, channels = 1] = layers.shape('conv1.weight', 4)
    const output = layers.conv(
      'conv3',
      layers.relu(layers.conv('conv2', layers.relu(layers.conv('conv1', x)))),
    )
    return { output, channels, meaning: pictures(channels, 1) }
  },
}
