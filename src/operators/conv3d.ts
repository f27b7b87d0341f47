import type { Padding } from '../conv/geometry.ts'
import { biasOf, type ConvOptions, correlationOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { choice, custom, number, numbers, paddingRules, wordOr } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { triple } from './bank.ts'
import { operator } from './operator.ts'
import { correlateVolume, lengthOf, type VolumeOptions, volumeKernels, volumeSlabs } from './volume.ts'

/**
 * 3-D convolution of x [C,D,H,W] with a bank [O,C/groups,kD,kH,kW]. The filters are less deep than the volume, or as deep,
 * and slide in three directions:
 *
 *     out[o,l,i,j] = bias[o] + Σ over c,t,u,v of weight[o,c,t,u,v] · x[c, l + t, i + u, j + v]
 *
 * with stride, padding, dilation and groups on all three axes as in `conv2d`. Size per axis:
 * floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1. Weights: O·C/groups·kD·kH·kW, and O biases;
 * multiplications: weights · D'·H'·W'. After Ji et al. 2013 and Tran et al. 2015.
 *
 * @returns [O,D',H',W']
 * @throws ConvoError E_ARGUMENT, E_SHAPE
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

const axes3 = { min: 1, max: 3 }

function parsePadding(given: unknown, name: string): readonly [Padding, Padding, Padding] {
  const sizes = numbers('', '', axes3, { min: 0, whole: true })
  const list = wordOr(paddingRules, 'same, valid, full, or 1 to 3 numbers', sizes.parse)(given, name)
  if (typeof list === 'string') return [list, list, list]
  const [z, y, x] = triple(list, 0)
  return [
    [z, z],
    [y, y],
    [x, x],
  ]
}

/** One result is itself; those of several kernels are the parts of a gradient. */
const join = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0]! : lengthOf(parts))

export const conv3dCommand = operator({
  summary: 'correlates a volume with a kernel that slides in three directions',
  formula:
    'out[o,l,i,j] = bias[o] + Σ weight[o,c,t,u,v] · x[c, l + t, i + u, j + v] over c, t, u, v; size per axis ' +
    'floor((in + padding − dilation·(k − 1) − 1) / stride) + 1, by default that of the volume',
  source:
    'Ji et al. 2013; Tran et al. 2015. By name: gaussian, exp(−r²/2σ²) cut at 4σ as SciPy’s; sobel, the length of the gradient by ' +
    '-1 0 1 along an axis and 1 2 1 along the others, / 4 so that its gain is that of the 2-D sobel; box, the mean of 3x3x3. A kernel [kD,kH,kW] meets every channel on its own',
  group: 'operators',
  input: 'volume',
  params: {
    filter: {
      ...choice('a kernel by name', ['gaussian', 'sobel', 'sobel-x', 'sobel-y', 'sobel-z', 'box']),
      unset: 'gaussian, unless there is a --kernel',
    },
    sigma: { ...number('of the gaussian, in samples', undefined, { min: 0.1, max: 50 }), unset: '1' },
    stride: {
      ...numbers('samples from one output sample to the next', '<n>|<z,y,x>', axes3, { min: 1, whole: true }),
      default: [1] as readonly number[],
    },
    dilation: {
      ...numbers('samples from one tap to the next', '<n>|<z,y,x>', axes3, { min: 1, whole: true }),
      default: [1] as readonly number[],
    },
    padding: {
      ...custom(
        'samples around the volume: same, valid, full, one number or z,y,x',
        '<padding>',
        parsePadding,
      ),
      choices: ['same', 'valid', 'full'],
      unset: 'as many output samples as there are input samples, over the stride',
    },
  },
  kernel: 'optional',
  takes: ['border', 'fill', 'flip', 'scale', 'normalize', 'bias', 'groups'],
  build: ({ kernel, values, settings, full }) => {
    const { filter, sigma } = values
    if (kernel !== undefined && (filter ?? sigma) !== undefined) {
      const name = filter === undefined ? 'sigma' : 'filter'
      throw new ConvoError('E_OPTION', `--${name} and --kernel cannot both be meant`, {
        fix: `no --${name}`,
      })
    }
    const named = filter ?? 'gaussian'
    if (sigma !== undefined && named !== 'gaussian') {
      throw new ConvoError('E_OPTION', `--sigma says nothing to ${named}`, { fix: '--filter gaussian' })
    }
    const kernels = kernel === undefined ? volumeKernels(named, sigma ?? 1) : [kernel]
    const how: VolumeOptions = {
      ...settings,
      full,
      axes: {
        stride: triple(values.stride, 1),
        dilation: triple(values.dilation, 1),
        padding: values.padding,
      },
    }
    return {
      kind: 'tensor',
      acts: kernels[0]!.shape.length === 3 ? 'each' : 'colour',
      volume: 'whole',
      // a picture is a volume of one slice, which is made of its numbers
      seesAll: true,
      async apply(x, engine) {
        const parts: Tensor[] = []
        for (const k of kernels) parts.push(await correlateVolume(engine, x, k, how))
        return join(parts)
      },
      slabs: (shape) => volumeSlabs(shape, kernels, how, join),
    }
  },
})
