import { type Architecture, hasAll, pictures } from './architecture.ts'
import type { Weights } from './weights.ts'

/** The names of the three convolutions in the code of yjn870 and of Lornatang. */
const namings: readonly (readonly [string, string, string])[] = [
  ['conv1', 'conv2', 'conv3'],
  ['features.0', 'map.0', 'reconstruction'],
]

const namingOf = (weights: Weights) =>
  namings.find(([first, second, third]) => {
    const [head, , tail] = [first, second, third].map((name) => weights.shape(`${name}.weight`))
    return (
      hasAll(`${first}.weight`, `${second}.weight`, `${third}.weight`)(weights) &&
      weights.shape('conv4.weight') === undefined &&
      head?.[2] === 9 &&
      head[1] === tail?.[0]
    )
  })

/** SRCNN (Dong et al., 2014): sharpens a picture that was enlarged with bicubic interpolation first. */
export const srcnn: Architecture = {
  name: 'SRCNN',
  summary: 'SRCNN: sharpens enlarged pictures; conv1.weight 9x9, conv2.weight, conv3.weight',
  recognises: (weights) => namingOf(weights) !== undefined,
  build(layers, x) {
    const [first, second, third] = namingOf(layers.weights)!
    const [, channels = 1] = layers.shape(`${first}.weight`, 4)
    const inner = layers.relu(layers.conv(second, layers.relu(layers.conv(first, x))))
    return { output: layers.conv(third, inner), channels, meaning: pictures(channels, 1) }
  },
}
