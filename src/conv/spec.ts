import { asConvoError, awaiting, ConvoError, mismatch } from '../error.ts'
import { checkLimit } from '../limits.ts'
import { checkOptions } from '../params.ts'
import { type BorderAlias, type BorderName, borderName } from '../tensor/border.ts'
import { isPending, sizeOf, Tensor } from '../tensor/tensor.ts'
import { describe } from '../text/describe.ts'
import {
  type AxisChoice,
  type Correlation,
  checkOutput,
  correlationAxis,
  flatAxis,
  type Padding,
  type Transposition,
  transposedAxis,
} from './geometry.ts'

/** One number for all axes, or one for each, in the order (depth,) row, column. */
export type PerAxis = number | readonly number[]

/** Padding: a number, one per axis, `[[before, after], ...]`, or a rule. */
export type PaddingOption =
  | PerAxis
  | readonly (readonly [before: number, after: number])[]
  | 'same'
  | 'valid'
  | 'full'

/** How the padding is filled, by any name of a border: PyTorch's, NumPy's or that of `--border`. */
export type PaddingMode = BorderName | BorderAlias

/** One number for each output channel, added last. */
export type Bias = Tensor | Float32Array | readonly number[]

/** The options of the convolutions. The defaults are PyTorch's: stride 1, no padding, dilation 1, one group, zeros. */
export type ConvOptions = {
  /** Added to every sample of an output channel: one number for each. Default: 0. */
  readonly bias?: Bias | undefined
  /** The number of samples from one place of the kernel to the next, whole, at least 1. Default: 1. */
  readonly stride?: PerAxis | undefined
  /**
   * The number of samples added around the input, whole, at least 0. `same`: the output has the size of the input,
   * divided by the stride; `valid`: none; `full`: every tap meets every sample. Default: 0.
   */
  readonly padding?: PaddingOption | undefined
  /** The number of samples from one tap to the next, whole, at least 1. Default: 1. */
  readonly dilation?: PerAxis | undefined
  /**
   * The number of groups of channels that are convolved separately. It must divide the input and the output channels.
   * Default: 1.
   */
  readonly groups?: number | undefined
  /** How the samples of the padding are filled. Default: `zeros`. */
  readonly paddingMode?: PaddingMode | undefined
  /** `direct`: every sum is computed exactly as in the formula, even if fewer products would do. Default: `auto`. */
  readonly algorithm?: 'auto' | 'direct' | undefined
}

/** The options of the transposed convolutions. */
export type TransposeOptions = Pick<ConvOptions, 'bias' | 'dilation' | 'groups'> & {
  /** The number of output samples from one input sample to the next, whole, at least 1. Default: 1. */
  readonly stride?: PerAxis | undefined
  /** The number of samples removed from each edge of the output, whole, at least 0. Default: 0. */
  readonly padding?: PerAxis | readonly (readonly [before: number, after: number])[] | undefined
  /**
   * The number of samples added at the end of the output, whole, at least 0, less than the stride or the dilation.
   * Default: 0.
   */
  readonly outputPadding?: PerAxis | undefined
}

/** The options of both kinds of convolutions. */
const common = ['bias', 'stride', 'padding', 'dilation', 'groups'] as const

/** The axes other than channels, in order. */
export const axisNames = ['depth', 'height', 'width'] as const

/**
 * Checks the arguments of a 2-D (`spatial` 2) or 3-D convolution and determines every number of it.
 *
 * @throws ConvoError E_ARGUMENT, E_SHAPE; the message names the argument and the numbers
 */
export function correlationOf(spatial: 2 | 3, x: Tensor, weight: Tensor, options: ConvOptions): Correlation {
  checkOptions(options, `conv${spatial}d`, [...common, 'paddingMode', 'algorithm'])
  checkAlgorithm(options.algorithm)
  checkRank('x', x, spatial + 1, spatial === 2 ? '[C,H,W]' : '[C,D,H,W]')
  checkTensor('weight', weight)
  return correlationOver(spatial, x.shape, weight.shape, options)
}

/** @throws ConvoError E_ARGUMENT for anything but a way to compute sums */
export function checkAlgorithm(algorithm: unknown): void {
  if (algorithm === undefined || algorithm === 'auto' || algorithm === 'direct') return
  throw mismatch('algorithm must be "auto" or "direct"', algorithm)
}

/**
 * Does the same as `correlationOf`, over tensors whose shapes are known. The shape of x must be of the right rank.
 *
 * @throws ConvoError as `correlationOf` does
 */
export function correlationOver(
  spatial: 2 | 3,
  shape: readonly number[],
  weight: readonly number[],
  options: ConvOptions,
): Correlation {
  checkLength('weight', weight, spatial + 2, spatial === 2 ? '[O,C/groups,kH,kW]' : '[O,C/groups,kD,kH,kW]')
  const channels = shape[0]!
  const filters = weight[0]!
  const groups = wholeAtLeast('groups', options.groups ?? 1, 1)
  const fitting = channels / weight[1]!
  const isFitting = fitting > 1 && Number.isInteger(fitting) && filters % fitting === 0
  checkGroups(groups, channels, 'input channels', isFitting ? `--groups ${fitting}` : undefined)
  checkGroups(groups, filters, 'filters (output channels)')
  if (weight[1] !== channels / groups) {
    throw new ConvoError(
      'E_SHAPE',
      `weight has ${weight[1]} channels per filter, x has ${channels} channels in ${groups} group${groups === 1 ? '' : 's'}: ${channels / groups} are needed`,
      { why: `x [${shape.join(',')}], weight [${weight.join(',')}]; weight must be [O, C/groups, ...]` },
    )
  }
  const border = borderOf(options.paddingMode ?? 'zeros')
  const choices = axisChoices(spatial, options)
  const axes = choices.map((choice, i) => {
    const name = axisNames[i + 3 - spatial]!
    const input = shape[i + 1]!
    const axis = correlationAxis(name, input, weight[i + 2]!, choice)
    checkFold(border, name, input, axis.before, axis.after)
    return axis
  })
  checkOutput(filters, axes)
  const found = { channels, filters, groups, axes: threeAxes(axes), border, fill: 0 }
  // always direct for volumes: most are too deep for the other algorithm, and a slice must have the same bits alone
  return spatial === 3 || options.algorithm === 'direct' ? { ...found, algorithm: 'direct' } : found
}

/**
 * Checks the arguments of a transposed convolution and determines every number of it.
 *
 * @throws ConvoError E_ARGUMENT, E_SHAPE
 */
export function transpositionOf(
  spatial: 2 | 3,
  x: Tensor,
  weight: Tensor,
  options: TransposeOptions,
): Transposition {
  checkOptions(options, `convTranspose${spatial}d`, [...common, 'outputPadding'])
  checkRank('x', x, spatial + 1, spatial === 2 ? '[C,H,W]' : '[C,D,H,W]')
  checkRank('weight', weight, spatial + 2, spatial === 2 ? '[C,O/groups,kH,kW]' : '[C,O/groups,kD,kH,kW]')
  const channels = x.shape[0]!
  const groups = wholeAtLeast('groups', options.groups ?? 1, 1)
  checkGroups(groups, channels, 'input channels')
  if (weight.shape[0] !== channels) {
    throw new ConvoError('E_SHAPE', `weight is for ${weight.shape[0]} input channels, x has ${channels}`, {
      why: `x ${show(x)}, weight ${show(weight)}; a transposed weight is [C, O/groups, ...]`,
    })
  }
  const outputPadding = perAxis('outputPadding', options.outputPadding ?? 0, spatial, 0)
  const axes = axisChoices(spatial, options).map((choice, i) => {
    if (typeof choice.padding === 'string') {
      const what = `padding of a transposed convolution must be numbers, got "${choice.padding}"`
      throw new ConvoError('E_ARGUMENT', what)
    }
    const { stride, dilation, padding } = choice
    const one = { stride, dilation, padding, outputPadding: outputPadding[i]! }
    return transposedAxis(axisNames[i + 3 - spatial]!, x.shape[i + 1]!, weight.shape[i + 2]!, one)
  })
  const filters = weight.shape[1]! * groups
  checkOutput(filters, axes)
  const phases = axes.reduce((product, { stride, output }) => product * Math.min(stride, output), 1)
  checkLimit('phases', phases, `a stride of ${axes.map((a) => a.stride).join('x')}`)
  return { channels, filters, groups, axes: threeAxes(axes) }
}

/**
 * Returns the bias as float32, one number for each of `filters`, or undefined. @throws ConvoError E_SHAPE, E_ARGUMENT
 */
export function biasOf(bias: Bias | undefined, filters: number): Float32Array | undefined {
  if (bias === undefined) return undefined
  const values = bias instanceof Tensor ? checkTensor('bias', bias).data : floatsOf('bias', bias)
  if (values.length !== filters) {
    throw new ConvoError('E_SHAPE', `bias has ${values.length} numbers for ${filters} output channels`)
  }
  return values
}

/**
 * Returns a list of numbers as float32. The numbers of a plain list must be finite in float32; a Float32Array is copied
 * unchecked.
 *
 * @throws ConvoError E_ARGUMENT
 */
export function floatsOf(name: string, list: unknown): Float32Array {
  if (list instanceof Float32Array) return list.slice()
  if (!Array.isArray(list) && !(list instanceof Float64Array)) {
    throw mismatch(`${name} must be a tensor, a Float32Array or a list of numbers`, list)
  }
  const values: readonly unknown[] = Array.from(list as ArrayLike<unknown>)
  const bad = values.findIndex((v) => typeof v !== 'number' || !Number.isFinite(Math.fround(v)))
  if (bad < 0) return Float32Array.from(values as readonly number[])
  const what = `${name} must hold finite float32 numbers only, got ${describe(values[bad])} at index ${bad}`
  throw new ConvoError('E_ARGUMENT', what, { fix: awaiting(values) })
}

/** Returns stride, dilation and padding of each axis. @throws ConvoError E_ARGUMENT */
export function axisChoices(
  spatial: number,
  options: Pick<ConvOptions, 'stride' | 'dilation' | 'padding'>,
): AxisChoice[] {
  const stride = perAxis('stride', options.stride ?? 1, spatial, 1)
  const dilation = perAxis('dilation', options.dilation ?? 1, spatial, 1)
  const padding = paddingPerAxis(options.padding ?? 0, spatial)
  return stride.map((s, i) => ({ stride: s, dilation: dilation[i]!, padding: padding[i]! }))
}

/** Returns one whole number for each axis. @throws ConvoError E_ARGUMENT */
export function perAxis(name: string, value: PerAxis, spatial: number, least: number): number[] {
  const list = typeof value === 'number' ? Array.from({ length: spatial }, () => value) : value
  if (!Array.isArray(list) || list.length !== spatial) {
    throw mismatch(`${name} must be a number or ${spatial} numbers`, value)
  }
  return Array.from(list, (n: unknown) => wholeAtLeast(name, n, least))
}

function paddingPerAxis(padding: PaddingOption, spatial: number): Padding[] {
  if (typeof padding === 'string') {
    if (padding !== 'same' && padding !== 'valid' && padding !== 'full') {
      throw mismatch(`padding must be numbers, 'same', 'valid' or 'full'`, padding)
    }
    return Array.from({ length: spatial }, () => padding)
  }
  if (Array.isArray(padding) && padding.some(Array.isArray)) {
    if (padding.length !== spatial || !Array.from(padding).every((p) => Array.isArray(p) && p.length === 2)) {
      throw mismatch(`padding must be ${spatial} pairs [before, after]`, padding)
    }
    return (padding as readonly (readonly [number, number])[]).map(([before, after]) => [
      wholeAtLeast('padding', before, 0),
      wholeAtLeast('padding', after, 0),
    ])
  }
  return perAxis('padding', padding as PerAxis, spatial, 0).map((p) => [p, p])
}

/** Returns the border for a padding mode. @throws ConvoError E_ARGUMENT */
function borderOf(mode: unknown): BorderName {
  const wrong = 'paddingMode must be one of zeros, reflect, replicate, circular, symmetric'
  if (typeof mode !== 'string') throw mismatch(wrong, mode)
  try {
    return borderName(mode)
  } catch (error) {
    const { message, why, fix } = asConvoError(error)
    throw mismatch(wrong, mode, { why: [message, ...why], fix })
  }
}

/** Applies PyTorch's limits: reflect needs less padding than the size of the input, wrap at most the size. */
function checkFold(mode: BorderName, axis: string, input: number, before: number, after: number): void {
  const limit = mode === 'reflect' ? input - 1 : mode === 'wrap' ? input : Number.POSITIVE_INFINITY
  const most = Math.max(before, after)
  if (most > limit) {
    throw new ConvoError(
      'E_ARGUMENT',
      `padding ${most} is too large for paddingMode ${mode} in ${axis}: an input of ${input} allows at most ${limit}`,
    )
  }
}

/** Returns a value that must be a whole number of at least `least`. @throws ConvoError E_ARGUMENT */
export function wholeAtLeast(name: string, value: unknown, least: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw mismatch(`${name} must be a whole number of at least ${least}`, value)
  }
  return value
}

/** @throws ConvoError E_ARGUMENT for anything but true and false */
export function checkFlag(name: string, value: unknown): void {
  if (typeof value === 'boolean') return
  throw mismatch(`${name} must be true or false`, value)
}

/** @throws ConvoError E_ARGUMENT; E_SHAPE if the tensor has another number of axes */
export function checkRank(name: string, tensor: Tensor, rank: number, layout: string): void {
  checkLength(name, checkTensor(name, tensor).shape, rank, layout)
}

function checkLength(name: string, shape: readonly number[], rank: number, layout: string): void {
  if (shape.length !== rank)
    throw new ConvoError('E_SHAPE', `${name} must have rank ${rank}, ${layout}, got [${shape.join(',')}]`)
}

/**
 * Returns the tensor itself. @throws ConvoError E_ARGUMENT for anything else, and for a tensor whose data was
 * transferred away
 */
export function checkTensor(name: string, tensor: unknown): Tensor {
  if (tensor instanceof Tensor && isPending(tensor)) return tensor
  if (!(tensor instanceof Tensor) || !(tensor.data instanceof Float32Array))
    throw mismatch(`${name} must be a Tensor`, tensor)
  if (tensor.data.length === sizeOf(tensor.shape)) return tensor
  throw new ConvoError('E_ARGUMENT', `${name} has lost its data: ${tensor.data.length} samples remain`, {
    why: 'its buffer was transferred or resized',
    fix: 'copy it before the transfer',
  })
}

function checkGroups(groups: number, count: number, what: string, fix?: string): void {
  if (count % groups !== 0) {
    const allowed = Array.from({ length: count }, (_, i) => i + 1).filter((n) => count % n === 0)
    throw new ConvoError('E_SHAPE', `groups ${groups} do not divide the ${count} ${what}`, {
      why: `possible numbers of groups: ${allowed.join(', ')}`,
      fix,
    })
  }
}

const threeAxes = <A>(axes: readonly A[]): [A, A, A] =>
  (axes.length === 2 ? [flatAxis as A, axes[0]!, axes[1]!] : [axes[0]!, axes[1]!, axes[2]!]) as [A, A, A]

const show = (t: Tensor): string => `[${t.shape.join(',')}]`
