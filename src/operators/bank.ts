import { bankAlgorithm } from '../conv/bank-algorithm.ts'
import { type Axis, anchoredAxis, type Correlation, correlationAxis, type Padding } from '../conv/geometry.ts'
import { axisNames, correlationOver } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError, type ErrorDetail } from '../error.ts'
import { flip } from '../kernel/analyse.ts'
import { checkAskedAnchor, type Kernel, planeSize, showShape } from '../kernel/kernel.ts'
import { numbers } from '../params.ts'
import { type BorderName, borderName, checkFill } from '../tensor/border.ts'
import { Tensor } from '../tensor/tensor.ts'
import { counted } from '../text/count.ts'
import { type Arithmetic, arithmetics, type FullScale, type KernelOptions } from './operator.ts'

// Applies banks of filters to pictures: turns the shared options into the settings of a correlation.

/** How a bank is applied to a picture or a volume, with a number for each axis. */
export type BankOptions = Omit<KernelOptions, 'stride' | 'dilation' | 'padding'> & {
  readonly stride?: readonly number[] | undefined
  readonly dilation?: readonly number[] | undefined
  /**
   * Undefined as a whole or for an axis: the output has the size of the input, divided by the stride, and the anchor is
   * on the output sample.
   */
  readonly padding?: readonly (Padding | undefined)[] | undefined
  /** The border to use if neither the user nor the kernel's file chose one. */
  readonly usual: BorderName
  readonly full: FullScale
}

/** A kernel, rotated if requested, and its weights in the shape of a bank. */
export type Bank = { readonly weight: Tensor; readonly kernel: Kernel }

/** Whether kernels are rotated. */
export type Flipping = { readonly flip?: boolean | undefined }

/** Makes a bank of the given shape from the weights of a kernel whose planes have `axes` dimensions. */
export function bankOf(
  kernel: Kernel,
  shape: readonly number[],
  { flip: isFlipped }: Flipping,
  axes = 2,
): Bank {
  const turned = isFlipped === true ? flip(kernel, axes) : kernel
  return { weight: new Tensor(shape, Float32Array.from(turned.weights)), kernel: turned }
}

/** Repeats a kernel for every channel: [C,1,…]. */
export const forEachChannel = (kernel: Kernel, channels: number): Kernel => ({
  ...kernel,
  shape: [channels, 1, ...kernel.shape],
  weights: Float64Array.from(
    { length: channels * kernel.weights.length },
    (_, i) => kernel.weights[i % kernel.weights.length]!,
  ),
})

/** Applies a bank [O,C/groups,(kD,)kH,kW] to x [C,(D,)H,W], then divides by the scale and adds the bias. */
export async function correlateBank(
  engine: Engine,
  x: Tensor,
  bank: Bank,
  options: BankOptions,
): Promise<Tensor> {
  const c = bankCorrelation(x.shape, bank, options)
  const finish = finishOf(bank, c.filters, options)
  if (finish.scale === undefined) return engine.correlate(x, bank.weight, finish.bias, c)
  return finished(engine, await engine.correlate(x, bank.weight, undefined, c), finish)
}

/** Returns the settings of the correlation of a bank with x of a shape. @throws ConvoError E_SHAPE, E_ARGUMENT, E_OPTION */
export function bankCorrelation(shape: readonly number[], bank: Bank, options: BankOptions): Correlation {
  const { weight, kernel } = bank
  const { stride, dilation, groups = 1 } = options
  const spatial = shape.length === 4 ? 3 : 2
  const [channels, seen] = [shape[0]!, weight.shape[1]!]
  if (channels % groups === 0 && seen !== channels / groups) {
    throw otherChannels(kernel.shape, channels, groups, seen)
  }
  const algorithm = options.algorithm === 'direct' ? options.algorithm : 'auto'
  const how = { stride, dilation, padding: 'full', groups, algorithm } as const
  const checked = correlationOver(spatial, shape, weight.shape, how)
  const anchor = spatial === 3 ? middleOf(weight.shape.slice(2), options) : anchorOf(bank, options)
  const axes = checked.axes.map((axis, i): Axis => {
    const at = i + spatial - 3
    const padding = options.padding?.[at]
    if (at < 0) return axis
    if (padding === undefined)
      return anchoredAxis(axis.input, axis.kernel, anchor[at]!, axis.stride, axis.dilation)
    return correlationAxis(axisNames[i]!, axis.input, axis.kernel, { ...axis, padding })
  })
  return { ...checked, axes: axes as unknown as Correlation['axes'], ...outsideOf(kernel, options) }
}

/** Returns the position of the middle tap of a 3-D kernel, after the kernel was rotated. */
const middleOf = (sizes: readonly number[], { flip }: BankOptions): readonly number[] =>
  sizes.map((k) => (flip === true ? Math.ceil(k / 2) - 1 : Math.floor(k / 2)))

/** A plane size that is large enough for every algorithm. */
const large = [64, 64] as const

/**
 * Returns the arithmetic for a bank [O,C/groups,kH,kW] on pictures that are not small. Other errors of the bank are
 * ignored.
 */
export function bankArithmetic(shape: readonly number[], options: KernelOptions): Arithmetic {
  const { stride, dilation, groups = 1 } = options
  const algorithm = options.algorithm === 'direct' ? options.algorithm : 'auto'
  const filters = Math.ceil(shape[0]! / groups) * groups
  const input = [shape[1]! * groups, ...large]
  const size = [filters, ...shape.slice(1)]
  const choice = bankAlgorithm(
    correlationOver(2, input, size, { stride, dilation, groups, padding: 'full', algorithm }),
  )
  return choice.algorithm === 'direct' ? { ...arithmetics.bank, reason: choice.reason } : choice
}

/** The error for a bank [O,C/groups,…] made for another number of channels than the picture has. */
export function otherChannels(
  shape: readonly number[],
  channels: number,
  groups: number,
  seen: number,
): ConvoError {
  const many = (n: number) => `${n} channel${n === 1 ? '' : 's'}`
  const needed =
    groups === 1 ? many(channels) : `${channels} channels in ${groups} groups: ${many(channels / groups)}`
  const fits = groups === 1 && channels % seen === 0 && shape[0]! % (channels / seen) === 0
  const fix =
    seen === 1 && channels === 3 && shape.length === 4
      ? '--gray'
      : seen === 1 && shape.length === 5
        ? 'a kernel [kD,kH,kW], which is applied to each channel'
        : fits
          ? `--groups ${channels / seen}`
          : undefined
  return new ConvoError('E_SHAPE', `the kernel is for ${many(seen)}, but the picture has ${needed}`, {
    why: `the kernel is ${showShape(shape)}`,
    ...(fix !== undefined && { fix }),
  })
}

/**
 * Returns the border and fill value: how the picture is extended beyond its edges.
 *
 * @throws ConvoError E_OPTION for a fill value with another border than constant
 */
export function outsideOf(
  kernel: Kernel,
  options: BankOptions,
): { readonly border: BorderName; readonly fill: number } {
  const asked = options.border ?? (kernel.border === undefined ? undefined : borderName(kernel.border))
  const border = asked ?? options.usual
  checkFill(border, options.fill)
  return { border, fill: Math.fround(((options.fill ?? 0) * options.full) / 255) }
}

/** Returns the position of the tap that is on the output sample, after the kernel was rotated. */
function anchorOf({ weight, kernel }: Bank, options: BankOptions): readonly [y: number, x: number] {
  // Uses the shape of the bank: a colour matrix is a kernel of rank 2 too, but its rows and columns are channels.
  const [kH, kW] = planeSize(weight.shape)
  if (options.anchor === undefined) return kernel.anchor ?? [Math.floor(kH / 2), Math.floor(kW / 2)]
  const [y, x] = options.anchor
  checkAskedAnchor(options.anchor, weight.shape)
  return options.flip === true ? [kH - 1 - y, kW - 1 - x] : [y, x]
}

/** What is applied to the sums of a bank: an optional division for each filter, then an optional bias. */
export type Finish = { readonly scale: Float32Array | undefined; readonly bias: Float32Array | undefined }

/**
 * Works out the scale and bias of a bank. `gain` is what --normalize divides the sums of the weights by: 1, or for a
 * transposed kernel the number of phases, which share the weights.
 */
export function finishOf({ weight, kernel }: Bank, filters: number, options: BankOptions, gain = 1): Finish {
  const own = options.scale ?? kernel.scale
  const scale = options.normalize === true ? sums(weight, filters, gain) : new Float32Array(filters).fill(own)
  const asked = typeof options.bias === 'object' ? ownBias(options.bias, filters) : options.bias
  const level = (f: number) =>
    typeof asked === 'object' ? asked[f]! : (asked ?? kernel.offset + (kernel.bias?.[f] ?? 0))
  const bias = Float32Array.from({ length: filters }, (_, f) => (level(f) * options.full) / 255)
  return {
    scale: scale.every((s) => s === 1) ? undefined : scale,
    bias: bias.every((b) => b === 0) ? undefined : bias,
  }
}

/** Checks that there is a bias for each filter. @throws ConvoError E_SHAPE for another count */
function ownBias(bias: readonly number[], filters: number): readonly number[] {
  if (bias.length === filters) return bias
  const what = `--bias has ${counted(bias.length, 'number')} for ${counted(filters, 'output channel')}`
  throw new ConvoError('E_SHAPE', what, { fix: 'one number for each output channel, or one for all' })
}

/** Returns the sum of the weights of each filter divided by `gain`, or 1 if it is 0. */
function sums(weight: Tensor, filters: number, gain: number): Float32Array {
  const size = weight.data.length / filters
  return Float32Array.from({ length: filters }, (_, f) => {
    const sum = weight.data.subarray(f * size, (f + 1) * size).reduce((a, b) => a + b, 0) / gain
    return sum === 0 ? 1 : sum
  })
}

/** Divides each channel by its scale and adds its bias; rounds after every step. */
export const finished = async (engine: Engine, x: Tensor, { scale, bias }: Finish): Promise<Tensor> =>
  scale === undefined && bias === undefined ? x : engine.layer('affine', [x], { scale, bias })

/**
 * The error for a kernel of the wrong rank. It lists the ranks that the operator takes and suggests conv3d for rank 5.
 */
export function wrongRank(
  operator: string,
  { shape }: Kernel,
  takes: string,
  detail: ErrorDetail = shape.length === 5 ? { instead: [operator, 'conv3d'] } : {},
): ConvoError {
  const message = `${operator} takes kernels of ${takes}, got ${showShape(shape)}`
  return new ConvoError('E_KERNEL_SHAPE', message, detail)
}

/** Refuses an algorithm that only kernels of rank 2 have. @throws ConvoError E_OPTION */
export function refuseAlgorithm(operator: string, { algorithm }: KernelOptions): void {
  if (algorithm !== 'separable' && algorithm !== 'fft') return
  const what = `--algorithm ${algorithm} applies to kernels of rank 2, and ${operator} has a bank`
  throw new ConvoError('E_OPTION', what, { fix: '--algorithm direct' })
}

/** Refuses groups for a kernel that is applied to each channel. @throws ConvoError E_OPTION */
export function refuseGroups({ groups }: { readonly groups?: number | undefined }): void {
  if (groups === undefined) return
  const why = 'needs a bank of filters, but this kernel is applied to each channel'
  throw new ConvoError('E_OPTION', `--groups ${groups} ${why}`, { fix: 'no --groups' })
}

/** Refuses shared options that would have no effect. @throws ConvoError E_OPTION naming the first of them */
export function refuseOptions(
  settings: KernelOptions,
  names: readonly (keyof KernelOptions)[],
  why: string,
): void {
  const given = names.find((name) => settings[name] !== undefined && settings[name] !== false)
  if (given !== undefined) throw new ConvoError('E_OPTION', `--${given} ${why}`)
}

/** The error for a setting, `name` or `name value`, that cannot be used with --kernel. */
export const notWithKernel = (setting: string): ConvoError =>
  new ConvoError('E_OPTION', `--${setting} and --kernel cannot be used together`, {
    fix: `no --${setting.split(' ')[0]}`,
  })

/** Parses whole numbers of at least `least`: one for all axes, or one for each. */
export const perSide = (
  summary: string,
  least: number,
  axes: '<n>|<y,x>' | '<n>|<z,y,x>' | '<n>|<y,x>|<z,y,x>',
) => numbers(summary, axes, { min: 1, max: axes.includes('z') ? 3 : 2 }, { min: least, whole: true })

/** The same as `perSide`, with the default `usual`, which is `least` if omitted. */
export const sides = (
  summary: string,
  least: number,
  usual = least,
  axes: Parameters<typeof perSide>[2] = '<n>|<y,x>',
) => ({
  ...perSide(summary, least, axes),
  default: [usual] as readonly number[],
})

/** Makes a pair from the one or two numbers of an option. */
export const pair = ([y, x]: readonly number[]): readonly [y: number, x: number] => [y!, x ?? y!]

/**
 * Returns depth, rows and columns from one number for all, two for rows and columns (the depth is then `neutral`), or
 * three.
 */
export const triple = (
  [a, b, c]: readonly number[],
  neutral: number,
): readonly [z: number, y: number, x: number] =>
  c === undefined && b !== undefined ? [neutral, a!, b] : [a!, b ?? a!, c ?? a!]

/** Returns rows and columns. @throws ConvoError E_OPTION for three numbers, because a picture has no depth */
export function flatPair(list: readonly number[]): readonly [y: number, x: number] {
  if (list.length !== 3) return pair(list)
  throw new ConvoError('E_OPTION', `${list.join()} are numbers for a volume, but the input is a picture`, {
    fix: `${list[1]},${list[2]}`,
  })
}
