import { ConvoError } from '../../error.ts'
import { counted } from '../../text/count.ts'
import { describe } from '../../text/describe.ts'
import { builder, networkFrom } from '../builder.ts'
import { type Given, quoted } from '../formats/format.ts'
import type { Network } from '../network.ts'
import type { Architecture } from './architecture.ts'
import { dncnn } from './dncnn.ts'
import { espcn } from './espcn.ts'
import { esrgan } from './esrgan.ts'
import { fsrcnn } from './fsrcnn.ts'
import { Layers } from './layers.ts'
import { plksr, realPlksr } from './plksr.ts'
import { safmn } from './safmn.ts'
import { span } from './span.ts'
import { srcnn } from './srcnn.ts'
import { srvgg } from './srvgg.ts'
import { brainUnet, unet } from './unet.ts'
import { type Weights, within } from './weights.ts'

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
  for (const prefix of prefixes) {
    const inner = within(weights, prefix)
    const architecture = architectures.find(({ recognises }) => recognises(inner))
    if (architecture === undefined) continue
    const layers = new Layers(inner, builder(['input', 'output']))
    const { output, channels, meaning } = architecture.build(layers, 'input', given.scale ?? scaleIn(file))
    const spare = inner.names.filter(
      (name) => !layers.taken.has(name) && !counters.test(name) && architecture.ignores?.test(name) !== true,
    )
    if (spare.length > 0) {
      throw new ConvoError(
        'E_NET_FORMAT',
        `${file} looks like ${architecture.name}, but has additional tensors`,
        {
          why: [`${file}: ${counted(spare.length, 'tensor')} more:`, ...listed(inner, spare)],
          fix: 'export the network as ONNX from the framework that it comes from',
        },
      )
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

function listed({ shape }: Weights, names: readonly string[]): string[] {
  const lines = names.slice(0, mostListed).map((name) => `${quoted(name)} ${describe(shape(name))}`)
  return names.length > mostListed ? [...lines, `and ${names.length - mostListed} more`] : lines
}

/** The factor in a name such as `fsrcnn_x3.pth` or `2x-AniScale.pth`. */
function scaleIn(file: string): number | undefined {
  const found = /(?:^|[^a-z0-9])(?:x([2348])|([2348])x)(?![a-z0-9])/i.exec(file.replace(/^.*[\\/]/, ''))
  return found === null ? undefined : Number(found[1] ?? found[2])
}
