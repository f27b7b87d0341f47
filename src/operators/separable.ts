import type { Axis, Correlation } from '../conv/geometry.ts'
import { sumsToZero } from '../conv/recipe.ts'
import { biasOf, checkRank, correlationOver, floatsOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError, invariant } from '../error.ts'
import { type Kernel, kernel as makeKernel } from '../kernel/kernel.ts'
import { checkOptions, integer, numbers } from '../params.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import { type BankOptions, bankCorrelation, finished, finishOf, refuseAlgorithm } from './bank.ts'
import { correlationOptions } from './conv2d.ts'
import { type DepthwiseOptions, depthwiseBank } from './depthwise.ts'
import { correlationLayer, letters, plainPlane, sameChannels, times } from './layer.ts'
import { type KernelOptions, operator, type Step } from './operator.ts'
import { recipeStep } from './recipe.ts'
import { separateKernel } from './separate.ts'

/** The options of the spatially separable convolution. */
export type SeparableOptions = DepthwiseOptions

/** A 1-D kernel. */
export type Vector = Tensor | Float32Array | Float64Array | readonly number[]

/**
 * Spatially separable convolution of every channel of x [C,H,W] with the outer product of a column and a row, as two
 * passes:
 *
 *     down[c,i,j] = Σ over u of col[u] · x[c, i + u, j]
 *     out[c,i,j]  = bias[c] + Σ over v of row[v] · down[c, i, j + v]
 *
 * The column goes first, and its sums are rounded to float32: apart from rounding, the result is that of the full
 * kernel. Size per axis: floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1, where k is kH or kW.
 * Weights: kH + kW instead of kH·kW, the same for every channel; multiplications: C·(kH·H'·W + kW·H'·W'). The padding
 * is that of the full kernel in every mode, because a pass down a repeated, mirrored or zero column gives a repeated,
 * mirrored or zero column. After Treitel and Shanks 1971.
 *
 * @returns [C,H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE
 */
export async function separableConv2d(
  engine: Engine,
  x: Tensor,
  col: Vector,
  row: Vector,
  options: SeparableOptions = {},
): Promise<Tensor> {
  checkOptions(options, 'separableConv2d', ['bias', 'stride', 'padding', 'dilation', 'paddingMode'])
  checkRank('x', x, 3, '[C,H,W]')
  const [down, across] = [vectorOf('col', col), vectorOf('row', row)]
  const channels = x.shape[0]!
  const full = [channels, 1, down.length, across.length]
  const c = correlationOver(2, x.shape, full, { ...options, groups: channels })
  return separablePasses(engine, x, down, across, biasOf(options.bias, channels), c)
}

/** Runs a depthwise correlation whose kernel is an outer product, as two passes. */
async function separablePasses(
  engine: Engine,
  x: Tensor,
  col: Float32Array,
  row: Float32Array,
  bias: Float32Array | undefined,
  c: Correlation,
): Promise<Tensor> {
  const [depth, y, z] = c.axes
  const first: Correlation = { ...c, axes: [depth, y, still(z.input)] }
  // The fill value of a constant border has gone through the first pass too.
  const fill = col.reduce((acc, w) => Math.fround(acc + Math.fround(w * c.fill)), 0)
  const second: Correlation = { ...c, axes: [depth, still(y.output), z], fill }
  const down = await engine.correlate(x, repeat(col, [c.channels, 1, col.length, 1]), undefined, first)
  return engine.correlate(down, repeat(row, [c.channels, 1, 1, row.length]), bias, second)
}

/** Makes an axis on which nothing happens. */
const still = (size: number): Axis => ({
  input: size,
  kernel: 1,
  stride: 1,
  dilation: 1,
  before: 0,
  after: 0,
  output: size,
})

function repeat(vector: Float32Array, shape: readonly number[]): Tensor {
  const data = new Float32Array(shape[0]! * vector.length)
  for (let c = 0; c < shape[0]!; c++) data.set(vector, c * vector.length)
  return new Tensor(shape, data)
}

/** Returns a 1-D kernel as float32. @throws ConvoError E_ARGUMENT, E_SHAPE */
function vectorOf(name: string, vector: Vector): Float32Array {
  if (vector instanceof Tensor) {
    checkRank(name, vector, 1, '[k]')
    return vector.data
  }
  const list = floatsOf(name, vector)
  if (list.length > 0) return list
  throw new ConvoError('E_ARGUMENT', `${name} must hold at least one number, got an empty list`)
}

/** The default kernel: a binomial blur. */
const binomial = makeKernel(
  [5, 5],
  [1, 4, 6, 4, 1].flatMap((a) => [1, 4, 6, 4, 1].map((b) => a * b)),
  { scale: 256 },
)
const line = (summary: string) => ({
  ...numbers(summary, '<n,n,…>', { min: 1, max: 1024 }),
  unset: 'factored from --kernel',
})

export const separableCommand = operator({
  summary: 'applies a column kernel, then a row kernel: kH + kW weights instead of kH·kW',
  formula:
    'down[i,j] = Σ col[u] · x[i + u, j] over u, out[i,j] = Σ row[v] · down[i, j + v] over v; Sobel takes 6 weights instead of 9',
  source:
    'The kernel must be the outer product of a column and a row; otherwise the error lists its singular values, and --rank ' +
    'approximates it by a sum of such products (Eckart and Young 1936) and reports the error. The default is 1 4 6 4 1 in both directions',
  group: 'operators',
  examples: [
    'convo separable in.png out.png --kernel sobel-x',
    'convo separable in.png out.png --col 1,2,1 --row -1,0,1 --range offset',
  ],
  params: {
    col: line('column kernel, with --row'),
    row: line('row kernel, with --col'),
    rank: {
      ...integer('approximate by this number of products of a column and a row', undefined, { min: 1 }),
      unset: 'the kernel must be separable',
    },
  },
  kernel: 'optional',
  takes: correlationOptions.filter((name) => name !== 'groups'),
  build: async (given) => {
    const { kernel, values, settings, full } = given
    const { col, row, rank } = values
    if (col !== undefined || row !== undefined) {
      const other = kernel === undefined ? (rank === undefined ? undefined : '--rank') : '--kernel'
      if (col === undefined || row === undefined || other !== undefined) {
        const what = other === undefined ? 'need each other' : `cannot be used with ${other}`
        throw new ConvoError('E_OPTION', `--col and --row ${what}`, { fix: '--col 1,2,1 --row 1,0,-1' })
      }
      return passes(Float64Array.from(col), Float64Array.from(row), { scale: 1, offset: 0 }, given)
    }
    const plane = kernel ?? binomial
    const { terms, error } = await separateKernel(plane, { rank })
    const [first] = terms
    invariant(first !== undefined, 'a separation has at least one term')
    const left = `${terms.length} of ${Math.min(...plane.shape)} products lose ${Number((error * 100).toPrecision(3))} % of the kernel`
    const notes = rank === undefined || error < 1e-9 ? [] : [left]
    if (terms.length === 1) return { ...passes(first.column, first.row, plane, given), notes }
    refuseAlgorithm('separable --rank', settings)
    const factored = terms.map(({ column, row: across }) => turned(column, across, settings))
    return {
      // a kernel that makes flat areas zero would make alpha zero too
      acts: sumsToZero({ form: 'dense', kernel: plane }) ? 'colour' : 'each',
      arithmetic: {
        algorithm: 'separable',
        reason: 'sum of products of a column and a row, two 1-D passes each',
      },
      notes,
      apply: (x, engine) =>
        sumOfPasses(engine, x, factored, plane, { ...settings, usual: 'replicate', full }),
    }
  },
  layer: {
    asks: ['size'],
    async of({ kernel, settings, values, isTextbook }) {
      const { col, row, rank } = values
      const written = correlationLayer(undefined, settings)
      if (col !== undefined && row !== undefined) return { ...written, size: [col.length, row.length] }
      if (kernel === undefined && isTextbook && rank === undefined) return written
      const plane = kernel ?? binomial
      const { terms, error } = await separateKernel(plane, { rank })
      return { ...written, kernel: plane, kernels: terms.length, ...(rank !== undefined && { error }) }
    },
    weights({ kernel: k, kernels: n }) {
      const sum = k.reduce((a, b) => a + b, 0)
      return n === 1
        ? [letters(k, ' + '), k.join(' + '), sum]
        : [`rank·(${letters(k, ' + ')})`, `${n}·(${k.join(' + ')})`, n * sum]
    },
    multiplications({ axes, channels: c, kernels: n }) {
      const [y, x] = axes as [Axis, Axis]
      const passes = [
        [y.kernel, y.output, x.input],
        [x.kernel, y.output, x.output],
      ]
      const total = c * n * passes.reduce((sum, pass) => sum + sizeOf(pass), 0)
      const [label, number] = n === 1 ? ['C', `${c}`] : ['rank·C', times(n, c)]
      const filled = `${number}·(${passes.map((pass) => times(...pass)).join(' + ')})`
      return [`${label}·(kH·H'·W + kW·H'·W')`, filled, total]
    },
    output: sameChannels,
    plain: plainPlane,
  },
  animations: { separable: "Sobel's 3x3 kernel in two passes: 1 2 1 down, then -1 0 1 across" },
})

type Fields = Pick<Kernel, 'scale' | 'offset'> & Partial<Pick<Kernel, 'anchor'>>

/**
 * Makes the step for one product of a column and a row, with fused passes. Below 25 taps `auto` would use the full
 * kernel.
 */
function passes(
  col: Float64Array,
  row: Float64Array,
  fields: Fields,
  given: Parameters<typeof recipeStep>[1],
): Step {
  const { scale, offset, anchor } = fields
  const plane = { form: 'separable', col, row, scale, ...(anchor && { anchor }) } as const
  const asked = given.settings.algorithm ?? 'auto'
  const isSmall = col.length * row.length < 25
  const algorithm = asked === 'auto' && isSmall ? 'separable' : asked
  return recipeStep({ kernels: [plane], combine: { kind: 'only' }, scale: 1, offset }, given, { algorithm })
}

function turned(column: Float64Array, row: Float64Array, { flip }: KernelOptions) {
  const [col, across] = flip === true ? [column.toReversed(), row.toReversed()] : [column, row]
  return { col: Float32Array.from(col), row: Float32Array.from(across) }
}

/** Sums several separable convolutions of every channel, then divides by the scale and adds the bias. */
async function sumOfPasses(
  engine: Engine,
  x: Tensor,
  terms: readonly { readonly col: Float32Array; readonly row: Float32Array }[],
  plane: Kernel,
  options: BankOptions,
): Promise<Tensor> {
  const channels = x.shape[0]!
  const bank = depthwiseBank('separable', plane, channels, options)
  const c = bankCorrelation(x.shape, bank, { ...options, groups: channels })
  let sum: Tensor | undefined
  for (const { col, row } of terms) {
    const term = await separablePasses(engine, x, col, row, undefined, c)
    sum = sum === undefined ? term : await engine.layer('paired', [sum, term], { operation: 'add' })
  }
  invariant(sum !== undefined, 'a separation has at least one term')
  return finished(engine, sum, finishOf(bank, channels, options))
}
