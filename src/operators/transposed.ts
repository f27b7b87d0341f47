import { extent, type Transposition, transposedAxis } from '../conv/geometry.ts'
import { sumsToZero } from '../conv/recipe.ts'
import { biasOf, type PerAxis, perAxis, type TransposeOptions, transpositionOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { type Kernel, kernel as makeKernel } from '../kernel/kernel.ts'
import { checkLimit } from '../limits.ts'
import { choice } from '../params.ts'
import { Tensor } from '../tensor/tensor.ts'
import {
  type Bank,
  type BankOptions,
  bankOf,
  finished,
  finishOf,
  notWithKernel,
  pair,
  refuseOptions,
  sides,
  wrongRank,
} from './bank.ts'
import { depthwiseBank } from './depthwise.ts'
import {
  correlationLayer,
  eachOwn,
  everywhere,
  letters,
  numbersOnly,
  planes,
  product,
  times,
} from './layer.ts'
import { type FullScale, type KernelOptions, operator, type Step } from './operator.ts'

/**
 * Transposed convolution ("deconvolution") of x [C,H,W] with [C,O/groups,kH,kW]: every input sample paints the kernel,
 * times itself, into the output, `stride` apart, and overlaps add up:
 *
 *     out[o, i·stride − before + u·dilation, j·stride − before + v·dilation] += weight[c,o,u,v] · x[c,i,j]
 *
 * It is the adjoint of `conv2d` with the same weights. Size per axis:
 * (in − 1)·stride − before − after + dilation·(k − 1) + outputPadding + 1, so 2x2 with a 4x4 kernel and stride 3 gives
 * 7x7. Weights: C·O/groups·kH·kW; multiplications: weights · H·W, at the input positions.
 * After Zeiler et al. 2010, and Dumoulin and Visin 2016.
 *
 * @returns [O,H',W']
 * @throws ConvoError E_ARGUMENT, E_SHAPE
 */
export const convTranspose2d = (
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: TransposeOptions = {},
): Promise<Tensor> => transpose(2, engine, x, weight, options)

/**
 * Transposed convolution of a volume x [C,D,H,W] with [C,O/groups,kD,kH,kW], on three axes as `convTranspose2d` on two.
 * Size per axis: (in − 1)·stride − before − after + dilation·(k − 1) + outputPadding + 1. Weights: C·O/groups·kD·kH·kW;
 * multiplications: weights · D·H·W. After Zeiler et al. 2010.
 *
 * @returns [O,D',H',W']
 * @throws ConvoError E_ARGUMENT, E_SHAPE
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

export const transposedCommand = operator({
  summary: 'upsamples: adds a scaled copy of the kernel to the output for each input pixel',
  formula:
    'out[i·s + u·d − p, j·s + v·d − p] += weight[u,v] · x[i,j]; size (in − 1)·s − padding + d·(k − 1) + output padding + 1: ' +
    '2x2 with a 4x4 kernel and stride 3 gives 7x7',
  source:
    'Zeiler et al. 2010; Dumoulin and Visin 2016. By default, each pixel becomes stride x stride pixels, ' +
    'bilinear (Long, Shelhamer and Darrell 2015) or nearest, with repeated edges',
  group: 'operators',
  params: {
    stride: sides('number of output pixels per input pixel', 1, 2),
    upsample: {
      ...choice('a named kernel for the given stride', ['bilinear', 'nearest']),
      unset: 'bilinear, or none with --kernel',
    },
    'output-padding': sides('rows and columns added at the bottom and on the right', 0),
  },
  kernel: 'optional',
  takes: ['flip', 'scale', 'normalize', 'bias', 'dilation', 'padding', 'groups'],
  build: ({ kernel, values, settings, full }) => {
    const stride = pair(values.stride)
    const outputPadding = pair(values['output-padding'])
    checkLimit('phases', stride[0] * stride[1], `--stride ${stride}`)
    if (kernel === undefined) {
      const why = 'needs a --kernel: the named kernels already fit their stride'
      refuseOptions(settings, ['flip', 'normalize', 'dilation', 'padding', 'groups'], why)
      if (outputPadding.some((n) => n > 0)) throw new ConvoError('E_OPTION', `--output-padding ${why}`)
      return upsamplingStep(values.upsample ?? 'bilinear', stride, settings, full)
    }
    if (values.upsample !== undefined) throw notWithKernel(`upsample ${values.upsample}`)
    return {
      // what takes flat areas to zero would take alpha there too
      acts: kernel.shape.length === 2 && !sumsToZero({ form: 'dense', kernel }) ? 'each' : 'colour',
      apply: (x, engine) =>
        transposePicture(engine, x, kernel, { ...settings, stride, usual: 'constant', full }, outputPadding),
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
    of({ kernel, settings, values, isTextbook }) {
      const stride = pair(values.stride)
      if (kernel !== undefined || (isTextbook && values.upsample === undefined)) {
        const bank = correlationLayer(eachOwn(kernel), settings)
        return { padding: 0, ...bank, stride, outputPadding: pair(values['output-padding']) }
      }
      const kind = values.upsample ?? 'bilinear'
      const size = stride.map((s) => upsamplingRow(kind, s).length)
      const padding = stride.map((s, i) => upsamplingCrop(kind, size[i]!, s))
      return { each: true, size, stride, padding, edge: kind === 'nearest' ? 0 : 1 }
    },
    axis(label, input, kernel, choice, { edge = 0, outputPadding = 0 }, index) {
      const padding = numbersOnly(choice.padding, 'a transposed convolution')
      const how = { ...choice, padding, outputPadding: added(outputPadding)[index]! }
      return transposedAxis(label, input + 2 * edge, kernel, how)
    },
    weights(s) {
      const { channels: c, filters: o, groups: g, kernel: k } = s
      if (s.each) return planes(s)
      const label = g === 1 ? 'C·O' : 'C·O/groups'
      return [`${label}·${letters(k)}`, times(c, o / g, ...k), c * (o / g) * product(k)]
    },
    multiplications: (s, weights) => everywhere(s, weights, 'input'),
    sized(
      { input, kernel, stride, dilation, before, after, output },
      { edge = 0, outputPadding = 0 },
      index,
    ) {
      const size = edge === 0 ? input : `${input} + ${2 * edge}`
      return {
        formula: `(in ${edge === 0 ? '' : '+ edge '}− 1)·stride − padding + dilation·(k − 1) + output padding + 1`,
        filled: `(${size} − 1)·${stride} − ${before + after} + ${dilation}·(${kernel} − 1) + ${added(outputPadding)[index]} + 1 = ${output}`,
      }
    },
    reach: (_, { kernel, dilation, stride }) => Math.ceil(extent(kernel, dilation) / stride),
    step: ({ stride }) => 1 / stride,
  },
  animations: {
    transposed: 'a 2x2 input with a 4x4 kernel and stride 3: the output is 7x7, overlaps are added',
  },
  examples: [
    'convo explain transposed --input 1x2x2 --size 4 --stride 3 --json',
    'convo animate transposed step.png --frame 3',
  ],
})

/** Output padding of rows and columns. */
const added = (given: PerAxis) => perAxis('outputPadding', given, 2, 0)

/** The kernels that a transposed convolution upsamples with, by name, for any stride. */
type Upsampling = 'bilinear' | 'nearest'

/**
 * The weights along one axis: `nearest` repeats a sample `stride` times; `bilinear` is the tent 1 − |i − middle| / stride
 * of 2·stride − stride mod 2 taps (Long, Shelhamer and Darrell 2015), so that the shares that reach one output sum to 1.
 */
function upsamplingRow(kind: Upsampling, stride: number): Float64Array {
  if (kind === 'nearest') return new Float64Array(stride).fill(1)
  const length = 2 * stride - (stride % 2)
  const middle = (length - 1) / 2
  return Float64Array.from({ length }, (_, i) => 1 - Math.abs(i - middle) / stride)
}

/**
 * What is cut off an axis, so that `stride` samples are left of each. `bilinear` is given the edge repeated once around:
 * the first stride samples of what comes out belong to that edge, and half a tent before.
 */
function upsamplingCrop(
  kind: Upsampling,
  length: number,
  stride: number,
): readonly [before: number, after: number] {
  if (kind === 'nearest') return [0, 0]
  const overhang = length - stride
  const before = Math.ceil(overhang / 2)
  return [stride + before, stride + overhang - before]
}

/** Every pixel becomes stride x stride pixels. */
function upsamplingStep(
  kind: Upsampling,
  stride: readonly [number, number],
  settings: KernelOptions,
  full: FullScale,
): Step {
  const [col, row] = [upsamplingRow(kind, stride[0]), upsamplingRow(kind, stride[1])]
  const plane = makeKernel(
    [col.length, row.length],
    Array.from(col).flatMap((a) => Array.from(row, (b) => a * b)),
  )
  const padding = [
    upsamplingCrop(kind, col.length, stride[0]),
    upsamplingCrop(kind, row.length, stride[1]),
  ] as const
  const options = {
    bias: settings.bias,
    scale: settings.scale,
    stride,
    padding,
    usual: 'constant',
    full,
  } as const
  return {
    acts: 'each',
    async apply(x, engine) {
      const edged = kind === 'nearest' ? x : await engine.layer('edged', [x], {})
      return transposePicture(engine, edged, plane, options, [0, 0])
    },
  }
}

/** x [C,H,W] by a kernel [kH,kW] for every channel, [C,kH,kW] into one, or [C,O/groups,kH,kW]; then / scale + bias. */
async function transposePicture(
  engine: Engine,
  x: Tensor,
  kernel: Kernel,
  options: BankOptions,
  outputPadding: readonly number[],
): Promise<Tensor> {
  const channels = x.shape[0]!
  const { shape } = kernel
  if (shape.length > 4) throw wrongRank('transposed', kernel, 'rank 2, 3 or 4', {})
  const isPlane = shape.length === 2
  if (isPlane && options.groups !== undefined) {
    throw new ConvoError(
      'E_OPTION',
      `--groups ${options.groups} needs a bank of filters, but this kernel is a single plane`,
    )
  }
  const planes = isPlane ? depthwiseBank('transposed', kernel, channels) : { kernel, shape }
  const bank = bankOf(
    planes.kernel,
    shape.length === 3 ? [shape[0]!, 1, shape[1]!, shape[2]!] : planes.shape,
    options,
  )
  const { stride = [1, 1], dilation = [1, 1] } = options
  const padding = options.padding?.map((p): readonly [number, number] => {
    if (typeof p !== 'string') return p
    throw new ConvoError(
      'E_OPTION',
      `--padding ${p} does not apply to transposed, where padding is removed from the output`,
      { fix: 'numbers' },
    )
  })
  const groups = isPlane ? channels : options.groups
  const t = transpositionOf(2, x, bank.weight, { stride, dilation, padding, outputPadding, groups })
  // Where a flat area is painted, stride x stride kernels share each output.
  const finish = finishOf(filterMajor(bank, t), t.filters, options, stride[0] * stride[1])
  return finished(engine, await engine.transpose(x, bank.weight, undefined, t), finish)
}

/** The bank with the weights of each output channel together, for their sums. */
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
