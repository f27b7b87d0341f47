import type { Engine } from '../conv/engine.ts'
import { type Bias, biasOf, checkOptions, checkRank, correlationOf } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import { describe, Tensor } from '../tensor/tensor.ts'
import { type Activation, activate, checkActivation } from './activation.ts'

/** The options of the 1x1 convolution. */
export type PointwiseOptions = {
  readonly bias?: Bias | undefined
  /** What every result goes through; `none` unless given. */
  readonly activation?: Activation | undefined
}

/**
 * 1x1 convolution of x [C,H,W] with [O,C,1,1] or [O,C]: each pixel's channels are mixed anew,
 *
 *     out[o,i,j] = f(bias[o] + Σ over c of weight[o,c] · x[c,i,j])
 *
 * H x W x C becomes H x W x O. Weights: O·C; multiplications: O·C·H·W. After Lin, Chen and Yan 2013.
 *
 * @returns [O,H,W]
 * @throws ConvoError E_ARGUMENT, E_SHAPE
 */
export async function pointwiseConv2d(
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: PointwiseOptions = {},
): Promise<Tensor> {
  checkOptions(options, ['bias', 'activation'])
  const activation = checkActivation(options.activation ?? 'none')
  const bank = pointwiseBank(weight)
  const c = correlationOf(2, x, bank, {})
  return activate(await engine.correlate(x, bank, biasOf(options.bias, c.filters), c), activation)
}

/** [O,C,1,1] from [O,C] or from itself. @throws ConvoError E_SHAPE */
export function pointwiseBank(weight: Tensor, name = 'weight'): Tensor {
  if (!(weight instanceof Tensor)) {
    throw new ConvoError('E_ARGUMENT', `${name} must be a Tensor, got ${describe(weight)}`)
  }
  if (weight.shape.length === 2) return new Tensor([...weight.shape, 1, 1], weight.data)
  checkRank(name, weight, 4, '[O,C,1,1] (or 2, [O,C])')
  const [, , kH, kW] = weight.shape
  if (kH !== 1 || kW !== 1) {
    throw new ConvoError('E_SHAPE', `${name} must be 1x1, [O,C,1,1], got [${weight.shape}]`, {
      fix: 'conv2d for larger kernels',
    })
  }
  return weight
}
