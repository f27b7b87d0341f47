import type { Constant } from '../network.ts'
import { type Architecture, type Layers, toPicture } from './architecture.ts'

/** Names in Real-ESRGAN and BasicSR, in ESRGAN and BSRGAN, and in the first ESRGAN, which numbers all layers in sequence. */
const namings = [
  {
    first: 'conv_first',
    dense: (block: number, part: number, conv: number) => `body.${block}.rdb${part}.conv${conv}`,
    trunk: (_: number) => 'conv_body',
    up: (step: number) => `conv_up${step}`,
    high: (_: number) => 'conv_hr',
    last: (_: number) => 'conv_last',
  },
  {
    first: 'conv_first',
    dense: (block: number, part: number, conv: number) => `RRDB_trunk.${block}.RDB${part}.conv${conv}`,
    trunk: (_: number) => 'trunk_conv',
    up: (step: number) => `upconv${step}`,
    high: (_: number) => 'HRconv',
    last: (_: number) => 'conv_last',
  },
  {
    first: 'model.0',
    dense: (block: number, part: number, conv: number) => `model.1.sub.${block}.RDB${part}.conv${conv}.0`,
    trunk: (blocks: number) => `model.1.sub.${blocks}`,
    up: (step: number) => `model.${3 * step}`,
    high: (ups: number) => `model.${3 * ups + 2}`,
    last: (ups: number) => `model.${3 * ups + 4}`,
  },
]

/** The slope of all leaky rectifiers, and the factor of a block's output when it is added to its input. */
const [slope, share] = [0.2, 0.2]

/** RRDBNet of ESRGAN (Wang et al., 2018) and Real-ESRGAN (2021): nested dense blocks, then nearest-neighbour enlargements by 2. */
export const esrgan: Architecture = {
  name: 'ESRGAN',
  summary:
    'ESRGAN, also RRDB and Real-ESRGAN, x1 to x8; conv_first.weight body.0.rdb1.conv1.weight, or model.1.sub.0.RDB1.conv1.0.weight',
  build(layers, x) {
    const naming = namings.find(({ first, dense }) =>
      layers.hasAll(`${first}.weight`, `${dense(0, 1, 1)}.weight`),
    )
    if (naming === undefined) return undefined
    const { first, dense, trunk, up, high, last } = naming
    const blocks = layers.run((i) => dense(i, 1, 1))
    const ups = upsOf(layers, naming)
    const taken = layers.shape(`${first}.weight`, 4)[1]!
    const made = layers.shape(`${last(ups)}.weight`, 4)[0]!
    // Real-ESRGAN x2 and x1 take 2x2 or 4x4 pixels as the channels of one
    const folded = taken === 4 * made ? 2 : taken === 16 * made ? 4 : 1
    const channels = taken / folded ** 2
    const head = folded === 1 ? layers.conv(first, x) : unshuffled(layers, first, x, folded)
    let value = head
    for (let block = 0; block < blocks; block++) {
      let inner = value
      for (let part = 1; part <= 3; part++) inner = denseBlock(layers, (i) => dense(block, part, i), inner)
      value = layers.add(layers.scale(inner, share), value)
    }
    value = layers.add(head, layers.conv(trunk(blocks), value))
    for (let step = 1; step <= ups; step++) {
      value = layers.leaky(layers.conv(up(step), layers.upsample(value, 2)), slope)
    }
    const output = layers.conv(last(ups), layers.leaky(layers.conv(high(ups), value), slope))
    return toPicture(output, channels, 2 ** ups / folded, folded === 1 ? {} : { multiple: folded })
  },
}

/** How often the picture is enlarged by 2. For the first ESRGAN, this follows from the number of the last layer. */
function upsOf(layers: Layers, { up, high, last }: (typeof namings)[number]): number {
  if (high(0) === high(1)) return layers.run((i) => up(i + 1))
  for (let ups = 0; ups <= 4; ups++) {
    if (layers.has(`${last(ups)}.weight`) && !layers.has(`${last(ups + 1)}.weight`)) return ups
  }
  return 0
}

function denseBlock(layers: Layers, name: (conv: number) => string, x: string): string {
  const parts = [x]
  for (let i = 1; i <= 4; i++) {
    const seen = parts.length === 1 ? x : layers.concat(...parts)
    parts.push(layers.leaky(layers.conv(name(i), seen), slope))
  }
  return layers.add(layers.scale(layers.conv(name(5), layers.concat(...parts)), share), x)
}

/**
 * `F.pixel_unshuffle` and a convolution. PyTorch orders the result as [c][y][x] and ONNX as [y][x][c], so the weights are
 * reordered.
 */
function unshuffled(layers: Layers, name: string, x: string, by: number): string {
  const folded = layers.node('SpaceToDepth', [x], { blocksize: by })
  const { type, shape, data } = layers.read(`${name}.weight`, 4)
  const [out = 0, taken = 0, high = 0, wide = 0] = shape
  const places = by * by
  const channels = taken / places
  const size = high * wide
  const moved: Constant = { type, shape, data: data.slice() }
  for (let o = 0; o < out; o++) {
    for (let c = 0; c < channels; c++) {
      for (let place = 0; place < places; place++) {
        const from = (o * taken + c * places + place) * size
        moved.data.set(data.subarray(from, from + size), (o * taken + place * channels + c) * size)
      }
    }
  }
  return layers.conv(name, folded, {}, moved)
}
