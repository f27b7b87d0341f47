import type { Engine } from '../conv/engine.ts'
import { biasOf, type ConvOptions, correlationOf } from '../conv/spec.ts'
import type { Tensor } from '../tensor/tensor.ts'

/**
 * 2-D convolution of x [C,H,W] with a bank [O,C/groups,kH,kW], which is cross-correlation, as in the frameworks:
 *
 *     out[o,i,j] = bias[o] + Σ over c,u,v of weight[o,c,u,v] · x[c, i·stride − before + u·dilation, j·stride − before + v·dilation]
 *
 * Filter o sees the C/groups channels of its group. Size per axis:
 * floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1. Weights: O·C/groups·kH·kW, and O biases;
 * multiplications: weights · H'·W'. After LeCun et al. 1998; groups Krizhevsky et al. 2012; dilation Yu and Koltun 2016.
 *
 * @returns [O,H',W']
 * @throws ConvoError E_ARGUMENT, E_SHAPE; the message names the argument and the numbers
 */
export async function conv2d(
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: ConvOptions = {},
): Promise<Tensor> {
  const c = correlationOf(2, x, weight, options)
  return engine.correlate(x, weight, biasOf(options.bias, c.filters), c)
}
