import { checkOutput, extent } from '../conv/geometry.ts'
import { axisChoices, checkFlag, checkRank, type PerAxis, perAxis } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import type { LayerSettings } from '../definition/layers.ts'
import { type PoolAxes, type PoolAxis, poolRow } from '../definition/pool.ts'
import { rowsOf } from '../definition/rows.ts'
import { ConvoError } from '../error.ts'
import { converted, copied, inRows } from '../host/turns.ts'
import { checkLimit } from '../limits.ts'
import { checkOptions, flag, text } from '../params.ts'
import { asTensor, type TensorInput } from '../tensor/like.ts'
import { floats, reshaped, sizeOf, Tensor } from '../tensor/tensor.ts'
import { flatPair, pair, perSide, sides, triple } from './bank.ts'
import { type LayerRules, none, numbersOnly, sameChannels } from './layer.ts'
import { operator } from './operator.ts'

/** The options of max pooling. */
export type PoolOptions = {
  /** The size of a window in samples, whole, at least 1. */
  readonly kernelSize: PerAxis
  /** The distance between neighbouring windows in samples, whole, at least 1. Default: the size of the window. */
  readonly stride?: PerAxis | undefined
  /**
   * Samples added around the input, whole. They are never the maximum, and no window may contain only them. Default: 0.
   */
  readonly padding?: PerAxis | readonly (readonly [before: number, after: number])[] | undefined
  /** The distance between the samples of a window, whole, at least 1. Default: 1. */
  readonly dilation?: PerAxis | undefined
  /** Rounds the output size up, so that the last windows may extend past the edge. Default: false. */
  readonly ceilMode?: boolean | undefined
  /** Whether to return the switches. Default: true. */
  readonly returnIndices?: boolean | undefined
}

/** The switches: where each maximum was, as a flat row-major index into its channel's plane or volume. */
export type Indices = {
  /** The shape of the pooled tensor. */
  readonly shape: readonly number[]
  /** The index of each maximum in the plane or volume of its channel, row-major. */
  readonly data: Int32Array
}

/** The result of max pooling. */
export type Pooled = {
  /** The maxima. */
  readonly output: Tensor
  /** The positions of the maxima. */
  readonly indices: Indices
}

/**
 * Max pooling of x [C,H,W], with its switches:
 *
 *     out[c,i,j] = max over u,v of x[c, i·stride − before + u·dilation, j·stride − before + v·dilation]
 *
 * Size per axis: floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1. With `ceilMode` it is rounded up,
 * and one less if the last window would begin in the padding after the input. Of equal maxima the first in row-major
 * order wins. A NaN wins over every number (as in PyTorch, but here the first NaN). Padding never wins. No weights and
 * no multiplications; kH·kW − 1 comparisons per output. After Ranzato et al. 2007.
 *
 * @returns output [C,H',W'], and its indices
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE; also if a window would contain only padding
 */
export function maxPool2d(
  x: TensorInput,
  options: PoolOptions & {
    /** Returns only the maxima. */
    readonly returnIndices: false
  },
): Promise<Pick<Pooled, 'output'>>
export function maxPool2d(x: TensorInput, options: PoolOptions): Promise<Pooled>
export async function maxPool2d(x: TensorInput, options: PoolOptions): Promise<Pick<Pooled, 'output'>> {
  return maxPool(2, await asTensor(x), options)
}

/**
 * Max pooling of a volume x [C,D,H,W]: works on three axes as `maxPool2d` does on two. Size per axis: that of
 * `maxPool2d`. The indices count through the volume of a channel. No weights; kD·kH·kW − 1 comparisons per output.
 *
 * @returns output [C,D',H',W'], and its indices
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export function maxPool3d(
  x: TensorInput,
  options: PoolOptions & {
    /** Returns only the maxima. */
    readonly returnIndices: false
  },
): Promise<Pick<Pooled, 'output'>>
export function maxPool3d(x: TensorInput, options: PoolOptions): Promise<Pooled>
export async function maxPool3d(x: TensorInput, options: PoolOptions): Promise<Pick<Pooled, 'output'>> {
  return maxPool(3, await asTensor(x), options)
}

/**
 * The number of comparisons from which threads and vectors save more than the copy of the tensor costs: 3x3 at every
 * sample takes a tenth of the time.
 */
const worthCopying = 4e6
/** The number of positions in a channel up to which every index is exact in float32. */
const wholeFloats = 2 ** 24

/** Pools a large tensor on the engine and a small one directly. Indices of volumes are always found directly. */
export const pooledOn =
  (spatial: 2 | 3) =>
  async (engine: Engine, x: Tensor, options: PoolOptions): Promise<Pooled | { readonly output: Tensor }> =>
    (await largeMaxima(engine, spatial, x, options)) ?? maxPool(spatial, x, options)

/** Pools a large tensor on the engine; undefined for a small one, and if float32 could not hold the indices. */
async function largeMaxima(
  engine: Engine,
  spatial: 2 | 3,
  x: Tensor,
  options: PoolOptions,
): Promise<Pooled | { readonly output: Tensor } | undefined> {
  const axes = poolAxes(spatial, x, options)
  const taps = sizeOf(perAxis('kernelSize', options.kernelSize, spatial, 1))
  const shape = [x.shape[0]!, ...axes.slice(3 - spatial).map(({ output }) => output)]
  const count = sizeOf(shape)
  const isWanted = options.returnIndices !== false
  const isExact = spatial === 2 && sizeOf(x.shape.slice(1)) <= wholeFloats
  if (count * taps < worthCopying || (isWanted && !isExact)) return undefined
  checkOutput(x.shape[0]!, axes)
  if (!isWanted) return { output: new Tensor(shape, (await engine.layer('pool', [x], { axes })).data) }
  const { data } = await engine.layer('pooled', [x], { axes })
  return {
    output: new Tensor(shape, await copied(data.subarray(0, count))),
    indices: { shape, data: await converted(data.subarray(count), Int32Array) },
  }
}

async function maxPool(
  spatial: 2 | 3,
  x: Tensor,
  options: PoolOptions,
): Promise<Pooled | { readonly output: Tensor }> {
  const axes = poolAxes(spatial, x, options)
  const channels = x.shape[0]!
  const shape = [channels, ...axes.slice(3 - spatial).map((a) => a.output)]
  checkOutput(channels, axes)
  const count = sizeOf(shape)
  const output = floats(count)
  const indices = options.returnIndices === false ? undefined : new Int32Array(count)
  const [{ output: depth }, { output: height }, { output: width }] = axes
  const rows = rowsOf(x)
  const taps = sizeOf(perAxis('kernelSize', options.kernelSize, spatial, 1))
  await inRows(channels * depth * height, width * taps, (row) => {
    const [c, z, y] = [Math.floor(row / height / depth), Math.floor(row / height) % depth, row % height]
    poolRow(rows, axes, c, z, y, output, row * width, indices)
  })
  const pooled = new Tensor(shape, output)
  return indices === undefined ? { output: pooled } : { output: pooled, indices: { shape, data: indices } }
}

/** Checks the arguments of a pooling and decides its numbers. @throws ConvoError E_ARGUMENT, E_SHAPE */
export function poolAxes(spatial: 2 | 3, x: Tensor, options: PoolOptions): PoolAxes {
  checkOptions(options, `maxPool${spatial}d`, [
    'kernelSize',
    'stride',
    'padding',
    'dilation',
    'ceilMode',
    'returnIndices',
  ])
  checkRank('x', x, spatial + 1, spatial === 2 ? '[C,H,W]' : '[C,D,H,W]')
  const { kernelSize, stride = kernelSize, padding, dilation, ceilMode = false } = options
  checkFlag('ceilMode', ceilMode)
  checkFlag('returnIndices', options.returnIndices ?? true)
  if (kernelSize === undefined) throw new ConvoError('E_ARGUMENT', 'kernelSize is missing')
  const kernel = perAxis('kernelSize', kernelSize, spatial, 1)
  const choices = axisChoices(spatial, { stride, dilation, padding })
  const axes = choices.map((choice, i) => {
    const name = ['depth', 'height', 'width'][i + 3 - spatial]!
    const padding = numbersOnly(choice.padding, 'a pooling')
    return poolAxis(name, x.shape[i + 1]!, kernel[i]!, { ...choice, padding }, ceilMode)
  })
  if (spatial === 2) axes.unshift(poolAxis('depth', 1, 1, { stride: 1, dilation: 1, padding: [0, 0] }, false))
  return axes as unknown as PoolAxes
}

/** Returns the settings of a pooling along one axis. @throws ConvoError E_SHAPE, E_ARGUMENT */
export function poolAxis(
  name: string,
  input: number,
  kernel: number,
  choice: { stride: number; dilation: number; padding: readonly [number, number] },
  ceilMode: boolean,
): PoolAxis {
  const { stride, dilation, padding } = choice
  const [before, after] = padding
  const reach = extent(kernel, dilation)
  const room = input + before + after - reach
  let output = Math.floor((room + (ceilMode ? stride - 1 : 0)) / stride) + 1
  // The last window must begin inside the input or the padding before it.
  if (ceilMode && (output - 1) * stride >= input + before) output--
  if (output < 1) {
    throw new ConvoError(
      'E_SHAPE',
      `the window is larger than the padded input in ${name}: ${reach} against ${input + before + after}`,
      {
        why: `input ${input} + padding ${before} + ${after}; kernelSize ${kernel} at dilation ${dilation} covers ${reach}`,
        fix: `a window that covers at most ${input + before + after}`,
      },
    )
  }
  checkLimit('padding', Math.max(before, after), `the padding in ${name}`)
  checkLimit('tensorSamples', output, `an output of ${output} in ${name}`)
  const start = new Int32Array(output)
  const low = new Int32Array(output)
  const high = new Int32Array(output)
  for (let o = 0; o < output; o++) {
    start[o] = o * stride - before
    low[o] = Math.max(0, Math.ceil(-start[o]! / dilation))
    high[o] = Math.min(kernel - 1, Math.floor((input - 1 - start[o]!) / dilation))
    if (low[o]! > high[o]!) {
      throw new ConvoError(
        'E_ARGUMENT',
        `padding ${before} + ${after} is too large for kernelSize ${kernel} in ${name}: window ${o} would contain no input sample`,
        { fix: `padding of at most ${Math.floor(reach / 2)} on each side` },
      )
    }
  }
  return { input, output, dilation, start, low, high }
}

/** The layer rules of a pooling: side-by-side windows. */
export const poolRules = {
  asks: [],
  pools: true,
  axis(label, input, kernel, choice, { ceil = false }) {
    const padding = numbersOnly(choice.padding, 'a pooling')
    const { output } = poolAxis(label, input, kernel, { ...choice, padding }, ceil)
    const { stride, dilation } = choice
    return { input, kernel, stride, dilation, before: padding[0], after: padding[1], output }
  },
} satisfies LayerRules

const poolings = new WeakMap<Tensor, LayerSettings['switches']>()

/** Returns the pooling that made a tensor of switches; undefined for any other tensor. */
export const poolingOf = (places: Tensor): LayerSettings['switches'] | undefined => poolings.get(places)

const axes = '<n>|<y,x>|<z,y,x>'

export const maxPoolCommand = operator({
  summary: 'keeps the largest sample of each window; the default, 2x2, halves the size',
  formula:
    'out[i,j] = max x[i·stride + u, j·stride + v] over u, v; size floor((in + padding − dilation·(k − 1) − 1) / stride) + 1; ' +
    'on a volume, in three directions',
  source: 'Ranzato et al. 2007; PyTorch’s max_pool2d and max_pool3d. Each channel is pooled separately',
  group: 'operators',
  examples: ['convo maxpool in.png out.png --size 3 --stride 2'],
  input: ({ size, stride, padding, dilation }) =>
    [size, stride, padding, dilation].some((list) => list?.length === 3),
  params: {
    size: sides('height and width of the window; for a volume, depth, height and width', 1, 2, axes),
    stride: { ...perSide('distance between windows, in pixels', 1, axes), unset: 'the size of the window' },
    padding: sides('pixels added around the picture, which are never the maximum', 0, 0, axes),
    dilation: sides('distance between the samples of a window, in pixels', 1, 1, axes),
    ceil: flag('let the last windows extend past the edge, so that every pixel counts'),
    switches: {
      ...text('save the positions of the maxima under a name, for unpool --with', '<name>'),
      unset: 'not saved',
    },
  },
  kernel: 'none',
  takes: [],
  build: ({ values: { size, stride = size, padding, dilation, ceil, switches } }) => {
    const how = (isVolume: boolean) => {
      const sides = (list: readonly number[], neutral: number) =>
        isVolume ? triple(list, neutral) : flatPair(list)
      return {
        kernelSize: sides(size, 1),
        stride: sides(stride, 1),
        padding: sides(padding, 0),
        dilation: sides(dilation, 1),
        ceilMode: ceil,
        returnIndices: false,
      } as const
    }
    return {
      acts: 'each',
      arithmetic: { algorithm: 'pool', reason: 'comparisons, window by window' },
      volume: 'whole',
      async apply(x, engine, kept) {
        if (x.shape.length === 4) {
          if (switches === undefined) {
            const axes = poolAxes(3, x, how(true))
            const sizes = axes.map(({ output }) => output)
            return reshaped(await engine.layer('pool', [x], { axes }), [x.shape[0]!, ...sizes])
          }
          throw new ConvoError('E_OPTION', '--switches is for pictures, and the input is a volume', {
            fix: 'no --switches',
          })
        }
        const axes = poolAxes(2, x, how(false))
        if (switches !== undefined) {
          const across = flatPair(size)[1]
          const places = await engine.layer('switches', [x], { axes, across })
          poolings.set(places, { axes, across })
          kept?.keep(switches, places)
        }
        return engine.layer('pool', [x], { axes })
      },
    }
  },
  layer: {
    ...poolRules,
    of({ values: { size, stride = size, padding, dilation, ceil }, shape }) {
      const sides = (list: readonly number[], neutral: number) =>
        shape.length === 4 ? triple(list, neutral) : pair(list)
      return {
        size: sides(size, 1),
        stride: sides(stride, 1),
        padding: sides(padding, 0),
        dilation: sides(dilation, 1),
        ceil,
      }
    },
    weights: () => none,
    output: sameChannels,
  },
  animations: { maxpool: 'max pooling of 4x4 with 2x2 windows, and the positions of the maxima' },
})
