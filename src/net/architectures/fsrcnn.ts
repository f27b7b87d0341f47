import { ConvoError } from '../../error.ts'
import { type Architecture, hasAll, pictures } from './architecture.ts'
import { run } from './layers.ts'
import type { Weights } from './weights.ts'

/** The layers before the deconvolution, each a convolution followed by a PReLU, and the deconvolution. */
type Naming = {
  readonly before: (weights: Weights) => readonly (readonly [conv: string, prelu: string])[]
  readonly last: string
}

const namings: readonly Naming[] = [
  // yjn870
  {
    before: (weights) => [
      ['first_part.0', 'first_part.1'],
      ...Array.from({ length: run(weights, (i) => `mid_part.${2 * i}.weight`) }, (_, i) => {
        return [`mid_part.${2 * i}`, `mid_part.${2 * i + 1}`] as const
      }),
    ],
    last: 'last_part',
  },
  // Lornatang
  {
    before: (weights) => [
      ['feature_extraction.0', 'feature_extraction.1'],
      ['shrink.0', 'shrink.1'],
      ...Array.from({ length: run(weights, (i) => `map.${2 * i}.weight`) }, (_, i) => {
        return [`map.${2 * i}`, `map.${2 * i + 1}`] as const
      }),
      ['expand.0', 'expand.1'],
    ],
    last: 'deconv',
  },
]

const namingOf = (weights: Weights): Naming | undefined =>
  namings.find(
    ({ before, last }) =>
      hasAll(`${last}.weight`, ...before(weights).map(([, prelu]) => `${prelu}.weight`))(weights) &&
      weights.shape(`${last}.weight`)?.[2] === 9,
  )

/** FSRCNN (Dong et al., 2016): like SRCNN, but on the small picture, which a 9x9 deconvolution enlarges at the end. */
export const fsrcnn: Architecture = {
  name: 'FSRCNN',
  summary:
    'FSRCNN: super-resolution by a 9x9 deconvolution; first_part.0.weight mid_part.0.weight last_part.weight',
  recognises: (weights) => namingOf(weights) !== undefined,
  build(layers, x, scale) {
    const { before, last } = namingOf(layers.weights)!
    const names = before(layers.weights)
    if (scale === undefined) {
      const { file } = layers.weights
      throw new ConvoError('E_NET_FORMAT', `the scale of ${file} is unknown`, {
        why: `${file}: FSRCNN of x2, x3 and x4 have the same shapes`,
        fix: 'x2, x3 or x4 in the name of the file, such as fsrcnn_x2.pth',
      })
    }
    const [, channels = 1] = layers.shape(`${names[0]![0]}.weight`, 4)
    const value = names.reduce((inner, [conv, prelu]) => layers.prelu(prelu, layers.conv(conv, inner)), x)
    const output = layers.convTranspose(last, value, { stride: scale, padding: 4, outputPadding: scale - 1 })
    return { output, channels, meaning: pictures(channels, scale) }
  },
}
