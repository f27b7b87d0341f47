import type { Padding } from '../conv/geometry.ts'
import { biasOf, type ConvOptions, correlationOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { type Kernel, kernel as makeKernel } from '../kernel/kernel.ts'
import { choice, custom, number, paddingRules, wordOr } from '../params.ts'
import { exp } from '../tensor/math.ts'
import { reshaped, type Tensor } from '../tensor/tensor.ts'
import {
  type BankOptions,
  bankOf,
  correlateBank,
  forEachChannel,
  notWithKernel,
  perSide,
  refuseGroups,
  sides,
  triple,
  wrongRank,
} from './bank.ts'
import { paddingOption } from './layer.ts'
import { operator } from './operator.ts'

/**
 * 3-D convolution of x [C,D,H,W] with a bank [O,C/groups,kD,kH,kW]. The filters slide in three directions; they are at
 * most as deep as the volume:
 *
 *     out[o,l,i,j] = bias[o] + Σ over c,t,u,v of weight[o,c,t,u,v] · x[c, l + t, i + u, j + v]
 *
 * with stride, padding, dilation and groups on all three axes as in `conv2d`. Size per axis:
 * floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1. Weights: O·C/groups·kD·kH·kW, and O biases;
 * multiplications: weights · D'·H'·W'. After Ji et al. 2013 and Tran et al. 2015.
 *
 * @returns [O,D',H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export async function conv3d(
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: ConvOptions = {},
): Promise<Tensor> {
  const c = correlationOf(3, x, weight, options)
  return engine.correlate(x, weight, biasOf(options.bias, c.filters), c)
}

function parsePadding(given: unknown, name: string): readonly [Padding, Padding, Padding] {
  const sizes = perSide('', 0, '<n>|<z,y,x>')
  const list = wordOr(paddingRules, 'same, valid, full, or 1 to 3 numbers', sizes.parse)(given, name)
  if (typeof list === 'string') return [list, list, list]
  const [z, y, x] = triple(list, 0)
  return [
    [z, z],
    [y, y],
    [x, x],
  ]
}

export const conv3dCommand = operator({
  summary: 'applies a 3-D kernel to a volume',
  formula:
    'out[o,l,i,j] = bias[o] + Σ weight[o,c,t,u,v] · x[c, l + t, i + u, j + v] over c, t, u, v; size per axis ' +
    'floor((in + padding − dilation·(k − 1) − 1) / stride) + 1, by default that of the volume',
  source:
    'Ji et al. 2013; Tran et al. 2015. Named kernels: gaussian, exp(−r²/2σ²) cut at 4σ as in SciPy; sobel, the length of the gradient by ' +
    '-1 0 1 along one axis and 1 2 1 along the others, divided by 4 so that its gain is that of the 2-D sobel; box, the mean of 3x3x3. A kernel [kD,kH,kW] is applied to each channel',
  group: 'operators',
  examples: [
    'convo conv3d volume.tif edges.tif --filter sobel',
    'convo conv3d volume.npy smooth.npy --filter gaussian --sigma 2',
    'convo conv3d slices/ edges.tif --filter sobel',
  ],
  input: 'volume',
  params: {
    filter: {
      ...choice('a named kernel', ['gaussian', 'sobel', 'sobel-x', 'sobel-y', 'sobel-z', 'box']),
      unset: 'gaussian, or none with --kernel',
    },
    sigma: {
      ...number('standard deviation of gaussian, in samples', undefined, { min: 0.1, max: 50 }),
      unset: '1',
    },
    stride: sides('compute only every n-th sample', 1, 1, '<n>|<z,y,x>'),
    dilation: sides('distance between neighbouring taps, in samples', 1, 1, '<n>|<z,y,x>'),
    padding: {
      ...custom(
        'samples added around the volume: same, valid, full, one number or z,y,x',
        '<padding>',
        parsePadding,
      ),
      choices: ['same', 'valid', 'full'],
      unset: 'the output has the size of the input, divided by the stride',
    },
  },
  kernel: 'optional',
  takes: ['border', 'fill', 'flip', 'scale', 'normalize', 'bias', 'groups'],
  build: ({ kernel, values, settings, full }) => {
    const { filter, sigma } = values
    if (kernel !== undefined && (filter ?? sigma) !== undefined) {
      throw notWithKernel(filter === undefined ? 'sigma' : 'filter')
    }
    const named = filter ?? 'gaussian'
    if (sigma !== undefined && named !== 'gaussian') {
      throw new ConvoError('E_OPTION', `--sigma does not apply to ${named}`, { fix: '--filter gaussian' })
    }
    const kernels = kernel === undefined ? volumeKernels(named, sigma ?? 1) : [kernel]
    const [stride, dilation] = [triple(values.stride, 1), triple(values.dilation, 1)]
    const how = { ...settings, full, stride, dilation, padding: values.padding }
    return {
      acts: kernels[0]!.shape.length === 3 ? 'each' : 'colour',
      volume: 'whole',
      apply: (x, engine) => correlateVolumes(engine, x, kernels, how),
    }
  },
  layer: {
    asks: ['size', 'filters'],
    of({ kernel, settings, values, isTextbook }) {
      const { filter, sigma, stride, dilation, padding } = values
      const isNamed = kernel === undefined && !(isTextbook && (filter ?? sigma) === undefined)
      const kernels = isNamed ? volumeKernels(filter ?? 'gaussian', sigma ?? 1) : [kernel]
      return {
        kernel: kernels[0],
        each: kernels[0]?.shape.length === 3,
        kernels: kernels.length,
        stride: triple(stride, 1),
        dilation: triple(dilation, 1),
        padding: padding && paddingOption(padding),
        groups: settings.groups,
      }
    },
  },
  animations: {
    conv3d: 'a 3x3x3 kernel slides over 4 slices of 5x5: the output is 2 slices of 3x3',
  },
})

type VolumeOptions = Omit<BankOptions, 'usual'>

/**
 * Applies kernels to a volume with `correlateVolume`. Three kernels compute the parts of a vector, and the result is
 * its length. One slice [C,H,W] is treated as a volume, and the result is again a picture.
 */
async function correlateVolumes(
  engine: Engine,
  x: Tensor,
  kernels: readonly Kernel[],
  options: VolumeOptions,
): Promise<Tensor> {
  const [channels = 1, ...size] = x.shape
  const whole = size.length === 2 ? reshaped(x, [channels, 1, ...size]) : x
  const out = await engine.together([whole], async (own, volume) => {
    const parts: Tensor[] = []
    for (const kernel of kernels) parts.push(await correlateVolume(own, volume!, kernel, options))
    return parts.length === 1 ? parts[0]! : own.layer('formula', parts, { name: 'length' })
  })
  const [filters = 1, depth, ...made] = out.shape
  return size.length === 2 && depth === 1 ? reshaped(out, [filters, ...made]) : out
}

/**
 * Applies a kernel [kD,kH,kW] to every channel of x [C,D,H,W], or a bank [O,C/groups,kD,kH,kW] to all of them, then
 * divides by the scale and adds the bias. The default border repeats the edge for [kD,kH,kW] and is zeros for a bank.
 */
async function correlateVolume(
  engine: Engine,
  x: Tensor,
  kernel: Kernel,
  options: VolumeOptions,
): Promise<Tensor> {
  const { shape } = kernel
  const isEach = shape.length === 3
  if (!isEach && shape.length !== 5) throw wrongRank('conv3d', kernel, 'rank 3, [kD,kH,kW], or rank 5')
  if (isEach) refuseGroups(options)
  const channels = x.shape[0]!
  const own = isEach ? forEachChannel(kernel, channels) : kernel
  const bank = { ...bankOf(own, own.shape, options, 3), kernel }
  const groups = isEach ? channels : options.groups
  return correlateBank(engine, x, bank, { ...options, groups, usual: isEach ? 'replicate' : 'constant' })
}

/** Returns the kernels of a named filter for volumes: one, or three whose results are the parts of a gradient. */
function volumeKernels(
  name: 'gaussian' | 'sobel' | 'sobel-x' | 'sobel-y' | 'sobel-z' | 'box',
  sigma: number,
): Kernel[] {
  const [smooth, slope, ones] = [
    [1, 2, 1],
    [-1, 0, 1],
    [1, 1, 1],
  ]
  const along = {
    x: [smooth, smooth, slope],
    y: [smooth, slope, smooth],
    z: [slope, smooth, smooth],
  } as const
  if (name === 'gaussian') {
    const row = bell(sigma)
    return [outer(row, row, row)]
  }
  if (name === 'box') return [{ ...outer(ones!, ones!, ones!), scale: 27 }]
  const axis = name.slice('sobel-'.length)
  const parts = axis === '' ? (['x', 'y', 'z'] as const) : ([axis] as (keyof typeof along)[])
  // The scale gives the same gain as the 2-D sobel: the third axis only averages.
  return parts.map((a) => ({ ...outer(along[a][0]!, along[a][1]!, along[a][2]!), scale: 4 }))
}

const outer = (z: readonly number[], y: readonly number[], x: readonly number[]): Kernel =>
  makeKernel(
    [z.length, y.length, x.length],
    z.flatMap((a) => y.flatMap((b) => x.map((c) => a * b * c))),
  )

/** The weights exp(−i²/2σ²) for |i| ≤ trunc(4σ + 0.5), scaled to sum to 1: SciPy's rule. */
function bell(sigma: number): number[] {
  const radius = Math.max(1, Math.trunc(4 * sigma + 0.5))
  const row = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    exp(-((i - radius) ** 2) / (2 * sigma * sigma)),
  )
  const sum = row.reduce((a, b) => a + b, 0)
  return row.map((v) => v / sum)
}
