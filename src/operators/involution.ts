import { correlationAxis, extent } from '../conv/geometry.ts'
import { type Bias, biasOf, checkRank, correlationOf, wholeAtLeast } from '../conv/spec.ts'
import { type Engine, referenceEngine } from '../definition/engine.ts'
import type { LayerSettings } from '../definition/layers.ts'
import { ConvoError, counted, mismatch } from '../error.ts'
import { checkOptions, choice, custom, expected, integer, number, textOr } from '../params.ts'
import { asTensor, type TensorInput } from '../tensor/like.ts'
import { sizeOf, type Tensor } from '../tensor/tensor.ts'
import { type BatchNorm, generatorSizes, type KernelGenerator, readGenerator } from './involution-weights.ts'
import { plainBank, sameChannels, times } from './layer.ts'
import { operator } from './operator.ts'
import { pointwiseBank } from './pointwise.ts'

/** How the kernels of an involution are applied to the picture. */
export type InvolutionSizes = {
  /** The width K of the kernels, odd: a kernel has K x K numbers. */
  readonly kernelSize: number
  /** The distance between neighbouring positions of the kernel in samples, whole, at least 1. Default: 1. */
  readonly stride?: number | undefined
  /** The number of groups, a divisor of the number of channels. The channels of a group share a kernel. Default: 1. */
  readonly groups?: number | undefined
  /** The distance between neighbouring taps in samples, whole, at least 1. Default: 1. */
  readonly dilation?: number | undefined
}

/** The options of the involution. */
export type InvolutionOptions = InvolutionSizes & KernelGenerator

const sizeNames = ['kernelSize', 'stride', 'groups', 'dilation'] as const
const generatorNames = ['reduceWeight', 'reduceBias', 'batchNorm', 'spanWeight', 'spanBias'] as const

/**
 * Involution of x [C,H,W]: the kernel changes from pixel to pixel and is the same for all channels of a group, the
 * opposite of a convolution. Each pixel's channels make its kernel,
 *
 *     kernel[:,i,j] = spanWeight · relu(bn(reduceWeight · x[:,i,j] + reduceBias)) + spanBias
 *
 * which is then applied as in `involutionApply2d`. With a stride s, the kernel is made from the mean of the s x s block
 * whose upper left pixel is (i·s, j·s). Size per axis: floor(in / s). Weights: C·R + R·K²·G; multiplications:
 * H'·W'·(C·R + R·K²·G + K²·C). After Li et al. 2021.
 *
 * @returns [C, floor(H / s), floor(W / s)]
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export async function involution2d(engine: Engine, x: Tensor, options: InvolutionOptions): Promise<Tensor> {
  checkOptions(options, 'involution2d', [...sizeNames, ...generatorNames])
  checkRank('x', x, 3, '[C,H,W]')
  const sizes = involutionSizes(x.shape[0]!, options)
  const kernel = await generateKernel(engine, x, options, sizes)
  return engine.layer('kernels', [x, kernel], sizes)
}

/**
 * Applies kernels [G·K²,H',W'], one for each position of the output, to x [C,H,W]:
 *
 *     out[c,i,j] = Σ over u,v of kernel[g·K² + u·K + v, i, j] · x[c, i·s + (u − (K−1)/2)·d, j·s + (v − (K−1)/2)·d]
 *
 * with g = floor(c / (C/G)) and zeros outside. Size per axis: that of the kernels, floor(in / s) or ceil(in / s). It
 * has no weights of its own; multiplications: K²·C·H'·W'. After Li et al. 2021.
 *
 * @returns [C,H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export const involutionApply2d = counted(
  'involutionApply2d',
  3,
  async (input: TensorInput, kernels: TensorInput, options: InvolutionSizes): Promise<Tensor> => {
    const [x, kernel] = [await asTensor(input), await asTensor(kernels)]
    checkOptions(options, 'involutionApply2d', sizeNames)
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
  },
)

/** The sizes of an involution, with all defaults filled in. */
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

/** Makes the kernels [G·K²,H',W'] from x and the weights. */
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

/** Returns the settings of a batch normalisation. @throws ConvoError E_ARGUMENT, E_SHAPE */
function normalisation(bn: BatchNorm | undefined, hidden: number): LayerSettings['rectified'] {
  if (bn === undefined) return {}
  checkOptions(bn, 'batchNorm', ['gamma', 'beta', 'mean', 'variance', 'eps'])
  const list = (name: 'gamma' | 'beta' | 'mean' | 'variance'): readonly number[] => {
    if (bn[name] === undefined) throw new ConvoError('E_ARGUMENT', `batchNorm.${name} is missing`)
    return Array.from(biasNamed(`batchNorm.${name}`, bn[name], hidden)!)
  }
  const [gamma, beta, mean, variance] = [list('gamma'), list('beta'), list('mean'), list('variance')]
  const eps = bn.eps ?? 1e-5
  if (typeof eps !== 'number' || !(eps >= 0 && eps < Number.POSITIVE_INFINITY)) {
    throw mismatch('batchNorm.eps must be a number of at least 0', eps)
  }
  return { gamma, beta, mean, root: variance.map((v) => Math.sqrt(v + eps)) }
}

/** Reads a bias as `biasOf` does, but with its own name in the errors. */
function biasNamed(name: string, bias: Bias | undefined, count: number): Float32Array | undefined {
  try {
    return biasOf(bias, count)
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    throw new ConvoError(error.code, error.message.replace(/^bias/, name), { why: error.why })
  }
}

/** Returns the mean of every whole s x s block; x itself for s = 1. */
async function meanOfBlocks(engine: Engine, x: Tensor, s: number): Promise<Tensor> {
  if (s === 1) return x
  const [, height, width] = x.shape as [number, number, number]
  if (Math.min(height, width) < s) {
    const what = `stride ${s} is too large for x, which is ${height} high and ${width} wide`
    throw new ConvoError('E_SHAPE', what)
  }
  return engine.layer('means', [x], { s })
}

/** The side of a square around a pixel. */
export const oddSide = (summary: string, most: number) =>
  custom(`${summary}, odd`, '<k>', (given, name) => {
    const value = typeof given === 'boolean' ? Number.NaN : Number(given)
    if (Number.isSafeInteger(value) && value >= 1 && value <= most && value % 2 === 1) return value
    const near = Math.min(most, 2 * Math.floor(Math.max(0, value) / 2) + 1)
    throw expected(`an odd number from 1 to ${most}`, name, given, Number.isNaN(value) ? {} : { near })
  })

const oddSize = {
  ...oddSide('width of the neighbourhood in pixels', 255),
  unset: '5, or from --weights',
}

export const involutionCommand = operator({
  summary: 'computes a separate kernel for every pixel from the picture: smooths but keeps edges',
  formula:
    'out[c,i,j] = Σ kernel[g(c),u,v,i,j] · x[c, i + u, j + v] over u, v in a K x K neighbourhood. The kernel is computed from the pixels, ' +
    'and the channels of a group share it',
  source:
    'Li et al. 2021. bilateral: weights fall with distance and difference (Tomasi and Manduchi 1998); attention: softmax of the ' +
    'similarity of 3x3 patches, which is non-local means (Buades, Coll and Morel 2005); or trained weights from a file',
  group: 'operators',
  params: {
    generator: {
      ...choice('how the kernels are computed', ['bilateral', 'attention']),
      unset: 'bilateral, or none with --weights',
    },
    size: oddSize,
    'sigma-space': {
      ...number(
        'bilateral: how quickly weights fall with distance (standard deviation, in pixels)',
        undefined,
        { min: 0.1, max: 1000 },
      ),
      unset: 'half the radius of the neighbourhood',
    },
    'sigma-range': {
      ...number(
        'bilateral: how quickly weights fall with difference (standard deviation, in levels of 0..255)',
        undefined,
        {
          min: 0.01,
          max: 1e6,
        },
      ),
      unset: '25',
    },
    temperature: {
      ...number('attention: how different similar patches may be, in levels of 0..255', undefined, {
        min: 0.01,
        max: 1e6,
      }),
      unset: '10',
    },
    dilation: integer('distance between neighbours, in pixels', 1, { min: 1, max: 1000 }),
    stride: {
      ...integer('with --weights: compute only every n-th pixel', undefined, { min: 1 }),
      unset: '1',
    },
    weights: {
      ...textOr<KernelGenerator>(
        'generator',
        'a .safetensors file or a folder of .npy files with reduce.weight [R,C,1,1], span.weight [K·K·G,R,1,1] and optionally ' +
          'reduce.bias, span.bias, bn.weight, bn.bias, bn.running_mean, bn.running_var; file#prefix. if the names have a prefix',
        '<file>',
      ),
      unset: 'none, see --generator',
    },
  },
  kernel: 'none',
  takes: [],
  build: ({ values, full }) => {
    const { generator, size, dilation, stride, weights } = values
    const [space, range, temperature] = [values['sigma-space'], values['sigma-range'], values.temperature]
    if (weights !== undefined) {
      refuse('--weights', { generator, 'sigma-space': space, 'sigma-range': range, temperature })
      return {
        acts: 'colour',
        arithmetic: {
          algorithm: 'involution',
          reason: 'kernels from two 1x1 banks, applied to each pixel',
        },
        async apply(x, engine) {
          const made = await readGenerator(weights)
          const sizes = { ...generatorSizes(made, size, x.shape[0]!, weights), dilation, stride: stride ?? 1 }
          const out = await involution2d(engine, await scaled(engine, x, 255 / full), { ...made, ...sizes })
          return scaled(engine, out, full / 255)
        },
      }
    }
    const isAttention = generator === 'attention'
    refuse(`the generator ${generator ?? 'bilateral'}`, {
      stride,
      ...(isAttention ? { 'sigma-space': space, 'sigma-range': range } : { temperature }),
    })
    const reach = (((size ?? 5) - 1) / 2) * dilation
    return {
      acts: 'colour',
      arithmetic: {
        algorithm: 'similarity',
        reason: 'kernels from the similarity of pixels, applied to each pixel',
      },
      apply: (x, engine) =>
        engine.involve(x, {
          size: size ?? 5,
          dilation,
          sigmaSpace: isAttention ? Number.POSITIVE_INFINITY : (space ?? Math.max(reach / 2, 0.5)),
          sigmaRange: ((isAttention ? (temperature ?? 10) : (range ?? 25)) * full) / 255,
          patch: isAttention ? 3 : 1,
        }),
    }
  },
  layer: {
    asks: ['size', 'hidden'],
    usual: { padding: 'same' },
    async of({ values, shape, isTextbook }) {
      const { size, dilation, stride, weights, generator } = values
      if (weights !== undefined) {
        const made = await readGenerator(weights)
        const { kernelSize, groups } = generatorSizes(made, size, shape[0]!, weights)
        return { size: kernelSize, groups, hidden: made.reduceWeight.shape[0]!, dilation, stride }
      }
      if (isTextbook && generator === undefined) return { size, dilation, stride }
      return { size: size ?? 5, dilation, rule: generator ?? 'bilateral' }
    },
    // there is a kernel for every whole block of stride x stride pixels
    axis(label, input, kernel, choice) {
      const axis = correlationAxis(label, input, kernel, choice)
      const output = Math.floor(input / choice.stride)
      if (output >= 1) return { ...axis, output }
      const what = `stride ${choice.stride} is too large for the ${label}, which is ${input}`
      throw new ConvoError('E_SHAPE', what, { fix: `--stride ${input}` })
    },
    weights({ channels: c, groups: g, kernel: k, layer: { rule, hidden = Math.max(1, Math.floor(c / 4)) } }) {
      if (rule !== undefined) return [`none, the kernels come from ${rule}`, '0', 0]
      const r = wholeAtLeast('hidden', hidden, 1)
      return ['C·R + R·K·K·G', `${times(c, r)} + ${times(r, ...k, g)}`, c * r + r * sizeOf(k) * g]
    },
    multiplications({ axes, channels: c, kernel: k, layer: { rule } }, [formula, filled, count]) {
      const out = axes.map((a) => a.output)
      const many = sizeOf(out) * (count + sizeOf(k) * c)
      return rule === undefined
        ? [`H'·W'·(${formula} + K·K·C)`, `${times(...out)}·(${filled} + ${times(...k, c)})`, many]
        : ["H'·W'·K·K·C", times(...out, ...k, c), many]
    },
    sized: ({ input, stride, output }) => ({
      formula: 'floor(in / stride)',
      filled: `floor(${input} / ${stride}) = ${output}`,
    }),
    output: sameChannels,
    // attention compares 3x3 patches whose middles are the neighbours
    reach: ({ layer: { rule } }, { kernel, dilation }) =>
      extent(kernel, dilation) + (rule === 'attention' ? 2 : 0),
    plain: plainBank,
  },
  animations: {
    involution: '2 channels of 4x4: every pixel has its own 3x3 kernel, which both channels share',
  },
})

/** Refuses settings that do not apply. @throws ConvoError E_OPTION for the first setting that was given */
function refuse(by: string, settings: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined)
      throw new ConvoError('E_OPTION', `--${name} does not apply to ${by}`, { fix: `no --${name}` })
  }
}

/** Scales levels: trained weights expect 0..255 at any depth. */
const scaled = async (engine: Engine, x: Tensor, by: number): Promise<Tensor> =>
  by === 1 ? x : engine.layer('scaled', [x], { by })
