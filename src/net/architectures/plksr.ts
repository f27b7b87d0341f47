import { ConvoError } from '../../error.ts'
import { quoted } from '../formats/format.ts'
import { type Architecture, type Layers, toPicture } from './architecture.ts'

/** Groups of the normalisation of RealPLKSR. No tensor states it, and all of its options use this number. */
const groups = 4

/** The names of the layers of a block, and the activation between the convolutions of its mixer. */
type Kind = { readonly mixer: string; readonly between: string; readonly isNormal: boolean }

const build =
  (isNormal: boolean): Architecture['build'] =>
  (layers, x) => {
    const mixer = ['channe_mixer', 'channel_mixer'].find((name) => layers.has(`feats.1.${name}.0.weight`))
    const isOwn =
      layers.has('feats.1.norm.weight') === isNormal &&
      layers.hasAll('feats.1.lk.conv.weight', 'feats.1.refine.weight')
    if (mixer === undefined || !isOwn) return undefined
    const kind = { mixer, between: isNormal ? 'Mish' : 'Gelu', isNormal }
    const channels = layers.shape('feats.0.weight', 4)[1]!
    const blocks = layers.run((i) => `feats.${i + 1}.refine`)
    // RealPLKSR has a dropout after the blocks, which has no tensors
    const last = [blocks + 1, blocks + 2]
      .map((i) => `feats.${i}`)
      .find((name) => layers.has(`${name}.weight`))
    const end = last ?? `feats.${blocks + 1}`
    let value = layers.conv('feats.0', x)
    for (let i = 1; i <= blocks; i++) value = block(layers, `feats.${i}`, value, kind)
    layers.shape(`${end}.weight`, 4)
    const scale = layers.shuffleFactor(end, channels)
    const made = layers.shuffle(layers.conv(end, value), scale)
    // the picture with each pixel repeated
    return toPicture(layers.add(made, layers.upsample(x, scale)), channels, scale)
  }

/** A mixer of all channels, a large kernel over some of them, element-wise attention, and a skip connection. */
function block(layers: Layers, name: string, x: string, { mixer, between, isNormal }: Kind): string {
  const first = layers.node(between, [layers.conv(`${name}.${mixer}.0`, x)])
  const mixed = layers.conv(`${name}.${mixer}.2`, first)
  const width = layers.shape(`${name}.${mixer}.2.weight`, 4)[0]!
  const [wide] = layers.shape(`${name}.lk.conv.weight`, 4) as readonly [number]
  if (wide > width) throw narrow(layers, name)
  const whole = layers.large(`${name}.lk.conv`, mixed, wide, width)
  const attended = layers.has(`${name}.attn.f.0.weight`)
    ? layers.multiply(whole, layers.sigmoid(layers.conv(`${name}.attn.f.0`, whole)))
    : whole
  const refined = layers.conv(`${name}.refine`, attended)
  return layers.add(isNormal ? layers.groupNorm(`${name}.norm`, refined, groups) : refined, x)
}

const narrow = ({ weights: { file } }: Layers, name: string): ConvoError =>
  new ConvoError('E_NET_FORMAT', `${file} has a large kernel over more channels than there are`, {
    why: `${file}: ${quoted(`${name}.lk.conv.weight`)}`,
  })

/** Partial large kernels (Lee, Yun and Ro, 2024). */
export const plksr: Architecture = {
  name: 'PLKSR',
  summary:
    'PLKSR: super-resolution; feats.1.channe_mixer.0.weight feats.1.lk.conv.weight feats.1.refine.weight',
  build: build(false),
}

/** PLKSR with a normalisation, as published in neosr. */
export const realPlksr: Architecture = {
  name: 'RealPLKSR',
  summary: 'RealPLKSR: super-resolution; feats.1.lk.conv.weight feats.1.refine.weight feats.1.norm.weight',
  build: build(true),
}
