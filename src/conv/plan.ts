import { ConvoError } from '../error.ts'
import { factor, flip, normalize } from '../kernel/analyse.ts'
import { checkAnchor, checkAskedAnchor, kernel as makeKernel } from '../kernel/kernel.ts'
import { checkLimit } from '../limits.ts'
import type { BorderName } from '../tensor/border.ts'
import { checkOutput, correlationAxis, extent, type Padding } from './geometry.ts'
import { absSum, type PlaneKernel, type Recipe, sum } from './recipe.ts'
import type { Algorithm, Stencil } from './stencil.ts'
import { blockRows, stripRows } from './strips.ts'

/** The version of the arithmetic. Raise it whenever a result changes, so that batches compute earlier outputs again. */
export const arithmeticVersion = 11

/** The samples that the loops read: 8 or 16 bits as decoded, or float32 after the gather step converted them. */
export type SampleType = 'u8' | 'u16' | 'f32'

/** The algorithms that a user may request; `auto` lets the plan choose. */
export type AlgorithmChoice = 'auto' | 'direct' | 'separable' | 'fft'

/** The options on the command line or in a manifest for how a recipe runs over a picture. */
export type FilterOptions = {
  readonly border: BorderName
  /** In levels of 0..255. */
  readonly fill: number
  readonly anchor?: readonly [y: number, x: number] | undefined
  readonly flip: boolean
  readonly scale?: number | undefined
  readonly normalize: boolean
  /** In levels of 0..255. */
  readonly bias?: number | undefined
  readonly stride: readonly [y: number, x: number]
  readonly dilation: readonly [y: number, x: number]
  /** Default: as many samples as the input has, divided by the stride, with the anchor on the output sample. */
  readonly padding?: readonly [y: Padding, x: Padding] | undefined
  readonly algorithm: AlgorithmChoice
}

export const filterDefaults: FilterOptions = {
  border: 'replicate',
  fill: 0,
  flip: false,
  normalize: false,
  stride: [1, 1],
  dilation: [1, 1],
  algorithm: 'auto',
}

/** A recipe over a picture, with everything decided by recipe, options, shape and sample type alone. Pure data. */
export type RecipePlan = {
  readonly stencils: readonly Stencil[]
  readonly combine: Recipe['combine']
  readonly scale: number
  /** In levels of 0..255. */
  readonly offset: number
  readonly border: BorderName
  readonly fill: number
  readonly samples: SampleType
  readonly width: number
  readonly height: number
  readonly outWidth: number
  readonly outHeight: number
  readonly stride: readonly [y: number, x: number]
  /** The input pixel under the anchor of the first output pixel. */
  readonly origin: readonly [y: number, x: number]
  /** How many pixels the taps of all stencils reach beyond the anchor pixel. */
  readonly halo: Readonly<Record<'top' | 'bottom' | 'left' | 'right', number>>
  readonly stripRows: number
  /** The same plan over samples that need no conversion, for parts of a picture where conversion changes nothing. */
  readonly native?: RecipePlan
}

/** Plans to pass samples on as they are. */
export const planPlain = (width: number, height: number, samples: SampleType): RecipePlan => ({
  ...{ combine: { kind: 'only' }, scale: 1, offset: 0, border: filterDefaults.border, fill: 0, samples },
  ...{ width, height, outWidth: width, outHeight: height, stride: [1, 1], origin: [0, 0] },
  stencils: [
    { kH: 1, kW: 1, anchor: [0, 0], dilation: [1, 1], scale: 1, algorithm: 'none', reason: 'no kernel' },
  ],
  halo: { top: 0, bottom: 0, left: 0, right: 0 },
  stripRows: stripRows(height, width, 0, 0),
})

/** Whether a plan passes samples on as they are. */
export const isUnfiltered = ({ stencils }: RecipePlan): boolean => stencils[0]?.algorithm === 'none'

// Thresholds of the choice. They are part of the definition: another value gives other arithmetic for some kernels.
const separableTaps = 25
const boxTaps = 25
const fftTaps = 225
const fftSeparableTaps = 96
/** Larger samples do not use an FFT: its rounding errors across a block are those of the largest sample. */
const fftPeak = 2 ** 56
/** The product of samples and weights from which no FFT is used: the sums must stay far from the limit of float32. */
const fftReach = 2 ** 87
/** A bound of samples of 8 or 16 bits, also if they are weighted by alpha. */
const levelPeak = 2 ** 32

/**
 * The reason for not using an FFT. It computes samples in blocks, so one that is not finite would affect its whole
 * block.
 */
export const confined =
  'direct sums in float32: an FFT would spread samples that are very large or not finite'

/** What a plan needs to know about a picture. */
export type Planned = {
  readonly width: number
  readonly height: number
  /** The type of the samples if they need no conversion. */
  readonly samples: SampleType
  /** The largest magnitude of the samples, NaN if any is. Called only if an FFT may run. Default: that of levels. */
  readonly peak?: (() => number) | undefined
}

/**
 * Plans a recipe over a picture.
 *
 * @throws ConvoError E_SHAPE, E_OPTION, E_KERNEL_SHAPE if an option does not fit the kernel
 */
export function planRecipe(recipe: Recipe, options: FilterOptions, picture: Planned): RecipePlan {
  const kernels = recipe.kernels.map((k) => prepare(k, options))
  const only = recipe.combine.kind === 'only'
  if (options.normalize && !only) {
    throw new ConvoError('E_OPTION', '--normalize needs a filter with one kernel', { fix: 'no --normalize' })
  }
  const integers = kernels.map((k) => chooseStencil(k, options, picture))
  // Loops over 8 or 16 bits are used only if every branch can use them. Otherwise all branches read the float tile.
  const whole = picture.samples === 'f32' || integers.every((s) => isWhole(s.algorithm))
  const samples = whole ? picture.samples : 'f32'
  const stencils = whole
    ? integers
    : kernels.map((k) => chooseStencil(k, options, { ...picture, samples: 'f32' }))
  const halo = reachOf(stencils)
  const [padY, padX] = options.padding ?? [undefined, undefined]
  const rows = placeAxis('height', picture.height, halo.top, halo.bottom, options.stride[0], padY)
  const cols = placeAxis('width', picture.width, halo.left, halo.right, options.stride[1], padX)
  const [high, wide] = [halo.top + 1 + halo.bottom, halo.left + 1 + halo.right]
  checkLimit('windowSamples', high * wide, `a kernel at dilation ${options.dilation.join(',')}`)
  checkOutput(1, [rows, cols])
  // An option takes precedence over the kernel's file. A recipe of several kernels is scaled after they are combined.
  const ownScale =
    only && options.scale !== undefined
      ? stencils.map((s) => ({ ...s, scale: options.scale ?? 1 }))
      : stencils
  return {
    stencils: ownScale,
    combine: recipe.combine,
    scale: only ? recipe.scale : (options.scale ?? recipe.scale),
    offset: options.bias ?? recipe.offset,
    border: options.border,
    fill: options.fill,
    samples,
    width: picture.width,
    height: picture.height,
    outWidth: cols.output,
    outHeight: rows.output,
    // with a single pixel, the stride does not matter
    stride: [rows.output === 1 ? 1 : options.stride[0], cols.output === 1 ? 1 : options.stride[1]],
    origin: [rows.origin, cols.origin],
    halo,
    stripRows: stripRows(
      rows.output,
      cols.output,
      halo.top + halo.bottom,
      blockRows(stencils, rows.output, cols.output, options.stride[0]),
    ),
  }
}

/** A dense kernel or its factors, with all options for the kernel itself applied. */
type Prepared = {
  readonly kH: number
  readonly kW: number
  readonly anchor: readonly [number, number]
  readonly scale: number
  readonly dense: () => Float32Array
  /** The sum of the absolute weights. */
  readonly absSum: () => number
  readonly factors: { readonly col: Float64Array; readonly row: Float64Array } | undefined
  readonly given: PlaneKernel['form']
}

function prepare(k: PlaneKernel, options: FilterOptions): Prepared {
  const shape = k.form === 'separable' ? [k.col.length, k.row.length] : k.kernel.shape
  if (options.anchor !== undefined) checkAskedAnchor(options.anchor, shape)
  if (k.form === 'separable') {
    const [col, row] = options.flip ? [k.col.toReversed(), k.row.toReversed()] : [k.col, k.row]
    const [kH, kW] = [col.length, row.length]
    const asked = options.anchor ?? k.anchor ?? ([Math.floor(kH / 2), Math.floor(kW / 2)] as const)
    checkAnchor(asked, shape)
    const anchor = options.flip ? ([kH - 1 - asked[0], kW - 1 - asked[1]] as const) : asked
    const total = sum(col) * sum(row)
    const scale = options.normalize ? (total === 0 ? 1 : total) : k.scale
    const dense = onDemand(() =>
      Float32Array.from({ length: kH * kW }, (_, i) => col[Math.floor(i / kW)]! * row[i % kW]!),
    )
    const magnitude = onDemand(() => absSum(col) * absSum(row))
    return { kH, kW, anchor, scale, dense, absSum: magnitude, factors: { col, row }, given: 'separable' }
  }
  const { anchor: _, ...plain } = k.kernel
  const asked =
    options.anchor === undefined
      ? k.kernel
      : makeKernel(plain.shape, plain.weights, { ...plain, anchor: options.anchor })
  const flipped = options.flip ? flip(asked) : asked
  const final = options.normalize ? normalize(flipped) : flipped
  const [kH, kW] = final.shape as readonly [number, number]
  const anchor = final.anchor ?? [Math.floor(kH / 2), Math.floor(kW / 2)]
  const worthwhile = kH * kW >= separableTaps || options.algorithm === 'separable'
  const factors = worthwhile && kH > 1 && kW > 1 ? factor(final) : undefined
  const dense = onDemand(() => new Float32Array(final.weights))
  const magnitude = onDemand(() =>
    factors === undefined ? absSum(dense()) : absSum(factors.col) * absSum(factors.row),
  )
  return { kH, kW, anchor, scale: final.scale, dense, absSum: magnitude, factors, given: 'dense' }
}

/** The facts that determine the arithmetic of a kernel. */
type Choice = Prepared & {
  readonly algorithm: AlgorithmChoice
  readonly samples: SampleType
  readonly place: Pick<Stencil, 'kH' | 'kW' | 'anchor' | 'dilation' | 'scale'>
  readonly taps: number
  readonly undilated: boolean
  /** The column and row in float32, if the kernel is of rank 1. */
  readonly lines: { readonly col: Float32Array; readonly row: Float32Array } | undefined
  readonly isBox: () => boolean
  /** Whether an FFT would spread samples that are not finite, or very large. */
  readonly isConfined: () => boolean
}

/** A way to compute a kernel. Returns undefined if it does not fit. */
type Way = (choice: Choice) => Stencil | undefined

const askedSeparable: Way = ({ algorithm, lines, place, kH, kW }) => {
  if (algorithm !== 'separable') return undefined
  if (lines !== undefined)
    return { ...place, ...lines, algorithm: 'separable', reason: 'two 1-D passes, as requested' }
  const what = `--algorithm separable needs a kernel of rank 1, and this ${kW}x${kH} kernel is not`
  throw new ConvoError('E_OPTION', what, {
    why: 'for an approximation: convo separable with --rank',
    fix: '--algorithm direct',
  })
}

const askedFft: Way = ({ algorithm, undilated, isConfined, place, dense }) => {
  if (algorithm !== 'fft') return undefined
  if (!undilated) {
    throw new ConvoError('E_OPTION', '--algorithm fft does not work with --dilation', {
      fix: '--algorithm direct',
    })
  }
  if (!isConfined()) return { ...place, weights: dense(), algorithm: 'fft', reason: 'FFT, as requested' }
  throw new ConvoError('E_OPTION', '--algorithm fft would spread samples that are very large or not finite', {
    why: `a sample is NaN, infinite or above ${fftPeak}, or the weights are too large for sums in float32`,
    fix: '--algorithm auto',
  })
}

const isExact = (choice: Choice): boolean => choice.samples === 'u8' && choice.absSum() * 255 < 2 ** 24
const hasWholeLines = ({ lines }: Choice): boolean =>
  lines !== undefined && allWhole(lines.col) && allWhole(lines.row)

const integerSeparable: Way = (choice) => {
  const { algorithm, lines, place, taps, kH, kW, isBox } = choice
  const fits = algorithm === 'auto' && taps >= separableTaps && isExact(choice) && hasWholeLines(choice)
  if (lines === undefined || !fits || isBox()) return undefined
  const reason = `rank 1, whole weights, 8-bit samples: ${kH} + ${kW} taps instead of ${taps}, exact`
  return { ...place, ...lines, algorithm: 'integer-separable', reason }
}

const integer: Way = (choice) => {
  const { algorithm, place, taps, dense, isBox } = choice
  if (!isExact(choice) || (algorithm === 'auto' && isBox())) return undefined
  if (!hasWholeLines(choice) && !(taps < fftTaps && allWhole(dense()))) return undefined
  const sums = choice.absSum() * 255 <= 32767 ? 'i16' : 'i32'
  const reason = `whole weights and 8-bit samples: exact in ${sums}`
  return { ...place, weights: dense(), algorithm: 'integer', sums, reason }
}

const askedDirect: Way = ({ algorithm, place, dense }) =>
  algorithm === 'direct'
    ? { ...place, weights: dense(), algorithm, reason: 'direct sums in float32, as requested' }
    : undefined

const box: Way = ({ samples, isBox, taps, place, dense }) =>
  samples !== 'f32' && isBox() && taps * (samples === 'u8' ? 255 : 65535) < 2 ** 31
    ? {
        ...place,
        weight: dense()[0]!,
        algorithm: 'box',
        reason: 'equal weights: running sums, at any size',
      }
    : undefined

const separable: Way = ({ lines, taps, undilated, kH, kW, isConfined, place }) => {
  if (lines === undefined || taps < separableTaps) return undefined
  const common = { ...place, ...lines }
  if (!undilated || Math.max(kH, kW) < fftSeparableTaps) {
    return { ...common, algorithm: 'separable', reason: `rank 1: ${kH} + ${kW} taps instead of ${taps}` }
  }
  if (isConfined()) return { ...common, algorithm: 'separable', reason: confined }
  const reason = `rank 1 and long: FFT along rows and columns instead of ${kH} + ${kW} taps`
  return { ...common, algorithm: 'fft-separable', reason }
}

const fft: Way = ({ undilated, taps, kH, kW, isConfined, place, dense }) => {
  if (!undilated || taps < fftTaps || Math.min(kH, kW) <= 4) return undefined
  if (isConfined()) return { ...place, weights: dense(), algorithm: 'direct', reason: confined }
  const reason = `a dense kernel of ${taps} taps: FFT is faster`
  return { ...place, weights: dense(), algorithm: 'fft', reason }
}

/** The ways in order: the first that fits is used, or if none fits, the definition. */
const ways: readonly Way[] = [
  askedSeparable,
  askedFft,
  integerSeparable,
  integer,
  askedDirect,
  box,
  separable,
  fft,
]

function chooseStencil(
  k: Prepared,
  { dilation, algorithm }: FilterOptions,
  { samples, peak }: Planned,
): Stencil {
  const { kH, kW, anchor, scale, factors } = k
  const place = { kH, kW, anchor, dilation, scale }
  const undilated = (dilation[0] === 1 || kH === 1) && (dilation[1] === 1 || kW === 1)
  const lines = factors && { col: Float32Array.from(factors.col), row: Float32Array.from(factors.row) }
  const isConfined = () => {
    const most = peak?.() ?? levelPeak
    return !(most < fftPeak && most * k.absSum() < fftReach)
  }
  const isBox = () => isBoxOf(k, undilated)
  const choice = { ...k, algorithm, samples, place, taps: kH * kW, undilated, lines, isBox, isConfined }
  for (const way of ways) {
    const stencil = way(choice)
    if (stencil !== undefined) return stencil
  }
  return { ...place, weights: k.dense(), algorithm: 'direct', reason: 'direct sums in float32' }
}

/** Whether an algorithm reads 8- or 16-bit samples without conversion. */
const isWhole = (a: Algorithm): boolean => a === 'integer' || a === 'integer-separable' || a === 'box'

function isBoxOf(k: Prepared, undilated: boolean): boolean {
  if (k.kH * k.kW < boxTaps || !undilated) return false
  if (k.factors !== undefined) return allEqual(k.factors.col) && allEqual(k.factors.row)
  return k.given === 'dense' && allEqual(k.dense())
}

function reachOf(stencils: readonly Stencil[]): RecipePlan['halo'] {
  const most = (f: (s: Stencil) => number) => Math.max(...stencils.map(f))
  return {
    top: most((s) => s.anchor[0] * s.dilation[0]),
    bottom: most((s) => extent(s.kH, s.dilation[0]) - 1 - s.anchor[0] * s.dilation[0]),
    left: most((s) => s.anchor[1] * s.dilation[1]),
    right: most((s) => extent(s.kW, s.dilation[1]) - 1 - s.anchor[1] * s.dilation[1]),
  }
}

/** Returns where the first anchor is on an axis, and the number of output samples. */
function placeAxis(
  name: string,
  input: number,
  before: number,
  after: number,
  stride: number,
  padding: Padding | undefined,
) {
  if (padding === undefined) return { origin: 0, output: Math.floor((input - 1) / stride) + 1 }
  const axis = correlationAxis(name, input, before + 1 + after, { stride, dilation: 1, padding })
  return { origin: before - axis.before, output: axis.output }
}

/** Makes a value when it is first needed, and only once: a pass over a large kernel takes milliseconds. */
function onDemand<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

const allWhole = (a: Float32Array): boolean => a.every(Number.isInteger)
const allEqual = (a: Float32Array | Float64Array): boolean => a.every((v) => v === a[0])
