import type { Engine } from '../conv/engine.ts'
import { type Bias, biasOf, type ConvOptions, checkOptions } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { type Activation, checkActivation } from './activation.ts'
import { depthwiseCorrelation } from './depthwise.ts'
import { pointwiseBank, pointwiseConv2d } from './pointwise.ts'

/** The options of the depthwise separable convolution; stride, padding and dilation are those of the depthwise step. */
export type DepthwiseSeparableOptions = Omit<ConvOptions, 'groups' | 'bias'> & {
  readonly depthwiseBias?: Bias | undefined
  readonly pointwiseBias?: Bias | undefined
  /** What every result of the second step goes through. */
  readonly activation?: Activation | undefined
}

/**
 * Depthwise separable convolution of x [C,H,W]: each channel by its own filters [C·m,1,kH,kW], then a 1x1 convolution
 * [O,C·m,1,1] or [O,C·m] over what comes out.
 *
 * Weights: C·m·kH·kW + O·C·m, where a plain convolution has O·C·kH·kW (16 to 32 channels with 3x3: 656 against 4,608);
 * multiplications: weights · H'·W'. After Sifre 2014, Chollet 2017 (Xception), Howard et al. 2017 (MobileNets).
 *
 * @returns [O,H',W']
 * @throws ConvoError E_ARGUMENT, E_SHAPE
 */
export async function depthwiseSeparableConv2d(
  engine: Engine,
  x: Tensor,
  depthwise: Tensor,
  pointwise: Tensor,
  options: DepthwiseSeparableOptions = {},
): Promise<Tensor> {
  const { depthwiseBias, pointwiseBias, activation = 'none', ...rest } = options
  checkOptions(rest, [
    'stride',
    'padding',
    'dilation',
    'paddingMode',
    'depthwiseBias',
    'pointwiseBias',
    'activation',
  ])
  const c = depthwiseCorrelation(x, depthwise, rest, 'depthwise')
  const bank = pointwiseBank(pointwise, 'pointwise')
  if (bank.shape[1] !== c.filters) {
    throw new ConvoError(
      'E_SHAPE',
      `pointwise is for ${bank.shape[1]} channels, depthwise makes ${c.filters}`,
      {
        why: `depthwise [${depthwise.shape}], pointwise [${pointwise.shape}]; pointwise must be [O, C*m, 1, 1]`,
      },
    )
  }
  const last = { bias: biasOf(pointwiseBias, bank.shape[0]!), activation: checkActivation(activation) }
  const between = await engine.correlate(x, depthwise, biasOf(depthwiseBias, c.filters), c)
  return pointwiseConv2d(engine, between, bank, last)
}
