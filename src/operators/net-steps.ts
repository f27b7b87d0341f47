import type { Activation } from '../definition/functions.ts'
import type { Summary } from '../definition/summary.ts'
import { ConvoError } from '../error.ts'
import { choice, integer, number, type Params, text } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { commandLine } from '../text/shell.ts'
import { activate } from './activation.ts'
import { pair, perSide, sides } from './bank.ts'
import { poolAxes } from './max-pool.ts'
import type { Kept } from './operator.ts'
import { list, perChannel, step } from './steps.ts'

// Layers of networks as small steps of a chain.

/** A list that may be omitted. */
const listOr = (usual: number, summary: string) => ({
  ...list(summary),
  default: [usual] as readonly number[],
})

/** Makes a step that applies an activation to each sample. */
const single = (name: Activation, summary: string, formula: string, source: string) =>
  step({
    summary,
    formula,
    source,
    build: ({ full, unit = full }) => ({
      volume: 'whole',
      apply: (x, engine) => activate(engine, x, name, unit),
    }),
  })

export const sigmoidStep = single(
  'sigmoid',
  'maps every sample to 0..1 with the logistic function',
  'out = 1 / (1 + exp(−x))',
  'the logistic function, Verhulst 1838; black is 0 and white is 1; after normalize and in float arrays, numbers are used as they are',
)
export const tanhStep = single(
  'tanh',
  'maps every sample to −1..1 with the hyperbolic tangent',
  'out = tanh(x)',
  'PyTorch’s tanh; levels as for sigmoid',
)
export const geluStep = single(
  'gelu',
  'multiplies every sample by the share of a normal distribution below it',
  'out = x · Φ(x)',
  'Hendrycks and Gimpel 2016; numbers as for sigmoid',
)
export const siluStep = single(
  'silu',
  'multiplies every sample by its sigmoid',
  'out = x / (1 + exp(−x))',
  'Elfwing, Uchibe and Doya 2018; numbers as for sigmoid',
)

export const leakyReluStep = step({
  summary: 'multiplies negative values by a slope',
  formula: 'out = x where x ≥ 0, else slope · x',
  source: 'Maas, Hannun and Ng 2013',
  params: { slope: number('factor of negative values', 0.01) },
  build: ({ values: { slope } }) => ({
    volume: 'whole',
    apply: (x, engine) =>
      engine.layer('activate', [x], { name: 'leakyrelu', unit: 1, a: Math.fround(slope) }),
  }),
})

export const preluStep = step({
  summary: 'multiplies negative values by a slope per channel',
  formula: 'out = x where x ≥ 0, else slope[c] · x',
  source: 'He et al. 2015',
  params: { slope: listOr(0.25, 'one number, or one for each channel') },
  build: ({ values: { slope } }) => ({
    apply: (x, engine) =>
      engine.layer('prelu', [x], { slope: Float32Array.from(perChannel('--slope', slope, x)) }),
  }),
})

export const clipStep = step({
  summary: 'limits samples to a range of levels',
  formula: 'out = min(max, max(min, x))',
  source: 'PyTorch’s clamp; ReLU6 clips numbers to 0..6: --min 0 --max 6 after normalize',
  params: {
    min: number('the smallest value, in levels of 0..255 at any depth', 0),
    max: number('the largest value, in the same unit', 255),
  },
  examples: ['convo clip in.png out.png --min 16 --max 235'],
  build: ({ values: { min, max }, full }) => {
    if (min > max)
      throw new ConvoError('E_OPTION', `--min ${min} is above --max ${max}`, {
        fix: `--min ${max} --max ${min}`,
      })
    const level = (v: number) => Math.fround((v * full) / 255)
    return {
      volume: 'whole',
      apply: (x, engine) =>
        engine.layer('activate', [x], { name: 'clip', unit: 1, a: level(min), b: level(max) }),
    }
  },
})

export const batchNormStep = step({
  summary: 'normalizes every channel with the mean and variance that a network learned',
  formula: 'out = (x − mean[c]) / √(variance[c] + epsilon) · gamma[c] + beta[c]',
  source: 'Ioffe and Szegedy 2015, in evaluation; one number, or one for each channel',
  params: {
    mean: listOr(0, 'the running mean'),
    variance: listOr(1, 'the running variance'),
    gamma: listOr(1, 'the scale'),
    beta: listOr(0, 'the shift'),
    epsilon: number('added to the variance', 1e-5, { min: 0 }),
  },
  examples: ['convo batchnorm in.png out.npy --mean 124,116,104 --variance 3411,3257,3291'],
  build: ({ values: { mean, variance, gamma, beta, epsilon } }) => {
    if (variance.some((v) => v + epsilon <= 0))
      throw new ConvoError('E_OPTION', '--variance and --epsilon must add up to more than 0')
    return {
      apply: (x, engine) =>
        engine.layer('normalized', [x], {
          mean: perChannel('--mean', mean, x),
          root: perChannel('--variance', variance, x).map((v) => Math.sqrt(v + epsilon)),
          gamma: perChannel('--gamma', gamma, x),
          beta: perChannel('--beta', beta, x),
        }),
    }
  },
})

const skips = [
  'convo chain in.png out.png -- keep -- gaussian -- add --with skip',
  'convo chain in.png out.npy -- keep -- gaussian -- concat --with skip',
]

export const keepStep = step({
  summary: 'saves the current result under a name, for a later step of the chain',
  formula: 'out = x',
  source: 'for skip connections, as in He et al. 2015; add, concat and unpool read it with --with',
  params: { as: text('the name', '<name>', 'skip') },
  examples: skips,
  build: ({ values }) => ({ keeps: values.as, apply: async (x) => x }),
})

/** Returns what an earlier step kept under a name. @throws ConvoError E_NAME */
export function named(name: string, kept: Kept | undefined): Tensor {
  if (kept !== undefined) return kept(name)
  throw new ConvoError('E_NAME', `no earlier step saved a result as "${name}"`)
}

/** The error for results whose shapes do not match, with the step that makes them match. */
function unlike(step: 'add' | 'concat', x: Tensor, other: Tensor, name: string): ConvoError {
  const [height, width] = x.shape.slice(-2) as [number, number]
  const [h, w] = other.shape.slice(-2) as [number, number]
  const [top, left] = [(h - height) >> 1, (w - width) >> 1]
  const isSame = x.shape.slice(1).join() === other.shape.slice(1).join()
  // a small difference comes from windows without a border, and is fixed by padding
  const isLittle = top >= 0 && left >= 0 && h < 1.5 * height && w < 1.5 * width
  const before =
    height >= h && width >= w
      ? ['crop', '--size', `${w},${h}`]
      : isLittle
        ? ['pad', '--by', [top, h - height - top, left, w - width - left].join()]
        : ['resize', '--width', `${w}`, '--height', `${h}`]
  // different numbers of channels can be joined, but not added
  const join = [x.shape[0] === other.shape[0] ? step : 'concat', '--with', name]
  const isVolume = x.shape.length + other.shape.length > 6
  return new ConvoError(
    'E_SHAPE',
    `${step}: [${x.shape}] and "${name}", which is [${other.shape}], differ${isSame ? '' : ' in size'}`,
    {
      fix: isVolume
        ? 'steps that keep the size'
        : `-- ${commandLine([...(isSame ? [] : [...before, '--']), ...join])}`,
    },
  )
}

const withParam = {
  with: { ...text('name of a result that was saved with keep --as', '<name>'), unset: 'the result itself' },
} satisfies Params

export const addStep = step({
  summary: 'adds a result that an earlier step saved with keep',
  formula: 'out = x + kept',
  source: 'the residual connections of He et al. 2016',
  params: withParam,
  examples: skips,
  build: ({ values }) => ({
    async apply(x, engine, kept) {
      const other = values.with === undefined ? x : named(values.with, kept)
      if (other.shape.join() !== x.shape.join()) throw unlike('add', x, other, values.with!)
      return engine.layer('paired', [x, other], { operation: 'add' })
    },
  }),
})

export const concatStep = step({
  summary: 'appends the channels of a result that an earlier step saved with keep',
  formula: 'out = x and then kept, [C + C′,H,W]',
  source: 'the skip connections of Ronneberger, Fischer and Brox 2015',
  params: withParam,
  examples: skips,
  build: ({ values }) => ({
    async apply(x, engine, kept) {
      const other = values.with === undefined ? x : named(values.with, kept)
      if (other.shape.slice(1).join() !== x.shape.slice(1).join())
        throw unlike('concat', x, other, values.with!)
      return engine.layer('concat', [x, other], { axis: 0 })
    },
  }),
})

export const pixelShuffleStep = step({
  summary: 'rearranges channels into pixels: upsampling at the end of networks',
  formula: 'out[c, i·r + u, j·r + v] = x[c·r² + u·r + v, i, j]; H x W x C·r² becomes H·r x W·r x C',
  source: 'Shi et al. 2016; PyTorch’s PixelShuffle',
  params: {
    by: {
      ...integer('factor of the width and height', undefined, { min: 1, max: 64 }),
      unset: 'the largest of 1 to 4 that the channels allow',
    },
  },
  build: ({ values }) => ({
    async apply(x, engine) {
      const [channels, height, width] = x.shape as [number, number, number]
      const r = values.by ?? [4, 3, 2].find((n) => channels % n ** 2 === 0) ?? 1
      if (channels % r ** 2 !== 0) {
        const what = `pixel-shuffle by ${r} needs a multiple of ${r ** 2} channels, got ${channels}`
        throw new ConvoError('E_SHAPE', what)
      }
      return engine.layer('rearranged', [x], {
        shape: [channels / r ** 2, height * r, width * r],
        factors: [
          { size: channels / r ** 2, fromAxis: 0, from: r ** 2, toAxis: 0, to: 1 },
          { size: r, fromAxis: 0, from: r, toAxis: 1, to: 1 },
          { size: r, fromAxis: 0, from: 1, toAxis: 2, to: 1 },
          { size: height, fromAxis: 1, from: 1, toAxis: 1, to: r },
          { size: width, fromAxis: 2, from: 1, toAxis: 2, to: r },
        ],
      })
    },
  }),
})

export const avgPoolStep = step({
  summary: 'takes the mean of every window; the default, 2x2, halves the picture',
  formula: 'out[i,j] = mean of x[i·stride + u, j·stride + v] over u, v inside the picture',
  source: 'LeCun et al. 1998; PyTorch’s avg_pool2d with count_include_pad=False',
  params: {
    size: sides('height and width of the window', 1, 2),
    stride: {
      ...perSide('distance between windows, in pixels', 1, '<n>|<y,x>'),
      unset: 'the size of the window',
    },
    padding: sides('pixels added around the picture, which do not count', 0, 0),
  },
  build: ({ values: { size, stride, padding } }) => ({
    acts: 'each',
    apply(x, engine) {
      const axes = poolAxes(2, x, {
        kernelSize: pair(size),
        stride: pair(stride ?? size),
        padding: pair(padding),
      })
      const counts = ({ low, high }: (typeof axes)[1]) => low.map((first, i) => high[i]! - first + 1)
      return engine.layer('averaged', [x], { axes, rows: counts(axes[1]), columns: counts(axes[2]) })
    },
  }),
})

export const globalPoolStep = step({
  summary: 'reduces every channel to one number, such as its mean',
  formula: 'out[c] = mean (or --of) of x[c,i,j] over all i, j; [C,1,1]',
  source: 'Lin, Chen and Yan 2013',
  params: {
    of: choice('the number', ['mean', 'max', 'min', 'sum'] as const satisfies readonly Summary[], 'mean'),
  },
  build: ({ values: { of } }) => ({
    apply: (x, engine) => engine.layer('summary', [x], { of, groups: 1 }),
  }),
})

export const softmaxStep = step({
  summary: 'turns the channels of every pixel into probabilities, which sum to 1',
  formula: 'out[c] = exp(x[c]) / Σ exp(x[k]) over k',
  source: 'Bridle 1990; numbers as for sigmoid',
  build: ({ full, unit = full }) => ({
    async apply(x, engine) {
      const how = { operation: 'multiply', isFirst: false } as const
      const scaled = (v: Tensor, by: number) =>
        by === 1 ? v : engine.layer('withNumber', [v], { ...how, numbers: Float32Array.of(by) })
      return scaled(await engine.layer('softmax', [await scaled(x, 1 / unit)], { isLog: false }), unit)
    },
  }),
})

export const argmaxStep = step({
  summary: 'finds, for every pixel, the channel with the largest value',
  formula: 'out = the first c whose x[c] is largest; [1,H,W]',
  source:
    'the classes of a segmentation, as in Long, Shelhamer and Darrell 2015; --range minmax makes them visible, .npy keeps them',
  build: () => ({ apply: (x, engine) => engine.layer('argmax', [x], { sign: 1, isLast: false }) }),
})
