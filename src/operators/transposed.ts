import type { Engine } from '../conv/engine.ts'
import { biasOf, type TransposeOptions, transpositionOf } from '../conv/spec.ts'
import type { Tensor } from '../tensor/tensor.ts'

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
 * Transposed convolution of a volume x [C,D,H,W] with [C,O/groups,kD,kH,kW]; see `convTranspose2d`.
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
