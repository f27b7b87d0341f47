import { ConvoError } from '../../error.ts'
import { counted } from '../../text/count.ts'
import { describe } from '../../text/describe.ts'
import { builder, networkFrom } from '../builder.ts'
import { type Given, quoted } from '../formats/format.ts'
import type { Network } from '../network.ts'
import { type Architecture, Layers, type Weights } from './architecture.ts'
import { esrgan } from './esrgan.ts'
import { plksr, realPlksr } from './plksr.ts'
import { safmn } from './safmn.ts'
import { dncnn, espcn, fsrcnn, srcnn, srvgg } from './sequences.ts'
import { span } from './span.ts'
import { brainUnet, unet } from './unet.ts'

/** The networks that are recognised by their tensors, in the order in which they are tried. */
export const architectures: readonly Architecture[] = [
  span,
  esrgan,
  srvgg,
  fsrcnn,
  espcn,
  srcnn,
  unet,
  brainUnet,
  dncnn,
  plksr,
  realPlksr,
  safmn,
]

/** Prefixes that training adds to the names of all tensors of a network. */
const prefixes = [
  '',
  'module.',
  'model.',
  'net_g.',
  'netG.',
  'generator.',
  '_orig_mod.',
  'params_ema.',
  'params.',
]

const mostListed = 12
const counters = /\.num_batches_tracked$/

/**
 * Finds the network that tensors belong to, by their names.
 *
 * @throws ConvoError E_NET_FORMAT if no architecture matches (with the first tensors and what is recognised), or if tensors are left over
 */
export function networkOf(
  format: string,
  weights: Weights,
  given: Given,
  metadata: Network['metadata'],
): Network {
  const { file } = weights
  const scale = given.scale ?? scaleIn(file)
  for (const prefix of prefixes) {
    const inner = within(weights, prefix)
    const layers = new Layers(inner, builder(['input', 'output']))
    const found = recognised(layers, scale)
    if (found === undefined) continue
    const { architecture, output, channels, meaning } = found
    const spare = inner.names.filter(
      (name) => !layers.taken.has(name) && !counters.test(name) && architecture.ignores?.test(name) !== true,
    )
    if (spare.length > 0) {
      const what = `${file} looks like ${architecture.name}, but has additional tensors`
      throw new ConvoError('E_NET_FORMAT', what, {
        why: [`${file}: ${counted(spare.length, 'tensor')} more:`, ...listed(inner, spare)],
        fix: 'export the network as ONNX from the framework that it comes from',
      })
    }
    // the last value of the builder, under a name that says what it is for
    layers.builder.alias(output, 'output')
    return networkFrom(layers.builder, {
      format,
      name: architecture.name,
      inputs: [{ name: 'input', shape: [1, channels, undefined, undefined] }],
      outputs: [{ name: 'output', shape: undefined }],
      metadata,
      meaning,
    })
  }
  throw new ConvoError('E_NET_FORMAT', `${file} is not a known network`, {
    why: [
      `${file}: its first tensors:`,
      ...listed(weights, weights.names),
      'recognised:',
      ...architectures.map(({ summary }) => summary),
    ],
    fix: 'export the network as ONNX from the framework that it comes from',
  })
}

/** Builds the first architecture that the tensors belong to. */
function recognised(layers: Layers, scale: number | undefined) {
  for (const architecture of architectures) {
    const built = architecture.build(layers, 'input', scale)
    if (built !== undefined) return { architecture, ...built }
  }
  return undefined
}

/** The tensors whose names begin with `prefix`, with the prefix removed. */
function within({ file, names, shape, read }: Weights, prefix: string): Weights {
  return {
    file,
    names: names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
    shape: (name) => shape(prefix + name),
    read: (name) => read(prefix + name),
  }
}

function listed({ shape }: Weights, names: readonly string[]): string[] {
  const lines = names.slice(0, mostListed).map((name) => `${quoted(name)} ${describe(shape(name))}`)
  return names.length > mostListed ? [...lines, `and ${names.length - mostListed} more`] : lines
}

/** The factor in a name such as `fsrcnn_x3.pth` or `2x-AniScale.pth`. */
function scaleIn(file: string): number | undefined {
  const found = /(?:^|[^a-z0-9])(?:x([2348])|([2348])x)(?![a-z0-9])/i.exec(file.replace(/^.*[\\/]/, ''))
  return found === null ? undefined : Number(found[1] ?? found[2])
}
