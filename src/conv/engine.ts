import { Tensor } from '../tensor/tensor.ts'
import type { Correlation, Transposition } from './geometry.ts'
import { involveBySimilarity, type LikenessOptions } from './likeness.ts'
import { correlateTensors, outputShape, transposeReference } from './reference.ts'

/**
 * What computes. Operators get one handed in, so that they run on the definition in tests and on the worker pool in use;
 * both give the same bits. Inputs are never changed.
 */
export interface Engine {
  /** x [C,(D,)H,W] with weight [O,C/groups,(kD,)kH,kW]; bias has O numbers. */
  correlate(x: Tensor, weight: Tensor, bias: Float32Array | undefined, c: Correlation): Promise<Tensor>
  /** x [C,(D,)H,W] with weight [C,O/groups,(kD,)kH,kW]. */
  transpose(x: Tensor, weight: Tensor, bias: Float32Array | undefined, t: Transposition): Promise<Tensor>
  /** x [C,H,W] by kernels that come from the likeness of its own pixels. */
  involve(x: Tensor, options: LikenessOptions): Promise<Tensor>
}

/** The engine that is the definition: plain loops, one thread. */
export const referenceEngine: Engine = {
  correlate: async (x, weight, bias, c) => correlateTensors(x, weight, bias, c),
  transpose: async (x, weight, bias, t) =>
    new Tensor(outputShape(x, t.filters, t.axes), transposeReference(x.data, weight.data, bias, t)),
  involve: async (x, options) => involveBySimilarity(x, options),
}
