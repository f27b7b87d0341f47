import { floatsOf } from '../formats/numbers.ts'
import type { Constant } from '../network.ts'
import { type Architecture, type Layers, toPicture } from './architecture.ts'

/** The means of DIV2K and the range of samples that SPAN is trained with, unless its file has `no_norm`. */
const [means, range] = [[0.4488, 0.4371, 0.404], 255]

/** Swift parameter-free attention network (Wan et al., 2023). */
export const span: Architecture = {
  name: 'SPAN',
  summary: 'SPAN: super-resolution; conv_1.sk.weight block_1.c1_r.sk.weight',
  // the weights as training folded them; they are folded again here
  ignores: /\.eval_conv\.(weight|bias)$|^no_norm$/,
  build(layers, x) {
    const own = ['conv_1.sk', 'block_1.c1_r.sk', 'conv_cat', 'upsampler.0']
    if (!layers.hasAll(...own.map((name) => `${name}.weight`))) return undefined
    const channels = layers.shape('conv_1.sk.weight', 4)[1]!
    const isNormal = !layers.has('no_norm') && channels === means.length
    const seen = isNormal
      ? layers.scale(layers.subtract(x, layers.builder.floats(means, [1, 3, 1, 1])), range)
      : x
    const first = folded(layers, 'conv_1', seen)
    const outs: string[] = []
    let value = first
    let inner = ''
    for (let i = 1; i <= 6; i++) {
      const { out, early } = block(layers, `block_${i}`, value)
      outs.push(out)
      value = out
      inner = early
    }
    const last = folded(layers, 'conv_2', value)
    const joined = layers.conv('conv_cat', layers.concat(first, last, outs[0]!, inner))
    const scale = layers.shuffleFactor('upsampler.0', channels)
    return toPicture(layers.shuffle(layers.conv('upsampler.0', joined), scale), channels, scale)
  },
}

/** Three convolutions, and attention computed from their result and the input. `early` is the output of the first. */
function block(layers: Layers, name: string, x: string): { readonly out: string; readonly early: string } {
  const early = folded(layers, `${name}.c1_r`, x)
  const second = folded(layers, `${name}.c2_r`, layers.silu(early))
  const third = folded(layers, `${name}.c3_r`, layers.silu(second))
  const attention = layers.subtract(layers.sigmoid(third), layers.builder.floats(0.5))
  return { out: layers.multiply(layers.add(third, x), attention), early }
}

/**
 * Folds a 1x1, a 3x3 and a 1x1 without padding, and a parallel 1x1, into one equivalent 3x3: the product W3 W2 W1, with
 * the parallel 1x1 added to the middle tap. Computed in float64.
 */
function folded(layers: Layers, name: string, x: string): string {
  const weight = (part: string) => layers.read(`${name}.${part}.weight`, 4)
  const bias = (part: string) => layers.read(`${name}.${part}.bias`, 1).data
  const [w1, w2, w3] = [weight('conv.0'), weight('conv.1'), weight('conv.2')]
  const [b1, b2, b3] = [bias('conv.0'), bias('conv.1'), bias('conv.2')]
  const [skip, skipBias] = [weight('sk'), bias('sk')]
  checkFold(layers, name, [w1, w2, w3, skip], [b1, b2, b3, skipBias])
  const [out = 0, inside = 0] = w3.shape
  const [, between = 0] = w2.shape
  const [, taken = 0] = w1.shape
  const taps = 9
  // W3 W2, [out][between][tap], and its bias
  const joined = new Float64Array(out * between * taps)
  const biases = new Float64Array(out)
  for (let o = 0; o < out; o++) {
    biases[o] = b3[o]! + skipBias[o]!
    for (let i = 0; i < inside; i++) {
      const by = w3.data[o * inside + i]!
      biases[o]! += by * b2[i]!
      for (let k = 0; k < between * taps; k++) {
        joined[o * between * taps + k]! += by * w2.data[i * between * taps + k]!
      }
    }
  }
  const whole = new Float64Array(out * taken * taps)
  for (let o = 0; o < out; o++) {
    for (let m = 0; m < between; m++) {
      for (let tap = 0; tap < taps; tap++) {
        const by = joined[(o * between + m) * taps + tap]!
        biases[o]! += by * b1[m]!
        for (let c = 0; c < taken; c++) whole[(o * taken + c) * taps + tap]! += by * w1.data[m * taken + c]!
      }
    }
    for (let c = 0; c < taken; c++) whole[(o * taken + c) * taps + 4]! += skip.data[o * taken + c]!
  }
  return layers.conv(name, x, {}, floatsOf([out, taken, 3, 3], whole), floatsOf([out], biases))
}

/** Checks that the shapes fit together before they are folded. @throws ConvoError E_NET_FORMAT */
function checkFold(
  layers: Layers,
  name: string,
  kernels: readonly Constant[],
  biases: readonly ArrayLike<number>[],
): void {
  const [first, second, third] = kernels.map(({ shape }) => shape)
  const expected = [
    [second![1], first![1], 1, 1],
    [third![1], first![0], 3, 3],
    [third![0], second![0], 1, 1],
    [third![0], first![1], 1, 1],
  ]
  const fit = kernels.every(
    ({ shape }, i) => String(shape) === String(expected[i]) && biases[i]!.length === shape[0],
  )
  if (!fit) throw layers.misfit(name)
}
