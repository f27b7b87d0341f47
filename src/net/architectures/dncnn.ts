import { type Architecture, pictures } from './architecture.ts'
import type { Weights } from './weights.ts'

/** Prefixes of the layer names in the authors' code (KAIR) and in others. The layer numbers include the rectifiers. */
const prefixes = ['model', 'dncnn', 'net', 'layers'] as const

/** The fewest 3x3 layers. IRCNN, for example, has seven, with dilations that its tensors do not reveal. */
const fewest = 9

type Plan = { readonly prefix: string; readonly convs: readonly number[] }

/** Finds the sequence of 3x3 convolutions and batch norms: its prefix and the numbers of its convolutions. */
function planOf(weights: Weights): Plan | undefined {
  for (const prefix of prefixes) {
    const convs: number[] = []
    for (let i = 0, gap = 0; gap < 4; i++, gap++) {
      const shape = weights.shape(`${prefix}.${i}.weight`)
      if (shape !== undefined) gap = 0
      if (shape?.length !== 4) continue
      if (shape[2] !== 3 || shape[3] !== 3) return undefined
      convs.push(i)
    }
    if (convs[0] === 0 && convs.length >= fewest && isSequence(weights, prefix, convs))
      return { prefix, convs }
  }
  return undefined
}

/** Whether the first convolution takes a picture, the last one outputs one, and all others have the same channels. */
function isSequence(weights: Weights, prefix: string, convs: readonly number[]): boolean {
  const shapes = convs.map((i) => weights.shape(`${prefix}.${i}.weight`)!)
  const [wide = 0, taken = 0] = shapes[0]!
  const [made = 0] = shapes.at(-1)!
  const between = shapes.slice(1, -1).every(([out, into]) => out === wide && into === wide)
  return between && made <= 4 && taken === made
}

/** DnCNN (Zhang et al., 2017): predicts the noise and subtracts it from the picture. */
export const dncnn: Architecture = {
  name: 'DnCNN',
  summary: 'DnCNN: removes noise or JPEG blocks; model.0.weight model.2.weight, all 3x3',
  recognises: (weights) => planOf(weights) !== undefined,
  build(layers, x) {
    const { prefix, convs } = planOf(layers.weights)!
    const name = (i: number) => `${prefix}.${i}`
    let value = x
    for (const [k, i] of convs.entries()) {
      value = layers.conv(name(i), value)
      const norm = layers.has(`${name(i + 1)}.running_mean`)
      if (norm) value = layers.batchNorm(name(i + 1), value)
      if (k < convs.length - 1) value = layers.relu(value)
    }
    const [, channels = 1] = layers.shape(`${name(0)}.weight`, 4)
    return { output: layers.subtract(x, value), channels, meaning: pictures(channels, 1) }
  },
}
