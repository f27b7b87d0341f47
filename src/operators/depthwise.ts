import type { Correlation } from '../conv/geometry.ts'
import { biasOf, type ConvOptions, checkRank, correlationOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { type Kernel, kernel as makeKernel, showShape } from '../kernel/kernel.ts'
import { checkOptions } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'
import {
  type Bank,
  bankOf,
  correlateBank,
  type Flipping,
  forEachChannel,
  refuseAlgorithm,
  wrongRank,
} from './bank.ts'
import { correlationOptions, correlationStep } from './conv2d.ts'
import { correlationLayer, eachOwn, perChannel, plainBank } from './layer.ts'
import { operator } from './operator.ts'

/** The options of the depthwise convolution. It has no `groups`: each channel is a group. */
export type DepthwiseOptions = Omit<ConvOptions, 'groups'>

/**
 * Depthwise convolution of x [C,H,W] with [C·m,1,kH,kW]: every channel has m filters of its own, and nothing is summed
 * over channels:
 *
 *     out[c·m + q,i,j] = bias[c·m + q] + Σ over u,v of weight[c·m + q,0,u,v] · x[c, i + u, j + v]
 *
 * Size per axis: floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1. Weights: C·m·kH·kW, which is 1/C of
 * the plain convolution, and C·m biases; multiplications: weights · H'·W'. After Sifre 2014.
 *
 * @returns [C·m,H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export async function depthwiseConv2d(
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: DepthwiseOptions = {},
): Promise<Tensor> {
  const c = depthwiseCorrelation(x, weight, options)
  return engine.correlate(x, weight, biasOf(options.bias, c.filters), c)
}

/** Returns the settings of a depthwise convolution. @throws ConvoError E_ARGUMENT, E_SHAPE */
export function depthwiseCorrelation(
  x: Tensor,
  weight: Tensor,
  options: DepthwiseOptions,
  name = 'weight',
): Correlation {
  checkOptions(options, 'depthwiseConv2d', ['bias', 'stride', 'padding', 'dilation', 'paddingMode'])
  checkRank('x', x, 3, '[C,H,W]')
  checkRank(name, weight, 4, '[C*m,1,kH,kW]')
  const [channels, filters] = [x.shape[0]!, weight.shape[0]!]
  if (weight.shape[1] !== 1) {
    const what = `${name} must be [C*m,1,kH,kW], one channel per filter, got [${weight.shape}]`
    throw new ConvoError('E_SHAPE', what, {
      fix: 'conv2d with groups, where a filter sees more than one channel',
    })
  }
  if (filters % channels !== 0) {
    const what = `${name} has ${filters} filters, which is not a multiple of the ${channels} channels of x`
    throw new ConvoError('E_SHAPE', what, {
      why: `x [${x.shape}], ${name} [${weight.shape}]; every channel has the same number of filters`,
      fix: `a bank of ${channels} filters, or of a multiple of it`,
    })
  }
  return correlationOf(2, x, weight, { ...options, groups: channels })
}

/** The default kernel of the depthwise operators. */
export const sharpen = makeKernel([3, 3], [0, -1, 0, -1, 5, -1, 0, -1, 0])

/**
 * Makes a depthwise bank for a number of channels from a kernel: one plane for all channels, one plane for each, or
 * [C·m,1,kH,kW]. @throws ConvoError E_KERNEL_SHAPE, E_SHAPE
 */
export function depthwiseBank(operator: string, kernel: Kernel, channels: number, settings: Flipping): Bank {
  const { shape } = kernel
  if (shape.length === 2) {
    const own = forEachChannel(kernel, channels)
    return bankOf({ ...kernel, weights: own.weights }, own.shape, settings)
  }
  if (shape.length > 4 || (shape.length === 4 && shape[1] !== 1)) {
    throw wrongRank(operator, kernel, '[kH,kW], [C,kH,kW] or [C*m,1,kH,kW]')
  }
  if (shape[0]! % channels !== 0) {
    throw new ConvoError(
      'E_SHAPE',
      `the kernel has ${shape[0]} filters, which is not a multiple of the ${channels} channels of the picture`,
      {
        why: `the kernel is ${showShape(shape)}; every channel has the same number of filters`,
        fix: `a bank of ${channels} filters, or of a multiple of it`,
      },
    )
  }
  return bankOf(kernel, shape.length === 4 ? shape : [shape[0]!, 1, shape[1]!, shape[2]!], settings)
}

export const depthwiseCommand = operator({
  summary: 'applies separate filters to each channel, without a sum over channels',
  formula:
    'out[c·m + q,i,j] = Σ weight[c·m + q,u,v] · x[c, i + u, j + v] over u, v; weights C·m·kH·kW, 1/C of a plain convolution',
  source:
    'Sifre 2014. A kernel [kH,kW] is used for all channels, [C,kH,kW] has one for each, [C·m,1,kH,kW] has m for each. By default it sharpens',
  group: 'operators',
  params: {},
  kernel: 'optional',
  examples: ['convo depthwise in.png out.png --kernel emboss'],
  takes: correlationOptions.filter((name) => name !== 'groups'),
  build: ({ kernel = sharpen, settings, full }) => {
    if (kernel.shape.length === 2) return correlationStep('depthwise', kernel, { settings, full })
    refuseAlgorithm('depthwise', settings)
    return {
      acts: 'colour',
      apply: (x, engine) => {
        const groups = x.shape[0]!
        const bank = depthwiseBank('depthwise', kernel, groups, settings)
        const usual = kernel.shape.length === 3 ? 'replicate' : 'constant'
        return correlateBank(engine, x, bank, { ...settings, groups, usual, full })
      },
    }
  },
  layer: {
    asks: ['size', 'multiplier'],
    alone: true,
    bank: () => undefined,
    of: ({ kernel, settings, isTextbook }) =>
      correlationLayer(eachOwn(kernel) ?? (isTextbook ? undefined : sharpen), settings),
    weights: perChannel,
    output: (s) => [s.channels * s.multiplier, ...s.axes.map((a) => a.output)],
    plain: plainBank,
  },
  animations: {
    depthwise: '3 channels, each with its own filter and no sum over channels',
  },
})
