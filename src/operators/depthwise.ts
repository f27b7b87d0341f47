import type { Engine } from '../conv/engine.ts'
import type { Correlation } from '../conv/geometry.ts'
import { biasOf, type ConvOptions, checkOptions, checkRank, correlationOf } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** The options of the depthwise convolution: its groups are the channels. */
export type DepthwiseOptions = Omit<ConvOptions, 'groups'>

/**
 * Depthwise convolution of x [C,H,W] with [C·m,1,kH,kW]: every channel has m filters of its own, and nothing is summed
 * over channels:
 *
 *     out[c·m + q,i,j] = bias + Σ over u,v of weight[c·m + q,0,u,v] · x[c, i + u, j + v]
 *
 * Sizes as in `conv2d`. Weights: C·m·kH·kW; multiplications: weights · H'·W'. After Sifre 2014.
 *
 * @returns [C·m,H',W']
 * @throws ConvoError E_ARGUMENT, E_SHAPE
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

/** The numbers of a depthwise convolution. @throws ConvoError E_ARGUMENT, E_SHAPE */
export function depthwiseCorrelation(
  x: Tensor,
  weight: Tensor,
  options: DepthwiseOptions,
  name = 'weight',
): Correlation {
  checkOptions(options, ['bias', 'stride', 'padding', 'dilation', 'paddingMode'])
  checkRank('x', x, 3, '[C,H,W]')
  checkRank(name, weight, 4, '[C*m,1,kH,kW]')
  const [channels, filters] = [x.shape[0]!, weight.shape[0]!]
  if (weight.shape[1] !== 1) {
    throw new ConvoError(
      'E_SHAPE',
      `${name} must be [C*m,1,kH,kW], one channel per filter, got [${weight.shape}]`,
      {
        fix: 'conv2d with groups, where a filter sees more than one channel',
      },
    )
  }
  if (filters % channels !== 0) {
    throw new ConvoError(
      'E_SHAPE',
      `${name} has ${filters} filters, which the ${channels} channels of x do not divide`,
      {
        why: `x [${x.shape}], ${name} [${weight.shape}]; every channel has the same number of filters`,
      },
    )
  }
  return correlationOf(2, x, weight, { ...options, groups: channels })
}
