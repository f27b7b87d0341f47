import type { Engine } from './definition/engine.ts'
import { asConvoError, ConvoError, counted, mismatch, ownCopy, refuseMany } from './error.ts'
import * as conv2 from './operators/conv2d.ts'
import * as conv3 from './operators/conv3d.ts'
import * as depth from './operators/depthwise.ts'
import * as depthSeparable from './operators/depthwise-separable.ts'
import * as involution from './operators/involution.ts'
import * as pooling from './operators/max-pool.ts'
import * as point from './operators/pointwise.ts'
import * as spatial from './operators/separable.ts'
import * as transposed from './operators/transposed.ts'
import { defaultThreads } from './run/pool.ts'
import { poolOf } from './run/shared.ts'
import { poolEngine } from './run/tensors.ts'
import { asTensor, type TensorInput } from './tensor/like.ts'
import type { Tensor } from './tensor/tensor.ts'

// The public operators. They run on the worker pool of this process, which starts with the first call.

let threads = defaultThreads()
let engine: Engine | undefined

/**
 * Sets how many threads the operators use. The default is one for each core. Results never depend on it.
 *
 * @throws ConvoError E_ARGUMENT for anything but a whole number from 1 to 1024, and once an operator has run
 */
export const setThreads = counted('setThreads', 1, (count: number): void => {
  if (!Number.isSafeInteger(count) || count < 1 || count > 1024) {
    throw mismatch('threads must be a whole number from 1 to 1024', count)
  }
  if (engine !== undefined && count !== threads) {
    const what = `the number of threads cannot change to ${count}: ${threads} are already running`
    throw new ConvoError('E_ARGUMENT', what, { fix: 'call setThreads before the first operator' })
  }
  threads = count
})

/** The arguments that a user can pass to an operator: numbers with a shape instead of any tensor. */
type Given<A extends readonly unknown[]> = { [I in keyof A]: A[I] extends Tensor ? TensorInput : A[I] }

/** Makes an operator run on the default engine. Every error is a rejection, even one from starting the engine. */
const onDefault =
  <A extends unknown[], R>(
    name: string,
    most: number,
    operator: (engine: Engine, ...args: A) => Promise<R>,
  ) =>
  async (...args: Given<A>): Promise<R> => {
    try {
      refuseMany(name, most, args)
      engine ??= poolEngine(poolOf(threads))
      return await operator(
        engine,
        ...((await Promise.all(args.map((one) => asTensor(ownCopy('an argument', one))))) as A),
      )
    } catch (error) {
      throw asConvoError(error)
    }
  }

/** 2-D convolution: x [C,H,W] with weight [O,C/groups,kH,kW] gives [O,H',W']. */
export const conv2d = onDefault('conv2d', 3, conv2.conv2d)

/** 3-D convolution: x [C,D,H,W] with weight [O,C/groups,kD,kH,kW] gives [O,D',H',W']. */
export const conv3d = onDefault('conv3d', 3, conv3.conv3d)

/** 1x1 convolution: x [C,H,W] with weight [O,C,1,1] or [O,C] gives [O,H,W], with an optional activation. */
export const pointwiseConv2d = onDefault('pointwiseConv2d', 3, point.pointwiseConv2d)

/**
 * Separable convolution: every channel of x [C,H,W] is filtered with a column, then with a row, and gives [C,H',W'].
 */
export const separableConv2d = onDefault('separableConv2d', 4, spatial.separableConv2d)

/** Depthwise convolution, each channel separately: x [C,H,W] with weight [C·m,1,kH,kW] gives [C·m,H',W']. */
export const depthwiseConv2d = onDefault('depthwiseConv2d', 3, depth.depthwiseConv2d)

/** Depthwise convolution with [C·m,1,kH,kW], then a 1x1 one with [O,C·m,1,1]: x [C,H,W] gives [O,H',W']. */
export const depthwiseSeparableConv2d = onDefault(
  'depthwiseSeparableConv2d',
  4,
  depthSeparable.depthwiseSeparableConv2d,
)

/** Transposed convolution: x [C,H,W] with weight [C,O/groups,kH,kW] gives [O,H',W']. */
export const convTranspose2d = onDefault('convTranspose2d', 3, transposed.convTranspose2d)

/** Transposed convolution of a volume: x [C,D,H,W] with weight [C,O/groups,kD,kH,kW] gives [O,D',H',W']. */
export const convTranspose3d = onDefault('convTranspose3d', 3, transposed.convTranspose3d)

/** Max pooling: x [C,H,W] gives [C,H',W'] and the positions of the maxima. Large tensors use all threads. */
export const maxPool2d = onDefault('maxPool2d', 2, pooling.pooledOn(2)) as typeof pooling.maxPool2d

/**
 * Max pooling of a volume: x [C,D,H,W] gives [C,D',H',W'], and the positions of the maxima in the volume of their
 * channel.
 */
export const maxPool3d = onDefault('maxPool3d', 2, pooling.pooledOn(3)) as typeof pooling.maxPool3d

/** Involution: applies to each neighbourhood a kernel made from its middle pixel: x [C,H,W] gives [C,H',W']. */
export const involution2d = onDefault('involution2d', 2, involution.involution2d)
