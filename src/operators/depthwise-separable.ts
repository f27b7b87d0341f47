import { type Bias, biasOf, type ConvOptions } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import type { Activation } from '../definition/functions.ts'
import { ConvoError } from '../error.ts'
import { type Kernel, kernel as makeKernel, showShape } from '../kernel/kernel.ts'
import { checkOptions, textOr } from '../params.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { checkActivation } from './activation.ts'
import { correlateBank, refuseAlgorithm } from './bank.ts'
import { correlationOptions } from './conv2d.ts'
import { depthwiseBank, depthwiseCorrelation, sharpen } from './depthwise.ts'
import {
  correlationLayer,
  eachOwn,
  everywhere,
  letters,
  perChannel,
  places,
  plainBank,
  times,
} from './layer.ts'
import { operator } from './operator.ts'
import { matrixBank, pointwiseBank, pointwiseConv2d } from './pointwise.ts'

/** The options of the depthwise separable convolution; stride, padding and dilation are those of the depthwise step. */
export type DepthwiseSeparableOptions = Omit<ConvOptions, 'groups' | 'bias'> & {
  /** Bias of the first step: one number for each of its C·m channels. Default: 0. */
  readonly depthwiseBias?: Bias | undefined
  /** Bias of the second step: one number for each output channel. Default: 0. */
  readonly pointwiseBias?: Bias | undefined
  /** Applied to every result of the second step. Default: `none`. */
  readonly activation?: Activation | undefined
}

/**
 * Depthwise separable convolution of x [C,H,W]. Filters [C·m,1,kH,kW] are applied to each channel, then a 1x1
 * convolution [O,C·m,1,1] or [O,C·m] to the result:
 *
 *     between[c·m + q,i,j] = depthwiseBias[c·m + q] + Σ over u,v of depthwise[c·m + q,0,u,v] · x[c, i + u, j + v]
 *     out[o,i,j] = f(pointwiseBias[o] + Σ over k of pointwise[o,k] · between[k,i,j])
 *
 * Size per axis: floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1. Weights: C·m·kH·kW + O·C·m, compared
 * with O·C·kH·kW for a plain convolution (16 to 32 channels with 3x3: 656 instead of 4,608); multiplications:
 * weights · H'·W'. After Sifre 2014, Chollet 2017 (Xception), Howard et al. 2017 (MobileNets).
 *
 * @returns [O,H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export async function depthwiseSeparableConv2d(
  engine: Engine,
  x: Tensor,
  depthwise: Tensor,
  pointwise: Tensor,
  options: DepthwiseSeparableOptions = {},
): Promise<Tensor> {
  checkOptions(options, 'depthwiseSeparableConv2d', [
    'stride',
    'padding',
    'dilation',
    'paddingMode',
    'depthwiseBias',
    'pointwiseBias',
    'activation',
  ])
  const { depthwiseBias, pointwiseBias, activation = 'none', ...rest } = options
  const c = depthwiseCorrelation(x, depthwise, rest, 'depthwise')
  const bank = pointwiseBank(pointwise, 'pointwise')
  if (bank.shape[1] !== c.filters) {
    const what = `pointwise is for ${bank.shape[1]} channels, depthwise makes ${c.filters}`
    throw new ConvoError('E_SHAPE', what, {
      why: `depthwise [${depthwise.shape}], pointwise [${pointwise.shape}]; pointwise must be [O, C*m, 1, 1]`,
    })
  }
  const last = { bias: biasOf(pointwiseBias, bank.shape[0]!), activation: checkActivation(activation) }
  const between = await engine.correlate(x, depthwise, biasOf(depthwiseBias, c.filters), c)
  return pointwiseConv2d(engine, between, bank, last)
}

export const depthwiseSeparableCommand = operator({
  summary: 'applies a kernel to each channel, then mixes the channels with a 1x1 convolution',
  formula:
    'between[c·m + q,i,j] = Σ weight[c·m + q,u,v] · x[c, i + u, j + v], out[o,i,j] = Σ mix[o,k] · between[k,i,j]; ' +
    'weights C·m·kH·kW + O·C·m: from 16 to 32 channels with 3x3 it takes 656, a plain convolution 4,608',
  source: 'Sifre 2014; Chollet 2017; Howard et al. 2017. By default it sharpens and does not mix',
  group: 'operators',
  params: {
    pointwise: {
      ...textOr<Kernel>(
        'kernel',
        'matrix of the second step, a file or numbers, with a row for each output channel',
        '<kernel>',
      ),
      unset: 'identity, no mixing',
    },
  },
  kernel: 'optional',
  takes: correlationOptions.filter((name) => name !== 'groups'),
  build: ({ kernel = sharpen, values, settings, full }) => {
    refuseAlgorithm('depthwise-separable', settings)
    const { bias: _, ...depthwiseSettings } = settings
    return {
      acts: 'colour',
      async apply(x, engine) {
        const mix = values.pointwise === undefined ? undefined : await readMatrix(values.pointwise)
        const groups = x.shape[0]!
        const usual = kernel.shape.length === 4 ? 'constant' : 'replicate'
        const depthwise = depthwiseBank('depthwise-separable', kernel, groups, depthwiseSettings)
        const first = { ...depthwiseSettings, groups, usual, full } as const
        const between = await correlateBank(engine, x, depthwise, first)
        const matrix = mix ?? identityMatrix(between.shape[0]!)
        const pointwise = matrixBank('--pointwise', matrix, {})
        const [seen, made] = [pointwise.weight.shape[1]!, between.shape[0]!]
        if (seen !== made) {
          const what = `--pointwise is for ${seen} channels, but the first step makes ${made}`
          throw new ConvoError('E_SHAPE', what, {
            why: `--pointwise is ${showShape(matrix.shape)}: it needs a column for each of them`,
            fix: 'no --pointwise',
          })
        }
        return correlateBank(engine, between, pointwise, { bias: settings.bias, usual: 'constant', full })
      },
    }
  },
  layer: {
    asks: ['size', 'filters', 'multiplier'],
    settles: { pointwise: 'filters' },
    alone: true,
    bank: () => undefined,
    async of({ kernel, settings, values, isTextbook }) {
      const depthwise = correlationLayer(eachOwn(kernel) ?? (isTextbook ? undefined : sharpen), settings)
      if (values.pointwise === undefined) return depthwise
      const { shape } = await readMatrix(values.pointwise)
      return { ...depthwise, filters: shape.length === 3 ? 1 : shape[0] }
    },
    weights(s) {
      const [formula, filled, count] = perChannel(s)
      const { channels: c, multiplier: m, filters: o } = s
      return [`${formula} + O·C·m`, `${filled} + ${times(o, c, m)}`, count + o * c * m]
    },
    multiplications(s, weights) {
      if (!s.each) return everywhere(s, weights)
      const { channels: c, filters: o, kernel: k } = s
      const out = s.axes.map((a) => a.output)
      const [each, mix] = [weights[2] - o * c, o * c]
      return [
        `(C·${letters(k)} + O·C) · ${places(out, "'")}`,
        `(${times(c, ...k)} + ${times(o, c)}) · ${times(...out)}`,
        (c * each + mix) * sizeOf(out),
      ]
    },
    plain: plainBank,
  },
  animations: {
    'depthwise-separable':
      '3 channels of 5x5: each is filtered by its own 3x3 kernel, then a 1x1 convolution mixes them',
  },
  examples: [
    'convo depthwise-separable in.png out.png --kernel gaussian:sigma=2 --pointwise "0 0 1; 0 1 0; 1 0 0"',
    'convo explain depthwise-separable --input 16x56x56 --filters 32',
  ],
})

/**
 * Reads the matrix of the second step. The module is imported only here, so that reading formats does not slow down
 * every start.
 */
async function readMatrix(source: string | Kernel): Promise<Kernel> {
  const { loadKernel } = await import('../kernel/source.ts')
  return loadKernel(source)
}

const identityMatrix = (n: number): Kernel =>
  makeKernel(
    [n, n],
    Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
  )
