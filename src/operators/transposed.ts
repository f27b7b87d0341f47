import { extent, type Transposition, transposedAxis } from '../conv/geometry.ts'
import { sumsToZero } from '../conv/recipe.ts'
import { biasOf, type PerAxis, type TransposeOptions, transpositionOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { checkLimit } from '../limits.ts'
import { choice, numbers } from '../params.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import {
  type Bank,
  type BankOptions,
  bankOf,
  finished,
  finishOf,
  flatPair,
  forEachChannel,
  notWithKernel,
  pair,
  perSide,
  refuseGroups,
  refuseOptions,
  sides,
  triple,
  wrongRank,
} from './bank.ts'
import { eachOwn, everywhere, letters, numbersOnly, planes, times } from './layer.ts'
import { operator } from './operator.ts'
import { edged, upsamplingCrop, upsamplingKernel, upsamplingRow } from './upsampling.ts'

/**
 * Transposed convolution ("deconvolution") of x [C,H,W] with [C,O/groups,kH,kW]: every input sample adds the kernel,
 * multiplied by the sample, to the output. Neighbouring copies are `stride` apart, and overlaps add up:
 *
 *     out[o, i·stride − before + u·dilation, j·stride − before + v·dilation] += weight[c,o,u,v] · x[c,i,j]
 *
 * It is the adjoint of `conv2d` with the same weights. Size per axis:
 * (in − 1)·stride − before − after + dilation·(k − 1) + outputPadding + 1, so 2x2 with a 4x4 kernel and stride 3 gives
 * 7x7. Weights: C·O/groups·kH·kW; multiplications: weights · H·W, at the input positions. After Zeiler et al. 2010, and
 * Dumoulin and Visin 2016.
 *
 * @returns [O,H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export const convTranspose2d = (
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: TransposeOptions = {},
): Promise<Tensor> => transpose(2, engine, x, weight, options)

/**
 * Transposed convolution of a volume x [C,D,H,W] with [C,O/groups,kD,kH,kW]: works on three axes as `convTranspose2d`
 * does on two. Size per axis: (in − 1)·stride − before − after + dilation·(k − 1) + outputPadding + 1. Weights:
 * C·O/groups·kD·kH·kW; multiplications: weights · D·H·W. After Zeiler et al. 2010.
 *
 * @returns [O,D',H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export const convTranspose3d = (
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: TransposeOptions = {},
): Promise<Tensor> => transpose(3, engine, x, weight, options)

async function transpose(
  spatial: 2 | 3,
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: TransposeOptions,
): Promise<Tensor> {
  const t = transpositionOf(spatial, x, weight, options)
  return engine.transpose(x, weight, biasOf(options.bias, t.filters), t)
}

const axes = '<n>|<y,x>|<z,y,x>'

/** The options with a number for each axis, as the user typed them. */
type Sided = Readonly<Record<'stride' | 'output-padding', readonly number[]>> &
  Readonly<Record<'dilation' | 'padding', readonly number[] | undefined>>

const sidedOf = ({ stride, dilation = [], padding = [], 'output-padding': added }: Sided) => [
  stride,
  dilation,
  padding,
  added,
]

/** Whether the input is taken as a volume: if the kernel is one for volumes, or an option has three numbers. */
const isForVolume = (values: Sided, kernel: Kernel | undefined): boolean =>
  kernel?.shape.length === 5 || sidedOf(values).some((list) => list.length === 3)

export const transposedCommand = operator({
  summary: 'upsamples: adds a scaled copy of the kernel to the output for each input pixel',
  formula:
    'out[i·s + u·d − p, j·s + v·d − p] += weight[u,v] · x[i,j]; size (in − 1)·s − padding + d·(k − 1) + output padding + 1: ' +
    '2x2 with a 4x4 kernel and stride 3 gives 7x7; on a volume, in three directions',
  source:
    'Zeiler et al. 2010; Dumoulin and Visin 2016. By default, each pixel becomes stride x stride pixels, ' +
    'bilinear (Long, Shelhamer and Darrell 2015) or nearest, with repeated edges. A kernel [C,O,kD,kH,kW], or three numbers for --stride, ' +
    'take a volume; a kernel [kD,kH,kW] is then applied to each channel',
  group: 'operators',
  input: isForVolume,
  params: {
    stride: sides('number of output pixels per input pixel', 1, 2, axes),
    upsample: {
      ...choice('a named kernel for the given stride', ['bilinear', 'nearest']),
      unset: 'bilinear, or none with --kernel',
    },
    dilation: { ...perSide('distance between neighbouring taps, in pixels', 1, axes), unset: '1' },
    padding: {
      ...numbers(
        'pixels removed at the edges of the output: one number, y,x or top,bottom,left,right; of a volume z,y,x',
        '<padding>',
        { min: 1, max: 4 },
        { min: 0, whole: true },
      ),
      unset: '0',
    },
    'output-padding': sides(
      'rows and columns added at the bottom and on the right; for a volume, also slices at the end',
      0,
      0,
      axes,
    ),
  },
  kernel: 'optional',
  takes: ['flip', 'scale', 'normalize', 'bias', 'groups'],
  build: ({ kernel, values, settings, full }) => {
    const isVolume = isForVolume(values, kernel)
    const sides = sidesOf(values, isVolume)
    const { stride } = sides
    checkLimit('phases', sizeOf(stride), `--stride ${stride}`)
    const kind = values.upsample ?? 'bilinear'
    if (kernel === undefined) {
      const why = 'needs a --kernel: the named kernels already fit their stride'
      const { padding, dilation } = values
      refuseOptions(settings, ['flip', 'normalize', 'groups'], why)
      for (const [name, list] of Object.entries({ padding, dilation, 'output-padding': sides.outputPadding }))
        if (list?.some((n) => n > 0)) throw new ConvoError('E_OPTION', `--${name} ${why}`)
    } else if (values.upsample !== undefined) throw notWithKernel(`upsample ${values.upsample}`)
    const own = kernel ?? upsamplingKernel(kind, stride)
    const padding = kernel === undefined ? stride.map((s) => upsamplingCrop(kind, s)) : sides.padding
    const how: Transposing = { ...settings, usual: 'constant', full, sides: { ...sides, padding } }
    const isEdged = kernel === undefined && kind !== 'nearest'
    // a kernel that makes flat areas zero would make alpha zero too
    const keepsFlat = kernel === undefined || !sumsToZero({ form: 'dense', kernel })
    return {
      acts: own.shape.length === stride.length && keepsFlat ? 'each' : 'colour',
      ...(isVolume && { volume: 'whole' }),
      async apply(x, engine) {
        if (isVolume && x.shape.length === 3) {
          for (const list of sidedOf(values)) flatPair(list)
          throw wrongRank('transposed', own, 'rank 2, 3 or 4 on a picture', {})
        }
        return transposePicture(engine, isEdged ? await edged(engine, x) : x, own, how)
      },
    }
  },
  layer: {
    asks: ['size', 'filters'],
    usual: { stride: 2 },
    paints: true,
    bank: (shape, channels, groups) =>
      shape.length < 4
        ? undefined
        : { filters: shape[1]! * groups, seen: shape[0]!, of: channels, groups: 1 },
    of({ kernel, settings, values, shape, isTextbook }) {
      const isVolume = isForVolume(values, kernel)
      const { stride, dilation, padding, outputPadding } = sidesOf(values, isVolume)
      // applied slice by slice, a volume is described with a depth of one for the kernel
      const deep = <T>(list: readonly T[], one: T) =>
        shape.length === 4 && !isVolume ? [one, ...list] : list
      const none: readonly [number, number] = [0, 0]
      const sides = { stride: deep(stride, 1), outputPadding: deep(outputPadding, 0) }
      if (kernel !== undefined || (isTextbook && values.upsample === undefined)) {
        const own = kernel && (isVolume ? kernel : eachOwn(kernel))
        const { groups } = settings
        return {
          kernel: own && { ...own, shape: [...own.shape.slice(0, -2), ...deep(own.shape.slice(-2), 1)] },
          each: kernel?.shape.length === stride.length,
          ...sides,
          dilation: deep(dilation, 1),
          padding: deep(padding, none),
          groups,
        }
      }
      const kind = values.upsample ?? 'bilinear'
      const [edge, size] = [kind === 'nearest' ? 0 : 1, stride.map((s) => upsamplingRow(kind, s).length)]
      return {
        each: true,
        ...sides,
        size: deep(size, 1),
        padding: deep(
          stride.map((s) => upsamplingCrop(kind, s)),
          none,
        ),
        edge: deep(
          size.map(() => edge),
          0,
        ),
      }
    },
    axis(label, input, kernel, choice, { edge = 0, outputPadding = 0 }, index) {
      const padding = numbersOnly(choice.padding, 'a transposed convolution')
      const how = { ...choice, padding, outputPadding: at(outputPadding, index) }
      return transposedAxis(label, input + 2 * at(edge, index), kernel, how)
    },
    weights(s) {
      const { channels: c, filters: o, groups: g, kernel: k } = s
      if (s.each) return planes(s)
      const label = g === 1 ? 'C·O' : 'C·O/groups'
      return [`${label}·${letters(k)}`, times(c, o / g, ...k), c * (o / g) * sizeOf(k)]
    },
    multiplications: (s, weights) => everywhere(s, weights, 'input'),
    sized(
      { input, kernel, stride, dilation, before, after, output },
      { edge: edges = 0, outputPadding = 0 },
      index,
    ) {
      const edge = at(edges, index)
      const size = edge === 0 ? input : `${input} + ${2 * edge}`
      return {
        formula: `(in ${edge === 0 ? '' : '+ edge '}− 1)·stride − padding + dilation·(k − 1) + output padding + 1`,
        filled: `(${size} − 1)·${stride} − ${before + after} + ${dilation}·(${kernel} − 1) + ${at(outputPadding, index)} + 1 = ${output}`,
      }
    },
    reach: (_, { kernel, dilation, stride }) => Math.ceil(extent(kernel, dilation) / stride),
    step: ({ stride }) => 1 / stride,
  },
  animations: {
    transposed: 'a 2x2 input with a 4x4 kernel and stride 3: the output is 7x7, overlaps are added',
  },
  examples: [
    'convo transposed in.png out.png --stride 3 --upsample nearest',
    'convo explain transposed --input 1x2x2 --size 4 --stride 3 --json',
    'convo animate transposed step.png --frame 3',
  ],
})

/** Returns the numbers of each axis, three for a volume. */
function sidesOf(values: Sided, isVolume: boolean) {
  const { stride, dilation = [1], padding = [0], 'output-padding': added } = values
  const sides = (list: readonly number[], neutral: number): readonly number[] =>
    isVolume ? triple(list, neutral) : pair(list)
  const [top = 0, bottom = 0, left = 0, right] = padding
  if (isVolume && right !== undefined)
    throw new ConvoError('E_OPTION', `--padding ${padding} is for pictures, and the input is a volume`, {
      fix: '1 to 3 numbers',
    })
  return {
    stride: sides(stride, 1),
    dilation: sides(dilation, 1),
    padding:
      right === undefined
        ? sides(padding, 0).map((n) => [n, n] as const)
        : ([
            [top, bottom],
            [left, right],
          ] as const),
    outputPadding: sides(added, 0),
  }
}

/** Returns the number for an axis, from a list or from one number for all axes. */
const at = (list: PerAxis, index: number): number => (typeof list === 'number' ? list : list[index]!)

/** The options of a transposition, with the numbers of each axis. */
type Transposing = Omit<BankOptions, 'stride' | 'dilation' | 'padding'> & {
  readonly sides: Required<Pick<TransposeOptions, 'stride' | 'dilation' | 'padding' | 'outputPadding'>>
}

/**
 * Returns the weights of a kernel for x, and the settings of the transposition. @throws ConvoError E_SHAPE, E_ARGUMENT,
 * E_OPTION
 */
function transpositionBy(kernel: Kernel, x: Tensor, { sides, ...options }: Transposing) {
  const [channels = 1, ...size] = x.shape
  const spatial = size.length as 2 | 3
  const { shape } = kernel
  const isEach = shape.length === spatial
  if (spatial === 3 && !isEach && shape.length !== 5)
    throw wrongRank('transposed', kernel, 'rank 3, [kD,kH,kW], or rank 5 for a volume', {})
  if (isEach) refuseGroups(options)
  const own = isEach ? forEachChannel(kernel, channels) : (eachOwn(kernel) ?? kernel)
  const bank = bankOf(own, own.shape, options, spatial)
  const groups = isEach ? channels : options.groups
  return { bank, t: transpositionOf(spatial, x, bank.weight, { ...sides, groups }) }
}

/**
 * Applies a kernel to x [C,H,W]: [kH,kW] to each channel, [C,kH,kW] to sum all into one, or [C,O/groups,kH,kW]. For a
 * volume [C,D,H,W]: [kD,kH,kW] to each channel, or [C,O/groups,kD,kH,kW]. Then divides by the scale and adds the bias.
 */
async function transposePicture(
  engine: Engine,
  x: Tensor,
  kernel: Kernel,
  options: Transposing,
): Promise<Tensor> {
  const { bank, t } = transpositionBy(kernel, x, options)
  // In a flat area, the weights of the kernel are shared out among as many outputs as there are phases.
  const phases = t.axes.reduce((all, { stride }) => all * stride, 1)
  const finish = finishOf(filterMajor(bank, t), t.filters, options, phases)
  return finished(engine, await engine.transpose(x, bank.weight, undefined, t), finish)
}

/** Reorders the bank so that the weights of each output channel are together, to sum them. */
function filterMajor(bank: Bank, t: Transposition): Bank {
  const { data, shape } = bank.weight
  const perGroup = shape[1]!
  const taps = data.length / (shape[0]! * perGroup)
  const channelsPerGroup = t.channels / t.groups
  const ordered = Float32Array.from({ length: data.length }, (_, i) => {
    const [filter, rest] = [Math.floor(i / (channelsPerGroup * taps)), i % (channelsPerGroup * taps)]
    const channel = Math.floor(filter / perGroup) * channelsPerGroup + Math.floor(rest / taps)
    return data[(channel * perGroup + (filter % perGroup)) * taps + (rest % taps)]!
  })
  return { kernel: bank.kernel, weight: new Tensor(shape, ordered) }
}
