import type { Transposition } from '../conv/geometry.ts'
import { sumsToZero } from '../conv/recipe.ts'
import { biasOf, type TransposeOptions, transpositionOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { type Kernel, kernel as makeKernel } from '../kernel/kernel.ts'
import { checkLimit } from '../limits.ts'
import { choice, numbers } from '../params.ts'
import { Tensor } from '../tensor/tensor.ts'
import {
  type Bank,
  type BankOptions,
  bankOf,
  finished,
  finishOf,
  pair,
  refuseOptions,
  wrongRank,
} from './bank.ts'
import { depthwiseBank } from './depthwise.ts'
import { type FullScale, type KernelOptions, operator, type Step } from './operator.ts'
import { type Upsampling, upsamplingCrop, upsamplingRow } from './upsample.ts'

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
  summary: 'paints a kernel for every pixel, a stride apart, and adds the overlaps: upsampling',
  formula:
    'out[i·s + u·d − p, j·s + v·d − p] += weight[u,v] · x[i,j]; size (in − 1)·s − padding + d·(k − 1) + output padding + 1: ' +
    '2x2 with a 4x4 kernel and stride 3 gives 7x7',
  source:
    'Zeiler et al. 2010; Dumoulin and Visin 2016. Unless --kernel says otherwise every pixel becomes stride x stride of them, ' +
    'bilinear (Long, Shelhamer and Darrell 2015) or nearest, the edge repeated',
  group: 'operators',
  params: {
    stride: {
      ...numbers(
        'output pixels from one input pixel to the next',
        '<n>|<y,x>',
        { min: 1, max: 2 },
        { min: 1, whole: true },
      ),
      default: [2] as readonly number[],
    },
    upsample: {
      ...choice('a kernel by name, for the stride at hand', ['bilinear', 'nearest']),
      unset: 'bilinear, unless there is a --kernel',
    },
    'output-padding': {
      ...numbers(
        'rows and columns added below and on the right',
        '<n>|<y,x>',
        { min: 1, max: 2 },
        { min: 0, whole: true },
      ),
      default: [0] as readonly number[],
    },
  },
  kernel: 'optional',
  takes: ['flip', 'scale', 'normalize', 'bias', 'dilation', 'padding', 'groups'],
  build: ({ kernel, values, settings, full }) => {
    const stride = pair(values.stride)
    const outputPadding = pair(values['output-padding'])
    checkLimit('phases', stride[0] * stride[1], `--stride ${stride}`)
    if (kernel === undefined) {
      const why = 'needs a --kernel: the named kernels fit their stride as they are'
      refuseOptions(settings, ['flip', 'normalize', 'dilation', 'padding', 'groups'], why)
      if (outputPadding.some((n) => n > 0)) throw new ConvoError('E_OPTION', `--output-padding ${why}`)
      return upsamplingStep(values.upsample ?? 'bilinear', stride, settings, full)
    }
    if (values.upsample !== undefined) {
      throw new ConvoError('E_OPTION', `--upsample ${values.upsample} and --kernel cannot both be meant`, {
        fix: 'no --upsample',
      })
    }
    return {
      kind: 'tensor',
      // what takes flat areas to zero would take alpha there too
      acts: kernel.shape.length === 2 && !sumsToZero({ form: 'dense', kernel }) ? 'each' : 'colour',
      apply: (x, engine) =>
        transposePicture(engine, x, kernel, { ...settings, stride, usual: 'constant', full }, outputPadding),
    }
  },
})

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
    kind: 'tensor',
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
  if (shape.length > 4) throw wrongRank('transposed', kernel, 'rank 2, 3 or 4')
  const isPlane = shape.length === 2
  if (isPlane && options.groups !== undefined) {
    throw new ConvoError(
      'E_OPTION',
      `--groups ${options.groups} needs a bank of filters, and this kernel is a plane`,
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
      `--padding ${p} is not for transposed, which cuts its padding off the output`,
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
