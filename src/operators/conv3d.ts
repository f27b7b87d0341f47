import type { Engine } from '../conv/engine.ts'
import { biasOf, type ConvOptions, correlationOf } from '../conv/spec.ts'
import type { Tensor } from '../tensor/tensor.ts'

/**
 * 3-D convolution of x [C,D,H,W] with a bank [O,C/groups,kD,kH,kW]. The filters are less deep than the volume, or as deep,
 * and slide in three directions:
 *
 *     out[o,l,i,j] = bias[o] + Σ over c,t,u,v of weight[o,c,t,u,v] · x[c, l + t, i + u, j + v]
 *
 * with stride, padding, dilation and groups on all three axes as in `conv2d`. Weights: O·C/groups·kD·kH·kW;
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
