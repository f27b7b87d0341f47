import { type Architecture, hasAll, pictures } from './architecture.ts'
import { type Layers, shuffleFactor } from './layers.ts'
import type { Weights } from './weights.ts'

/** How one publication names its convolutions, and the activation after each of them except the last. */
type Naming = {
  readonly names: readonly string[]
  readonly activation: (layers: Layers, x: string) => string
}

const tanh: Naming['activation'] = (layers, x) => layers.tanh(x)

const namings: readonly Naming[] = [
  // PyTorch's example
  { names: ['conv1', 'conv2', 'conv3', 'conv4'], activation: (layers, x) => layers.relu(x) },
  // the paper, as implemented by yjn870 and Lornatang
  { names: ['first_part.0', 'first_part.2', 'last_part.0'], activation: tanh },
  { names: ['feature_maps.0', 'feature_maps.2', 'sub_pixel.0'], activation: tanh },
]

const namingOf = (weights: Weights): Naming | undefined =>
  namings.find(
    ({ names }) =>
      hasAll(...names.map((name) => `${name}.weight`))(weights) &&
      weights.shape(`${names[0]}.weight`)?.[2] === 5 &&
      weights.shape(`${names.at(-1)}.weight`)?.[2] === 3,
  )

/** ESPCN (Shi et al., 2016): a few convolutions and a pixel shuffle, on luminance only. */
export const espcn: Architecture = {
  name: 'ESPCN',
  summary:
    'ESPCN: super-resolution by a pixel shuffle; conv1.weight to conv4.weight, or first_part.0.weight last_part.0.weight',
  recognises: (weights) => namingOf(weights) !== undefined,
  build(layers, x) {
    const { names, activation } = namingOf(layers.weights)!
    const [, channels = 1] = layers.shape(`${names[0]}.weight`, 4)
    let value = x
    for (const [i, name] of names.entries()) {
      value = layers.conv(name, value)
      if (i < names.length - 1) value = activation(layers, value)
    }
    const scale = shuffleFactor(layers.weights, `${names.at(-1)}.weight`, channels)
    return { output: layers.shuffle(value, scale), channels, meaning: pictures(channels, scale) }
  },
}
