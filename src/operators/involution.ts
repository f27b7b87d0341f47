import { type Bias, biasOf, checkOptions, checkRank, correlationOf, wholeAtLeast } from '../conv/spec.ts'
import { type Engine, referenceEngine } from '../definition/engine.ts'
import type { LayerSettings } from '../definition/layers.ts'
import { ConvoError } from '../error.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { describe } from '../text/describe.ts'
import { pointwiseBank } from './pointwise.ts'

/** How the kernels of an involution meet the picture. */
export type InvolutionSizes = {
  /** K, odd: a kernel has K x K numbers. */
  readonly kernelSize: number
  readonly stride?: number | undefined
  /** The channels of a group share a kernel. */
  readonly groups?: number | undefined
  readonly dilation?: number | undefined
}

/** The weights that make the kernels from the pixels. */
export type KernelGenerator = {
  /** [R,C,1,1] or [R,C] */
  readonly reduceWeight: Tensor
  readonly reduceBias?: Bias | undefined
  readonly batchNorm?: BatchNorm | undefined
  /** [K·K·G,R,1,1] or [K·K·G,R]; number g·K·K + u·K + v is the tap in row u, column v of group g. */
  readonly spanWeight: Tensor
  readonly spanBias?: Bias | undefined
}

/** Batch normalisation in its inference form: (v − mean) / √(variance + eps) · gamma + beta, R numbers each. */
export type BatchNorm = {
  readonly gamma: Bias
  readonly beta: Bias
  readonly mean: Bias
  readonly variance: Bias
  /** 1e-5 unless given. */
  readonly eps?: number | undefined
}

/** The options of the involution. */
export type InvolutionOptions = InvolutionSizes & KernelGenerator

const sizeNames = ['kernelSize', 'stride', 'groups', 'dilation'] as const
const generatorNames = ['reduceWeight', 'reduceBias', 'batchNorm', 'spanWeight', 'spanBias'] as const

/**
 * Involution of x [C,H,W]: the kernel changes from pixel to pixel and is the same for all channels of a group, the other
 * way round than in a convolution. Each pixel's channels make its kernel,
 *
 *     kernel[:,i,j] = spanWeight · relu(bn(reduceWeight · x[:,i,j] + reduceBias)) + spanBias
 *
 * which is then applied as `involutionApply2d` says. With a stride s the kernel is made from the mean of the s x s block
 * whose upper left pixel is (i·s, j·s). Size per axis: floor(in / s). Weights: C·R + R·K²·G; multiplications: H'·W'·(C·R + R·K²·G + K²·C).
 * After Li et al. 2021.
 *
 * @returns [C, floor(H / s), floor(W / s)]
 * @throws ConvoError E_ARGUMENT, E_SHAPE
 */
export async function involution2d(engine: Engine, x: Tensor, options: InvolutionOptions): Promise<Tensor> {
  checkOptions(options, [...sizeNames, ...generatorNames])
  checkRank('x', x, 3, '[C,H,W]')
  const sizes = involutionSizes(x.shape[0]!, options)
  const kernel = await generateKernel(engine, x, options, sizes)
  return engine.layer('kernels', [x, kernel], sizes)
}

/**
 * Applies kernels [G·K²,H',W'], one for each place of the output, to x [C,H,W]:
 *
 *     out[c,i,j] = Σ over u,v of kernel[g·K² + u·K + v, i, j] · x[c, i·s + (u − (K−1)/2)·d, j·s + (v − (K−1)/2)·d]
 *
 * with g = floor(c / (C/G)) and zeros outside. Size per axis: that of the kernels, floor(in / s) or rounded up. No weights
 * of its own; multiplications: K²·C·H'·W'. After Li et al. 2021.
 *
 * @returns [C,H',W']
 * @throws ConvoError E_ARGUMENT, E_SHAPE
 */
export async function involutionApply2d(
  x: Tensor,
  kernel: Tensor,
  options: InvolutionSizes,
): Promise<Tensor> {
  checkOptions(options, sizeNames)
  checkRank('x', x, 3, '[C,H,W]')
  checkRank('kernel', kernel, 3, '[G*K*K,H,W]')
  const sizes = involutionSizes(x.shape[0]!, options)
  const { kernelSize, groups, stride } = sizes
  if (kernel.shape[0] !== groups * kernelSize ** 2) {
    throw new ConvoError(
      'E_SHAPE',
      `kernel has ${kernel.shape[0]} numbers per place, kernelSize ${kernelSize} in ${groups} groups needs ${groups * kernelSize ** 2}`,
    )
  }
  for (const [i, axis] of ['height', 'width'].entries()) {
    const [size, places] = [x.shape[i + 1]!, kernel.shape[i + 1]!]
    if (places !== Math.floor(size / stride) && places !== Math.ceil(size / stride)) {
      throw new ConvoError(
        'E_SHAPE',
        `kernel has ${places} places in ${axis}, x of ${size} with stride ${stride} has ${Math.floor(size / stride)}`,
        { why: `x [${x.shape}], kernel [${kernel.shape}]` },
      )
    }
  }
  return referenceEngine.layer('kernels', [x, kernel], sizes)
}

/** The sizes of an involution, all decided. */
type Sizes = {
  readonly kernelSize: number
  readonly stride: number
  readonly groups: number
  readonly dilation: number
}

function involutionSizes(channels: number, options: InvolutionSizes): Sizes {
  const kernelSize = wholeAtLeast('kernelSize', options.kernelSize, 1)
  if (kernelSize % 2 === 0) {
    throw new ConvoError('E_ARGUMENT', `kernelSize of an involution must be odd, got ${kernelSize}`)
  }
  const groups = wholeAtLeast('groups', options.groups ?? 1, 1)
  if (channels % groups !== 0) {
    throw new ConvoError('E_SHAPE', `groups ${groups} do not divide the ${channels} channels of x`)
  }
  const stride = wholeAtLeast('stride', options.stride ?? 1, 1)
  return { kernelSize, groups, stride, dilation: wholeAtLeast('dilation', options.dilation ?? 1, 1) }
}

/** The kernels [G·K²,H',W'] that the weights make from x. */
async function generateKernel(
  engine: Engine,
  x: Tensor,
  options: KernelGenerator,
  sizes: Sizes,
): Promise<Tensor> {
  const reduce = pointwiseBank(options.reduceWeight, 'reduceWeight')
  const span = pointwiseBank(options.spanWeight, 'spanWeight')
  const channels = x.shape[0]!
  const [hidden, seen] = reduce.shape as [number, number]
  const numbers = sizes.groups * sizes.kernelSize ** 2
  if (seen !== channels) {
    throw new ConvoError('E_SHAPE', `reduceWeight is for ${seen} channels, x has ${channels}`)
  }
  if (span.shape[0] !== numbers || span.shape[1] !== hidden) {
    throw new ConvoError(
      'E_SHAPE',
      `spanWeight must be [${numbers},${hidden},1,1] for kernelSize ${sizes.kernelSize}, groups ${sizes.groups} and reduceWeight [${reduce.shape}], got [${span.shape}]`,
    )
  }
  const [reduceBias, spanBias] = [
    biasNamed('reduceBias', options.reduceBias, hidden),
    biasNamed('spanBias', options.spanBias, numbers),
  ]
  const normalise = normalisation(options.batchNorm, hidden)
  const mean = await meanOfBlocks(engine, x, sizes.stride)
  const reduced = await engine.correlate(mean, reduce, reduceBias, correlationOf(2, mean, reduce, {}))
  const active = await engine.layer('rectified', [reduced], normalise)
  return engine.correlate(active, span, spanBias, correlationOf(2, active, span, {}))
}

/** The numbers of a batch normalisation. @throws ConvoError E_ARGUMENT, E_SHAPE */
function normalisation(bn: BatchNorm | undefined, hidden: number): LayerSettings['rectified'] {
  if (bn === undefined) return {}
  checkOptions(bn, ['gamma', 'beta', 'mean', 'variance', 'eps'])
  const list = (name: 'gamma' | 'beta' | 'mean' | 'variance'): readonly number[] => {
    if (bn[name] === undefined) throw new ConvoError('E_ARGUMENT', `batchNorm.${name} is missing`)
    return Array.from(biasNamed(`batchNorm.${name}`, bn[name], hidden)!)
  }
  const [gamma, beta, mean, variance] = [list('gamma'), list('beta'), list('mean'), list('variance')]
  const eps = bn.eps ?? 1e-5
  if (typeof eps !== 'number' || !(eps >= 0 && eps < Number.POSITIVE_INFINITY)) {
    throw new ConvoError('E_ARGUMENT', `batchNorm.eps must be a number of at least 0, got ${describe(eps)}`)
  }
  return { gamma, beta, mean, root: variance.map((v) => Math.sqrt(v + eps)) }
}

/** The bias, its errors under its own name. */
function biasNamed(name: string, bias: Bias | undefined, count: number): Float32Array | undefined {
  try {
    return biasOf(bias, count)
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    throw new ConvoError(error.code, error.message.replace(/^bias/, name), { why: error.why })
  }
}

/** The mean of every s x s block that lies wholly inside; x itself for s = 1. */
async function meanOfBlocks(engine: Engine, x: Tensor, s: number): Promise<Tensor> {
  if (s === 1) return x
  const [, height, width] = x.shape as [number, number, number]
  if (Math.min(height, width) < s) {
    throw new ConvoError(
      'E_SHAPE',
      `stride ${s} leaves nothing of x, which is ${height} high and ${width} wide`,
    )
  }
  return engine.layer('means', [x], { s })
}
