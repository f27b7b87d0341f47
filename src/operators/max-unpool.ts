import { axisChoices, checkRank, type PerAxis, perAxis } from '../conv/spec.ts'
import { ConvoError, counted, mismatch, ownCopy } from '../error.ts'
import { inTurns } from '../host/turns.ts'
import { type Kernel, kernel as makeKernel } from '../kernel/kernel.ts'
import { checkLimit } from '../limits.ts'
import { checkOptions, flag, text } from '../params.ts'
import { asTensor, type TensorInput } from '../tensor/like.ts'
import { floats, sizeOf, Tensor } from '../tensor/tensor.ts'
import { bankOf, correlateBank, pair, refuseOptions, sides, wrongRank } from './bank.ts'
import { depthwiseBank } from './depthwise.ts'
import { everywhere, none, numbersOnly, planes } from './layer.ts'
import { type Indices, poolAxes, poolingOf, poolRules } from './max-pool.ts'
import { named } from './net-steps.ts'
import { type FullScale, type KernelOptions, operator, type Step } from './operator.ts'

/** The options of unpooling: the size of the output, or the settings of the pooling that it undoes. */
export type UnpoolOptions = {
  /** (D',)H',W': the size of the input of the pooling. Default: (in − 1)·stride − before − after + kernelSize. */
  readonly outputSize?: readonly number[] | undefined
  /** The size of a window of the pooling in samples, whole, at least 1. Required without `outputSize`. */
  readonly kernelSize?: PerAxis | undefined
  /**
   * The distance between neighbouring windows of the pooling in samples, whole, at least 1. Default: the size of the
   * window.
   */
  readonly stride?: PerAxis | undefined
  /** The padding of the pooling, in samples. Default: 0. */
  readonly padding?: PerAxis | readonly (readonly [before: number, after: number])[] | undefined
}

/**
 * Max unpooling of x [C,H,W]: puts every value back at the position in its switch, with zeros everywhere else:
 *
 *     out[c, indices[c,i,j]] = x[c,i,j]
 *
 * If windows overlapped and an index occurs twice, the later value in row-major order is kept. Together with a
 * convolution, it upsamples as a transposed convolution does. Size per axis: that of `outputSize`, or
 * (in − 1)·stride − before − after + kernelSize. No weights and no multiplications. After Zeiler and Fergus 2014; Noh,
 * Hong and Han 2015.
 *
 * @param indices with the shape of x, as returned by `maxPool2d`
 * @returns [C,H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE, also for an index outside the output
 */
export const maxUnpool2d = counted(
  'maxUnpool2d',
  3,
  async (x: TensorInput, indices: Indices, options: UnpoolOptions = {}): Promise<Tensor> => {
    return maxUnpool(2, await asTensor(x), ownCopy('indices', indices), options)
  },
)

/**
 * Max unpooling of a volume x [C,D,H,W]: works on three axes as `maxUnpool2d` does on two. Size per axis: that of
 * `maxUnpool2d`. No weights and no multiplications.
 *
 * @returns [C,D',H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export const maxUnpool3d = counted(
  'maxUnpool3d',
  3,
  async (x: TensorInput, indices: Indices, options: UnpoolOptions = {}): Promise<Tensor> => {
    return maxUnpool(3, await asTensor(x), ownCopy('indices', indices), options)
  },
)

async function maxUnpool(
  spatial: 2 | 3,
  x: Tensor,
  indices: Indices,
  options: UnpoolOptions,
): Promise<Tensor> {
  checkOptions(options, `maxUnpool${spatial}d`, ['outputSize', 'kernelSize', 'stride', 'padding'])
  checkRank('x', x, spatial + 1, spatial === 2 ? '[C,H,W]' : '[C,D,H,W]')
  checkIndices(x, indices)
  const size = outputSize(spatial, x, options)
  const channels = x.shape[0]!
  const room = sizeOf(size)
  const perChannel = x.data.length / channels
  checkLimit('tensorSamples', channels * room, `an output of ${[channels, ...size].join('x')}`)
  const data = floats(channels * room)
  await inTurns(x.data.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const place = indices.data[i]!
      if (place < 0 || place >= room) {
        throw new ConvoError(
          'E_ARGUMENT',
          `index ${place} at ${i} is outside the output of ${size.join('x')}, whose indices are 0 to ${room - 1}`,
        )
      }
      data[Math.floor(i / perChannel) * room + place] = x.data[i]!
    }
  })
  return new Tensor([channels, ...size], data)
}

function checkIndices(x: Tensor, indices: Indices): void {
  if (
    !(indices?.data instanceof Int32Array) ||
    !Array.isArray(indices.shape) ||
    !Array.from(indices.shape).every((n) => typeof n === 'number')
  ) {
    throw mismatch('indices must be { shape, data: Int32Array }', indices)
  }
  if (indices.shape.join() !== x.shape.join() || indices.data.length !== x.data.length) {
    const what = `indices must have the shape of x, [${x.shape}], got [${indices.shape}]`
    throw new ConvoError('E_SHAPE', what, {
      why: `indices hold ${indices.data.length} numbers, x holds ${x.data.length}`,
    })
  }
}

function outputSize(spatial: number, x: Tensor, options: UnpoolOptions): number[] {
  if (options.outputSize !== undefined) return perAxis('outputSize', options.outputSize, spatial, 1)
  if (options.kernelSize === undefined) {
    throw new ConvoError('E_ARGUMENT', 'unpooling needs outputSize or kernelSize, got neither')
  }
  const kernel = perAxis('kernelSize', options.kernelSize, spatial, 1)
  const { stride = options.kernelSize, padding } = options
  return axisChoices(spatial, { stride, padding }).map((choice, i) => {
    const [before, after] = numbersOnly(choice.padding, 'an unpooling')
    const size = (x.shape[i + 1]! - 1) * choice.stride - before - after + kernel[i]!
    if (size < 1) {
      const what = `padding ${before} + ${after} is too large: the output would have size ${size}`
      throw new ConvoError('E_SHAPE', what)
    }
    return size
  })
}

export const unpoolCommand = operator({
  summary: 'upsamples by max pooling, unpooling to the positions of the maxima, and a convolution',
  formula:
    'pooled, switches = maxpool(x); up = 0, except up[switches[i,j]] = pooled[i,j]; out = Σ weight[u,v] · up[i + u, j + v] over u, v; the size of x',
  source:
    'Zeiler and Fergus 2014; Noh, Hong and Han 2015. The default kernel is a tent as wide as two windows ' +
    '(for 2x2: 1 2 1 in both directions, divided by 4), with sums divided by the share of weights that met a maximum: ' +
    'normalized convolution, Knutsson and Westin 1993. --plain skips the division',
  group: 'operators',
  examples: [
    'convo unpool in.png out.png --size 4',
    'convo chain in.png out.png -- maxpool --switches p -- unpool --with p',
  ],
  params: {
    size: sides('height and width of the windows', 1, 2),
    bare: flag('output the unpooled picture, without the convolution'),
    plain: flag('skip the division: the result is brighter where maxima are close together'),
    with: {
      ...text(
        'unpool by the switches that an earlier maxpool saved under this name with --switches',
        '<name>',
      ),
      unset: 'pools first',
    },
  },
  kernel: 'optional',
  takes: ['border', 'fill', 'anchor', 'flip', 'scale', 'normalize', 'bias'],
  build: ({ kernel, values, settings, full }) => {
    const size = pair(values.size)
    const { bare, plain, with: switches } = values
    if (switches !== undefined) {
      if (bare || plain)
        throw new ConvoError('E_OPTION', `--${bare ? 'bare' : 'plain'} is for unpooling without --with`, {
          fix: `no --${bare ? 'bare' : 'plain'}`,
        })
      return unpoolBy(switches, kernel, settings, full)
    }
    if ((bare || plain) && kernel !== undefined) {
      throw new ConvoError('E_OPTION', `--${bare ? 'bare' : 'plain'} applies only without --kernel`, {
        fix: `no --${bare ? 'bare' : 'plain'}`,
      })
    }
    const isEven = kernel === undefined && !plain
    if (isEven)
      refuseOptions(
        settings,
        ['fill', 'anchor', 'flip', 'scale', 'normalize', 'bias'],
        'applies only with --kernel or --plain',
      )
    const plane = kernel ?? tent(size)
    if (plane.shape.length !== 2) throw wrongRank('unpool', plane, 'rank 2')
    return {
      acts: 'colour',
      arithmetic: {
        algorithm: 'unpool',
        reason: `comparisons, window by window; maxima put back${bare ? '' : ', then a bank'}`,
      },
      async apply(x, engine) {
        const channels = x.shape[0]!
        const axes = poolAxes(2, x, { kernelSize: size, ceilMode: true })
        const maxima = (mark: boolean) => engine.layer('maxima', [x], { axes, size, mark })
        const up = await maxima(false)
        if (bare) return up
        const bank = depthwiseBank('unpool', plane, channels, settings)
        const options = { ...settings, groups: channels, usual: 'symmetric', full } as const
        const smooth = await correlateBank(engine, up, bank, options)
        if (!isEven) return smooth
        const met = await correlateBank(engine, await maxima(true), bank, options)
        return engine.layer('paired', [smooth, met], { operation: 'divide' })
      },
    }
  },
  layer: {
    ...poolRules,
    of({ kernel, values }) {
      const size = pair(values.size)
      return { size, ceil: true, smoothing: values.bare ? undefined : (kernel ?? tent(size)) }
    },
    weights: ({ layer: { smoothing } }) =>
      smoothing === undefined ? none : planes({ kernel: smoothing.shape, kernels: 1 }),
    multiplications: (s, weights) => everywhere({ ...s, each: true }, weights, 'input'),
    sized: ({ input, output }) => ({
      output: input,
      formula: 'in',
      filled: `${input}, pooled to ${output} and put back`,
    }),
    output: (s) => [s.channels, ...s.axes.map((a) => a.input)],
    reach({ layer: { smoothing } }, { kernel }, index) {
      const smooth = smoothing?.shape[index] ?? 1
      // Every sample that the kernel meets was the maximum of its window, so it depends on all windows that the kernel
      // can touch.
      return smooth === 1 ? kernel : kernel * (Math.floor((smooth - 2) / kernel) + 2)
    },
    step: () => 1,
  },
  animations: {
    unpool: '4x4 is pooled, the maxima are put back at their positions, and a 3x3 kernel fills the gaps',
  },
})

/**
 * Makes the step that puts samples back at the positions in the switches of a pooling, then applies the kernel or bank
 * if given.
 */
const unpoolBy = (
  name: string,
  kernel: Kernel | undefined,
  settings: KernelOptions,
  full: FullScale,
): Step => ({
  acts: 'colour',
  arithmetic: {
    algorithm: 'unpool',
    reason: `samples put back${kernel === undefined ? '' : ', then a bank'}`,
  },
  async apply(x, engine, kept) {
    const places = named(name, kept)
    const pooling = poolingOf(places)
    if (pooling === undefined) {
      throw new ConvoError('E_OPTION', `"${name}" does not hold switches`, {
        fix: `maxpool --switches ${name}`,
      })
    }
    if (places.shape.join() !== x.shape.join()) {
      const what = `the switches "${name}" are for [${places.shape}], but the input is [${x.shape}]`
      throw new ConvoError('E_SHAPE', what)
    }
    const up = await engine.layer('unpooled', [x, places], pooling)
    if (kernel === undefined) return up
    const { shape } = kernel
    const groups = shape.length === 2 ? x.shape[0]! : 1
    const bank =
      shape.length === 2
        ? depthwiseBank('unpool', kernel, groups, settings)
        : bankOf(kernel, shape.length === 3 ? [1, ...shape] : shape, settings)
    return correlateBank(engine, up, bank, { ...settings, groups, usual: 'constant', full })
  },
})

/**
 * The kernel that interpolates linearly between the maxima, as if they were in the same corner of every window.
 *
 * @throws ConvoError E_TOO_LARGE
 */
function tent([high, wide]: readonly [number, number]): Kernel {
  checkLimit('taps', (2 * high - 1) * (2 * wide - 1), `the kernel for windows of ${high}x${wide}`)
  const [col, row] = [high, wide].map((n) =>
    Array.from({ length: 2 * n - 1 }, (_, i) => n - Math.abs(i - (n - 1))),
  )
  return makeKernel(
    [col!.length, row!.length],
    col!.flatMap((a) => row!.map((b) => a * b)),
    { scale: high * wide },
  )
}
