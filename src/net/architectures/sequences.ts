import { ConvoError } from '../../error.ts'
import { type Architecture, type Layers, toPicture } from './architecture.ts'

// Convolutions one after another. Publications differ in how they name them.

const weightOf = (name: string): string => `${name}.weight`

/** The height of a layer's kernel. */
const heightOf = ({ weights }: Layers, name: string): number | undefined => weights.shape(weightOf(name))?.[2]

/** The convolutions of ESPCN in PyTorch's example, and in the paper, as implemented by yjn870 and Lornatang. */
const espcnNames = [
  ['conv1', 'conv2', 'conv3', 'conv4'],
  ['first_part.0', 'first_part.2', 'last_part.0'],
  ['feature_maps.0', 'feature_maps.2', 'sub_pixel.0'],
]

/** ESPCN (Shi et al., 2016): a few convolutions and a pixel shuffle, on luminance only. */
export const espcn: Architecture = {
  name: 'ESPCN',
  summary:
    'ESPCN: super-resolution by a pixel shuffle; conv1.weight to conv4.weight, or first_part.0.weight last_part.0.weight',
  build(layers, x) {
    const names = espcnNames.find(
      (own) =>
        layers.hasAll(...own.map(weightOf)) &&
        heightOf(layers, own[0]!) === 5 &&
        heightOf(layers, own.at(-1)!) === 3,
    )
    if (names === undefined) return undefined
    const [first, last] = [names[0]!, names.at(-1)!]
    const activation = first === 'conv1' ? layers.relu : layers.tanh
    const [, channels = 1] = layers.shape(weightOf(first), 4)
    const inner = names.slice(0, -1).reduce((value, name) => activation(layers.conv(name, value)), x)
    const made = layers.conv(last, inner)
    const scale = layers.shuffleFactor(last, channels)
    return toPicture(layers.shuffle(made, scale), channels, scale)
  },
}

/** The three convolutions of SRCNN in the code of yjn870 and of Lornatang. */
const srcnnNames = [
  ['conv1', 'conv2', 'conv3'],
  ['features.0', 'map.0', 'reconstruction'],
] as const

/** SRCNN (Dong et al., 2014): sharpens a picture that was enlarged with bicubic interpolation first. */
export const srcnn: Architecture = {
  name: 'SRCNN',
  summary: 'SRCNN: sharpens enlarged pictures; conv1.weight 9x9, conv2.weight, conv3.weight',
  build(layers, x) {
    const { shape } = layers.weights
    const names = srcnnNames.find(
      (own) =>
        layers.hasAll(...own.map(weightOf)) &&
        !layers.has('conv4.weight') &&
        heightOf(layers, own[0]) === 9 &&
        shape(weightOf(own[0]))?.[1] === shape(weightOf(own[2]))?.[0],
    )
    if (names === undefined) return undefined
    const [first, second, third] = names
    const [, channels = 1] = layers.shape(weightOf(first), 4)
    const inner = layers.relu(layers.conv(second, layers.relu(layers.conv(first, x))))
    return toPicture(layers.conv(third, inner), channels, 1)
  },
}

/** SRVGGNetCompact of Real-ESRGAN (Wang et al., 2021): convolutions with PReLU, a shuffle, and the enlarged input added. */
export const srvgg: Architecture = {
  name: 'SRVGG',
  summary: 'SRVGG, also Compact: super-resolution of Real-ESRGAN; body.0.weight body.1.weight',
  build(layers, x) {
    const { shape } = layers.weights
    const isOwn =
      layers.hasAll('body.0.weight', 'body.1.weight', 'body.2.weight') &&
      shape('body.0.weight')?.length === 4 &&
      shape('body.1.weight')?.length === 1
    if (!isOwn) return undefined
    const last = layers.run((i) => `body.${i}`) - 1
    const channels = layers.shape('body.0.weight', 4)[1]!
    let value = x
    for (let i = 0; i <= last; i += 2) {
      value = layers.conv(`body.${i}`, value)
      if (i < last) value = layers.prelu(`body.${i + 1}`, value)
    }
    const scale = layers.shuffleFactor(`body.${last}`, channels)
    return toPicture(layers.add(layers.shuffle(value, scale), layers.upsample(x, scale)), channels, scale)
  },
}

/** The layers of FSRCNN in the code of yjn870 and of Lornatang: the runs before the deconvolution, and that. */
const fsrcnnNames = [
  { before: ['first_part', 'mid_part'], last: 'last_part' },
  { before: ['feature_extraction', 'shrink', 'map', 'expand'], last: 'deconv' },
] as const

/** FSRCNN (Dong et al., 2016): like SRCNN, but on the small picture, which a 9x9 deconvolution enlarges at the end. */
export const fsrcnn: Architecture = {
  name: 'FSRCNN',
  summary:
    'FSRCNN: super-resolution by a 9x9 deconvolution; first_part.0.weight mid_part.0.weight last_part.weight',
  build(layers, x, scale) {
    // each convolution is followed by a PReLU; the middle may be missing
    const repeated = ['mid_part', 'map']
    const pairsOf = (part: string) =>
      Array.from(
        {
          length: Math.max(
            repeated.includes(part) ? 0 : 1,
            layers.run((i) => `${part}.${2 * i}`),
          ),
        },
        (_, i) => {
          return [`${part}.${2 * i}`, `${part}.${2 * i + 1}`] as const
        },
      )
    const naming = fsrcnnNames.find(({ before, last }) => {
      const slopes = before.flatMap(pairsOf).map(([, prelu]) => weightOf(prelu))
      return layers.hasAll(weightOf(last), ...slopes) && heightOf(layers, last) === 9
    })
    if (naming === undefined) return undefined
    const pairs = naming.before.flatMap(pairsOf)
    if (scale === undefined) {
      const { file } = layers.weights
      throw new ConvoError('E_NET_FORMAT', `the scale of ${file} is unknown`, {
        why: `${file}: FSRCNN of x2, x3 and x4 have the same shapes`,
        fix: 'x2, x3 or x4 in the name of the file, such as fsrcnn_x2.pth',
      })
    }
    const [, channels = 1] = layers.shape(weightOf(pairs[0]![0]), 4)
    const value = pairs.reduce((inner, [conv, prelu]) => layers.prelu(prelu, layers.conv(conv, inner)), x)
    const how = { stride: scale, padding: 4, outputPadding: scale - 1 }
    return toPicture(layers.convTranspose(naming.last, value, how), channels, scale)
  },
}

/** Prefixes of the layers of DnCNN in the authors' code (KAIR) and in others. Their numbers include the rectifiers. */
const dncnnPrefixes = ['model', 'dncnn', 'net', 'layers']

/** The fewest 3x3 layers of DnCNN. IRCNN, for example, has seven, with dilations that its tensors do not reveal. */
const fewest = 9

/** Finds a sequence of 3x3 convolutions and batch norms: the prefix and the numbers of its convolutions. */
function convsOf({
  weights,
}: Layers): { readonly prefix: string; readonly convs: readonly number[] } | undefined {
  for (const prefix of dncnnPrefixes) {
    const shapes = new Map<number, readonly number[]>()
    for (let i = 0, gap = 0; gap < 4; i++, gap++) {
      const shape = weights.shape(`${prefix}.${i}.weight`)
      if (shape !== undefined) gap = 0
      if (shape?.length !== 4) continue
      if (shape[2] !== 3 || shape[3] !== 3) return undefined
      shapes.set(i, shape)
    }
    if (shapes.has(0) && shapes.size >= fewest && isSequence([...shapes.values()]))
      return { prefix, convs: [...shapes.keys()] }
  }
  return undefined
}

/** Whether the first convolution takes a picture, the last one outputs one, and all others have the same channels. */
function isSequence(shapes: readonly (readonly number[])[]): boolean {
  const [wide = 0, taken = 0] = shapes[0]!
  const [made = 0] = shapes.at(-1)!
  const between = shapes.slice(1, -1).every(([out, into]) => out === wide && into === wide)
  return between && made <= 4 && taken === made
}

/** DnCNN (Zhang et al., 2017): predicts the noise and subtracts it from the picture. */
export const dncnn: Architecture = {
  name: 'DnCNN',
  summary: 'DnCNN: removes noise or JPEG blocks; model.0.weight model.2.weight, all 3x3',
  build(layers, x) {
    const found = convsOf(layers)
    if (found === undefined) return undefined
    const { prefix, convs } = found
    const name = (i: number) => `${prefix}.${i}`
    let value = x
    for (const [k, i] of convs.entries()) {
      value = layers.conv(name(i), value)
      if (layers.has(`${name(i + 1)}.running_mean`)) value = layers.batchNorm(name(i + 1), value)
      if (k < convs.length - 1) value = layers.relu(value)
    }
    const [, channels = 1] = layers.shape(weightOf(name(0)), 4)
    return toPicture(layers.subtract(x, value), channels, 1)
  },
}
