import { ConvoError } from '../error.ts'
import { type Kernel, kernel as makeKernel } from '../kernel/kernel.ts'
import { type Bank, bankOf, correlateBank, type Flipping, refuseAlgorithm } from './bank.ts'
import { correlationOptions } from './conv2d.ts'
import { depthwiseBank } from './depthwise.ts'
import { correlationLayer, plainBank } from './layer.ts'
import { operator } from './operator.ts'

const length = 9
const middle = (length - 1) / 2

/**
 * The default kernels: a horizontal blur, the unchanged picture, and a vertical blur. The colours show which group is
 * which.
 */
const directions = makeKernel(
  [3, 1, length, length],
  Array.from({ length: 3 * length * length }, (_, i) => {
    const [group, y, x] = [Math.floor(i / length ** 2), Math.floor(i / length) % length, i % length]
    if (group === 1) return y === middle && x === middle ? length : 0
    return (group === 0 ? y : x) === middle ? 1 : 0
  }),
  { scale: length },
)

/**
 * Grouped convolution: `conv2d` whose filters see only the channels of their own group. The sizes are those of
 * `conv2d`. It has 1/groups of the weights and multiplications of the plain convolution. After Krizhevsky, Sutskever
 * and Hinton 2012.
 */
export const groupedCommand = operator({
  summary: 'splits the channels into groups with separate filters; by default, one filter per colour',
  formula:
    'filter o sees channels g·C/groups to (g + 1)·C/groups − 1, g = floor(o / (O/groups)); weights O·C/groups·kH·kW, 1/groups of a plain convolution',
  source:
    'Krizhevsky, Sutskever and Hinton 2012. By default, red is blurred horizontally and blue vertically, over 9 pixels, and green is not changed',
  group: 'operators',
  params: {},
  kernel: 'optional',
  examples: ['convo grouped in.png out.png --kernel net.safetensors#conv2.weight --groups 3'],
  takes: correlationOptions,
  build: ({ kernel, settings, full }) => {
    refuseAlgorithm('grouped', settings)
    return {
      acts: 'colour',
      apply: (x, engine) => {
        const bank = groupedBank(kernel, x.shape[0]!, settings)
        const groups = settings.groups ?? groupsFor(x.shape[0]!, bank.weight.shape)
        const usual = kernel?.shape.length === 4 ? 'constant' : 'replicate'
        return correlateBank(engine, x, bank, { ...settings, groups, usual, full })
      },
    }
  },
  layer: {
    asks: ['size', 'filters'],
    groups: (channels, shape) =>
      shape?.length === 4 && channels % shape[1]! === 0 ? channels / shape[1]! : channels,
    of({ kernel, settings, shape, isTextbook }) {
      if (kernel === undefined && isTextbook) return correlationLayer(undefined, settings)
      const bank = groupedBank(kernel, shape[0]!, {})
      return correlationLayer({ ...bank.kernel, shape: bank.weight.shape }, settings)
    },
    plain: plainBank,
  },
  animations: { grouped: '4 channels in 2 groups: each filter covers the 2 channels of its group' },
})

/**
 * Returns the bank for a picture with a number of channels: the given kernel, or one of the default kernels for each
 * channel.
 */
function groupedBank(kernel: Kernel | undefined, channels: number, settings: Flipping): Bank {
  if (kernel?.shape.length === 4) return bankOf(kernel, kernel.shape, settings)
  if (kernel !== undefined) return depthwiseBank('grouped', kernel, channels, settings)
  if (channels > 3)
    throw new ConvoError('E_SHAPE', `the default filters are for 3 channels, not for ${channels}`, {
      fix: '--kernel <bank>',
    })
  const weights = directions.weights.slice(0, channels * length ** 2)
  return bankOf({ ...directions, weights }, [channels, 1, length, length], settings)
}

/**
 * Returns the number of groups that the shape of a bank implies. @throws ConvoError E_SHAPE naming the numbers that do
 * not divide
 */
function groupsFor(channels: number, shape: readonly number[]): number {
  const perFilter = shape[1]!
  if (channels % perFilter === 0) return channels / perFilter
  const what = `filters of ${perFilter} channels do not divide the ${channels} channels of the picture`
  throw new ConvoError('E_SHAPE', what, { why: `the kernel is [${shape}], [O,C/groups,kH,kW]` })
}
